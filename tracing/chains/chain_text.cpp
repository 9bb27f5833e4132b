// Draws chains. A line is: label (tree, service, name, status), duration, offset, bar.
#include <algorithm>
#include <array>
#include <cstdio>

#include "tracing/chains/chain.hpp"
#include "tracing/terminal_text.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t time_width = 9, widest_bar = 24, narrowest_bar = 8, narrowest_label = 24;
constexpr std::size_t name_limit = 200;  // bytes of one name that are worth looking at
constexpr std::size_t gap_width = 2;

/// The characters that a tree is drawn with.
struct glyphs {
    std::string_view branch, last_branch, line, space, arrow, deep, block, waiting, edge, micro;
};

constexpr glyphs unicode_glyphs{"├─ ", "└─ ", "│  ", "   ", " → ", "… ", "█", "░", "│", "µs"};
constexpr glyphs ascii_glyphs{"|- ", "`- ", "|  ", "   ", " -> ", ".. ", "=", "-", "|", "us"};

const glyphs& glyphs_of(const chain_style& style) { return style.ascii ? ascii_glyphs : unicode_glyphs; }

std::string formatted(const char* format, double number, std::string_view unit) {
    std::array<char, 32> text;
    auto size = std::snprintf(text.data(), text.size(), format, number);
    return std::string{text.data(), static_cast<std::size_t>(size)}.append(unit);
}

// Three significant digits, in the unit in which one reads them.
std::string time_text(std::uint64_t ns, const glyphs& draw) {
    auto value = static_cast<double>(ns);
    if (ns == 0) return std::string{"0 "}.append(draw.micro);
    if (ns < 999'500) return formatted(ns < 10'000 ? "%.1f " : "%.0f ", value / 1e3, draw.micro);
    if (ns < 999'500'000)
        return formatted(ns < 9'995'000 ? "%.2f " : ns < 99'950'000 ? "%.1f " : "%.0f ", value / 1e6, "ms");
    if (ns < 60'000'000'000) return formatted(ns < 9'995'000'000 ? "%.2f " : "%.1f ", value / 1e9, "s");
    auto minutes = ns / 60'000'000'000;
    if (minutes < 100) return std::to_string(minutes) + "m " + std::to_string(ns / 1'000'000'000 % 60) + "s";
    auto hours = minutes / 60;
    if (hours < 100) return std::to_string(hours) + "h " + std::to_string(minutes % 60) + "m";
    return std::to_string(hours / 24) + " d";
}

std::string right(const std::string& text, std::size_t width) {
    auto used = columns(text);
    return used >= width ? text : std::string(width - used, ' ') + text;
}

std::string plural(std::size_t count, std::string_view noun) {
    return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

/// Draws one chain.
class chain_drawing {
  public:
    chain_drawing(const chain& what, const chain_style& style) : chain_(what), style_(style), draw_(glyphs_of(style)) {}

    void append_to(std::string& out) {
        append_head(out);
        auto shown = style_.max_rows == 0 ? chain_.rows.size() : std::min(style_.max_rows, chain_.rows.size());
        std::vector<std::string> labels;
        labels.reserve(shown);
        for (std::size_t i = 0; i < shown; ++i) labels.push_back(label(chain_.rows[i]));
        measure(labels);
        for (std::size_t i = 0; i < shown; ++i) append_row(out, chain_.rows[i], labels[i]);
        if (shown < chain_.rows.size()) out.append(plural(chain_.rows.size() - shown, "more line")).append("\n");
        if (skewed_) out += "* starts before its parent: the clocks of the two services differ\n";
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
        out.append(", ").append(time_text(chain_.end_unix_ns - chain_.start_unix_ns, draw_));
        if (chain_.errors != 0) out.append(", ").append(plural(chain_.errors, "error"));
        if (chain_.gaps != 0) out.append(", ").append(plural(chain_.gaps, "gap"));
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

    std::string label(const chain_row& row) {
        auto text = lead(row);
        if (row.join == chain_join::queue)
            return text + (row.topic.empty() ? "(queue)" : "(queue " + clean(row.topic) + ")");
        if (row.span == nullptr) return text + "(span " + row.missing.hex() + " was not received)";
        text += clean(service_of(*row.span));
        if (!row.peer.empty()) text.append(draw_.arrow).append(clean(row.peer));
        text.append("  ").append(clean(row.span->name));
        if (auto status = status_text(*row.span); !status.empty()) text.append("  ").append(clean(status));
        if (row.join == chain_join::link) text += "  (by link)";
        if (row.join == chain_join::cycle) text += "  (its parents form a circle, cut here)";
        return text;
    }

    // The bar gives way first, down to nothing, then the label.
    void measure(const std::vector<std::string>& labels) {
        std::size_t widest = 0;
        for (const auto& one : labels) widest = std::max(widest, columns(one));
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

    void append_row(std::string& out, const chain_row& row, const std::string& text) {
        auto line = fit(text, label_width_, style_.ascii);
        if (row.join != chain_join::gap) {
            line.append(gap_width, ' ')
                .append(right(time_text(row.end_unix_ns - row.start_unix_ns, draw_), time_width));
            line.append(gap_width, ' ').append(right(offset_text(row.start_unix_ns), time_width));
            line += row.skewed ? '*' : ' ';
            skewed_ = skewed_ || row.skewed;
            if (bar_width_ != 0) append_bar(line, row);
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out.append(line).append("\n");
    }

    // A poll may have begun before everything else.
    std::string offset_text(std::uint64_t start) const {
        const bool earlier = start < chain_.start_unix_ns;
        const auto apart = earlier ? chain_.start_unix_ns - start : start - chain_.start_unix_ns;
        return (earlier ? "-" : "+") + time_text(apart, draw_);
    }

    void append_bar(std::string& line, const chain_row& row) const {
        auto total = std::max(1.0, static_cast<double>(chain_.end_unix_ns - chain_.start_unix_ns));
        auto scale = static_cast<double>(bar_width_) / total;
        auto start = std::max(row.start_unix_ns, chain_.start_unix_ns);
        auto from = static_cast<std::size_t>(static_cast<double>(start - chain_.start_unix_ns) * scale);
        auto length =
            static_cast<std::size_t>(static_cast<double>(std::max(start, row.end_unix_ns) - start) * scale + 0.5);
        from = std::min(from, bar_width_ - 1);
        length = std::clamp<std::size_t>(length, 1, bar_width_ - from);
        line.append(gap_width - 1, ' ').append(draw_.edge).append(from, ' ');
        for (std::size_t i = 0; i < length; ++i) line += row.span == nullptr ? draw_.waiting : draw_.block;
        line.append(bar_width_ - from - length, ' ').append(draw_.edge);
    }

    const chain& chain_;
    const chain_style& style_;
    const glyphs& draw_;
    std::vector<bool> open_;  ///< per depth: siblings are still to come
    std::size_t label_width_ = 0, bar_width_ = 0;
    bool skewed_ = false;
};

}  // namespace

std::string chain_text(std::span<const chain> chains, const chain_style& style) {
    std::string out;
    for (const auto& one : chains) {
        if (!out.empty()) out += '\n';
        chain_drawing{one, style}.append_to(out);
    }
    return out;
}

}  // namespace outrider::tracing
