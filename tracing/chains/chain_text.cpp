// Draws chains. A line is: label (tree, service, name, status), duration, offset, bar.
#include <algorithm>

#include "tracing/chains/chain.hpp"
#include "tracing/chains/chain_analysis.hpp"
#include "tracing/chains/chain_summary.hpp"
#include "tracing/chains/drawn_text.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/terminal_text.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t time_width = 9, widest_bar = 24, narrowest_bar = 8, narrowest_label = 24;
constexpr std::size_t name_limit = 200;  // bytes of one name that are worth looking at
constexpr std::size_t gap_width = 2;

/// The characters that a tree is drawn with.
struct glyphs {
    std::string_view branch, last_branch, line, space, arrow, deep, block, beside, waiting, edge;
};

constexpr glyphs unicode_glyphs{"├─ ", "└─ ", "│  ", "   ", " → ", "… ", "█", "▒", "░", "│"};
constexpr glyphs ascii_glyphs{"|- ", "`- ", "|  ", "   ", " -> ", ".. ", "#", "=", "-", "|"};

const glyphs& glyphs_of(const chain_style& style) { return style.ascii ? ascii_glyphs : unicode_glyphs; }

/// What stands at the beginning of a line: a name in its place in the tree, and a remark on it.
struct row_label {
    std::string name, remark, brief{};  ///< brief: the remark where there is little room
};

/// Draws one chain.
class chain_drawing {
  public:
    chain_drawing(const chain& what, const chain_analysis& known, const chain_style& style)
        : chain_(what), known_(known), style_(style), draw_(glyphs_of(style)), on_path_(what.rows.size()) {
        for (const auto& stretch : known.critical) on_path_[stretch.row].push_back(stretch.when);
    }

    void append_to(std::string& out) {
        append_head(out);
        auto shown = style_.max_rows == 0 ? chain_.rows.size() : std::min(style_.max_rows, chain_.rows.size());
        std::vector<row_label> labels;
        labels.reserve(shown);
        for (std::size_t i = 0; i < shown; ++i) labels.push_back(label(chain_.rows[i]));
        measure(labels);
        for (std::size_t i = 0; i < shown; ++i) append_row(out, i, labels[i]);
        if (shown < chain_.rows.size()) out.append(plural(chain_.rows.size() - shown, "more line")).append("\n");
        if (skewed_) out += "* starts before its parent: the clocks of the two services differ\n";
        append_summary(out, chain_, known_, {style_.width, style_.ascii});
    }

  private:
    std::string clean(std::string_view text) const {
        std::string start;
        append_utf8(start, text, name_limit);
        return printable(start, style_.ascii);
    }

    void append_head(std::string& out) const {
        out.append("trace ").append(chain_.trace.hex());
        if (!chain_.linked.empty()) out.append(" and ").append(std::to_string(chain_.linked.size())).append(" linked");
        out += "   ";
        out.append(plural(chain_.services, "service")).append(", ").append(plural(chain_.spans, "span"));
        out.append(", ").append(time_text(chain_.end_unix_ns - chain_.start_unix_ns, style_.ascii));
        if (chain_.errors != 0) out.append(", ").append(plural(chain_.errors, "error"));
        if (const auto gaps = known_.gaps(); gaps != 0) out.append(", ").append(plural(gaps, "gap"));
        if (chain_.duplicates != 0) out.append(", ").append(plural(chain_.duplicates, "duplicate")).append(" left out");
        out += '\n';
    }

    // The lines that lead to a row. Below half of the width they would leave no room: then the depth is told in digits.
    std::string lead(const chain_row& row) {
        open_.resize(row.depth + 1, false);
        open_[row.depth] = !row.last;
        if (row.depth == 0) return {};
        if (3 * row.depth > style_.width / 2) return std::string{draw_.deep} + std::to_string(row.depth) + " ";
        std::string text;
        for (std::size_t level = 1; level < row.depth; ++level) text += open_[level] ? draw_.line : draw_.space;
        return text.append(row.last ? draw_.last_branch : draw_.branch);
    }

    row_label label(const chain_row& row) {
        auto text = lead(row);
        if (row.join == chain_join::queue)
            return {text + (row.topic.empty() ? "(queue)" : "(queue " + clean(row.topic) + ")"), {}};
        if (row.span == nullptr) return {text + "(span " + row.missing.hex() + " was not received)", {}};
        text += clean(service_of(*row.span));
        if (!row.peer.empty()) text.append(draw_.arrow).append(clean(row.peer));
        text.append("  ").append(clean(row.span->name));
        if (auto status = status_text(*row.span); !status.empty()) text.append("  ").append(clean(status));
        return {std::move(text), remark(row, false), remark(row, true)};
    }

    // How the row came to hang where it does, and what is wrong with it.
    std::string remark(const chain_row& row, bool brief) const {
        std::string text;
        if (const auto inferred = inferred_link_of(row)) {
            text.append(brief ? " ~" : "  ~ ").append(brief ? std::string{} : clean(inferred->source));
            if (inferred->confidence > 0) text.append(brief ? "" : " ").append(share_text(inferred->confidence));
        } else if (row.join == chain_join::link) {
            text += "  (by link)";
        }
        if (auto fault = text_attribute(row.span->attributes, chain_attributes::fault); !fault.empty())
            text.append("  (").append(clean(fault)).append(")");
        if (row.join == chain_join::cycle) text += "  (its parents form a circle, cut here)";
        return text;
    }

    // Where there is little room the name is cut and the remark is brief: what was inferred must show as such.
    std::string fitted(const row_label& label) const {
        const auto whole = columns(label.name) + columns(label.remark), brief = columns(label.brief);
        if (whole <= label_width_ || 2 * brief > label_width_)
            return fit(label.name + label.remark, label_width_, style_.ascii);
        return fit(label.name, label_width_ - brief, style_.ascii) + label.brief;
    }

    // The bar gives way first, down to nothing, then the label.
    void measure(const std::vector<row_label>& labels) {
        std::size_t widest = 0;
        for (const auto& one : labels) widest = std::max(widest, columns(one.name) + columns(one.remark));
        auto times = 2 * (gap_width + time_width) + 1;
        auto room = style_.width > times + narrowest_label ? style_.width - times : narrowest_label;
        label_width_ = std::min(widest, room);
        auto left = room - label_width_;
        auto bar_frame = gap_width + 2;
        if (left < bar_frame + narrowest_bar && room >= bar_frame + narrowest_bar + 2 * narrowest_label) {
            left = bar_frame + narrowest_bar;
            label_width_ = room - left;
        }
        bar_width_ = left >= bar_frame + narrowest_bar ? std::min(left - bar_frame, widest_bar) : 0;
    }

    void append_row(std::string& out, std::size_t at, const row_label& label) {
        const auto& row = chain_.rows[at];
        auto line = fitted(label);
        if (row.join != chain_join::gap) {
            line.append(gap_width, ' ')
                .append(right_aligned(time_text(row.end_unix_ns - row.start_unix_ns, style_.ascii), time_width));
            line.append(gap_width, ' ').append(right_aligned(offset_text(row.start_unix_ns), time_width));
            line += row.skewed ? '*' : ' ';
            skewed_ = skewed_ || row.skewed;
            if (bar_width_ != 0) append_bar(line, at);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out.append(line).append("\n");
    }

    // A poll may have begun before everything else.
    std::string offset_text(std::uint64_t start) const {
        const bool earlier = start < chain_.start_unix_ns;
        const auto apart = earlier ? chain_.start_unix_ns - start : start - chain_.start_unix_ns;
        return (earlier ? "-" : "+") + time_text(apart, style_.ascii);
    }

    // What the whole chain waited for is drawn solid.
    void append_bar(std::string& line, std::size_t at) const {
        const auto& row = chain_.rows[at];
        const auto total = std::max(1.0, static_cast<double>(chain_.end_unix_ns - chain_.start_unix_ns));
        const auto scale = static_cast<double>(bar_width_) / total;
        const auto cell_of = [&](std::uint64_t at_ns) {
            return static_cast<double>(std::max(at_ns, chain_.start_unix_ns) - chain_.start_unix_ns) * scale;
        };
        const auto first = std::min(static_cast<std::size_t>(cell_of(row.start_unix_ns)), bar_width_ - 1);
        const auto length = static_cast<std::size_t>(cell_of(row.end_unix_ns) - cell_of(row.start_unix_ns) + 0.5);
        const auto last = first + std::clamp<std::size_t>(length, 1, bar_width_ - first);
        std::vector<std::string_view> bar(bar_width_, " ");
        const auto paint = [&](std::size_t from, std::size_t to, std::string_view with) {
            for (auto i = from; i < to; ++i) bar[i] = with;
        };
        paint(first, last, row.span == nullptr ? draw_.waiting : draw_.beside);
        const auto shift = row.start_unix_ns - known_.times[at].start;  // the bar is drawn by the row's own clock
        for (const auto& stretch : on_path_[at]) {
            if (row.span == nullptr) break;
            const auto from = std::clamp(static_cast<std::size_t>(cell_of(stretch.start + shift)), first, last - 1);
            paint(from, std::clamp(static_cast<std::size_t>(cell_of(stretch.end + shift) + 0.5), from + 1, last),
                  draw_.block);
        }
        line.append(gap_width - 1, ' ').append(draw_.edge);
        for (auto cell : bar) line += cell;
        line.append(draw_.edge);
    }

    const chain& chain_;
    const chain_analysis& known_;
    const chain_style& style_;
    const glyphs& draw_;
    std::vector<std::vector<time_range>> on_path_;  ///< of each row
    std::vector<bool> open_;                        ///< per depth: siblings are still to come
    std::size_t label_width_ = 0, bar_width_ = 0;
    bool skewed_ = false;
};

}  // namespace

std::string chain_text(std::span<const chain> chains, const chain_style& style, const analysis_options& options) {
    auto how = options;
    how.ascii = style.ascii;
    std::string out;
    for (const auto& one : chains) {
        if (!out.empty()) out += '\n';
        const auto known = analyze(one, how);
        chain_drawing{one, known, style}.append_to(out);
    }
    return out;
}

std::string chain_text(std::span<const chain> chains, const chain_style& style) {
    return chain_text(chains, style, analysis_options{});
}

}  // namespace outrider::tracing
