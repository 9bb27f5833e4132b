// A sequence as SVG: a column per participant, a line per step.
#include <algorithm>

#include "tracing/chains/chain_sequence.hpp"
#include "tracing/chains/drawn_text.hpp"
#include "tracing/chains/svg_canvas.hpp"

namespace outrider::tracing {
namespace {

using step_kind = drawn_sequence::step_kind;
using anchor = svg_canvas::anchor;

constexpr double margin = 16, time_width = 76, head_height = 30, step_height = 34, narrowest = 90, widest_gap = 420;
constexpr double bar_width = 8;

class sequence_picture {
  public:
    explicit sequence_picture(const drawn_sequence& what) : what_(what) {}

    std::string draw() && {
        place_columns();
        const auto top = margin + head_height + 14;
        const auto bottom = top + static_cast<double>(what_.steps.size()) * step_height + 6;
        draw_heads(bottom);
        draw_bars(top, bottom);
        for (std::size_t i = 0; i < what_.steps.size(); ++i)
            draw_step(what_.steps[i], top + (static_cast<double>(i) + 0.7) * step_height);
        auto y = bottom + 22;
        for (const auto* text : {&what_.left_out, &what_.title}) {
            if (text->empty()) continue;
            canvas_.text(margin, y, *text, text == &what_.title ? "strong" : "soft");
            width_ = std::max(width_, 2 * margin + svg_width(*text, true));
            y += 20;
        }
        return std::move(canvas_).finish(width_, y, what_.title);
    }

  private:
    double x_of(std::size_t participant) const { return columns_[participant]; }

    // Columns are as far apart as their heads and what stands between neighbours needs.
    void place_columns() {
        const auto count = what_.participants.size();
        std::vector<double> gaps(count, narrowest), half(count);
        for (std::size_t i = 0; i < count; ++i) half[i] = svg_width(what_.participants[i].name, true) / 2 + 20;
        for (std::size_t i = 0; i + 1 < count; ++i) gaps[i] = std::max(gaps[i], half[i] + half[i + 1] + 12);
        double behind = half.empty() ? 0 : half.back();
        for (const auto& step : what_.steps) {
            const auto wide = svg_width(step.text) + 26;
            const auto low = std::min(step.from, step.to), high = std::max(step.from, step.to);
            if (step.kind == step_kind::note || step.kind == step_kind::inside) {
                const auto needs = step.kind == step_kind::note ? wide / 2 + 8 : wide + 20;
                if (low + 1 < count) {
                    gaps[low] = std::max(gaps[low], std::min(needs, widest_gap));
                } else {
                    behind = std::max(behind, needs);
                }
                if (step.kind == step_kind::note && low > 0)
                    gaps[low - 1] = std::max(gaps[low - 1], std::min(needs, widest_gap));
                continue;
            }
            const auto each = std::min(wide, widest_gap) / static_cast<double>(std::max<std::size_t>(1, high - low));
            for (auto i = low; i < high; ++i) gaps[i] = std::max(gaps[i], each);
        }
        auto x = margin + time_width + (half.empty() ? 0 : std::max(half.front(), note_room()));
        for (std::size_t i = 0; i < count; ++i) {
            columns_.push_back(x);
            x += gaps[i];
        }
        width_ = (columns_.empty() ? margin : columns_.back() + behind) + margin;
    }

    double note_room() const {
        double room = 0;
        for (const auto& step : what_.steps)
            if (step.kind == step_kind::note && step.from == 0) room = std::max(room, svg_width(step.text) / 2 + 12);
        return std::min(room, widest_gap);
    }

    void draw_heads(double bottom) {
        for (std::size_t i = 0; i < what_.participants.size(); ++i) {
            const auto& who = what_.participants[i];
            const auto wide = svg_width(who.name, true) + (who.kind == place_kind::topic ? 36 : 24),
                       x = x_of(i) - wide / 2;
            canvas_.line(x_of(i), margin + head_height, x_of(i), bottom, "life");
            if (who.kind == place_kind::topic) {
                canvas_.cylinder(x, margin, wide, head_height, "topic");
            } else {
                canvas_.rect(x, margin, wide, head_height,
                             who.kind == place_kind::service    ? "service"
                             : who.kind == place_kind::external ? "external"
                                                                : "outside",
                             who.kind == place_kind::service ? 4 : 15);
            }
            canvas_.text(x_of(i) - (who.kind == place_kind::topic ? 4 : 0), margin + 19, who.name, "strong",
                         anchor::middle);
        }
    }

    // While somebody owes an answer.
    void draw_bars(double top, double bottom) {
        std::vector<std::vector<double>> since(what_.participants.size());
        const auto bar = [&](std::size_t who, double until) {
            const auto shift = static_cast<double>(std::min<std::size_t>(since[who].size() - 1, 6)) * 3;
            canvas_.rect(x_of(who) - bar_width / 2 + shift, since[who].back(), bar_width, until - since[who].back(),
                         "active", 1);
            since[who].pop_back();
        };
        for (std::size_t i = 0; i < what_.steps.size(); ++i) {
            const auto& step = what_.steps[i];
            const auto y = top + (static_cast<double>(i) + 0.7) * step_height;
            if (step.kind == step_kind::call) since[step.to].push_back(y);
            const bool ends = step.kind == step_kind::answer || step.kind == step_kind::lost;
            if (ends && !since[step.from].empty()) bar(step.from, y);
        }
        for (std::size_t who = 0; who < since.size(); ++who)
            while (!since[who].empty()) bar(who, bottom);
    }

    void draw_step(const drawn_sequence::step& step, double y) {
        canvas_.text(margin + time_width - 14, y + 4, "+" + time_text(step.offset_ns), "soft", anchor::end);
        const std::string_view words = step.bad ? "badtext under" : "under";
        const auto from = x_of(step.from), to = x_of(step.to);
        if (step.kind == step_kind::note) {
            const auto wide = svg_width(step.text) + 16;
            canvas_.rect(from - wide / 2, y - 16, wide, 22, step.bad ? "badnote" : "note", 3);
            canvas_.text(from, y - 1, step.text, step.bad ? "badtext" : "soft", anchor::middle);
            return;
        }
        std::string kind = step.bad ? "bad" : "edge";
        if (step.inferred) kind += " inferred";
        if (step.kind == step_kind::answer || step.kind == step_kind::lost) kind += " answer";
        if (step.from == step.to) {
            const auto right = svg_canvas::number(from + 26);
            canvas_.path("M" + svg_canvas::number(from + 4) + " " + svg_canvas::number(y - 8) + "H" + right + "V" +
                             svg_canvas::number(y + 4) + "H" + svg_canvas::number(from + 6),
                         kind, true);
            canvas_.text(from + 32, y + 2, step.text, words);
            return;
        }
        const auto side = to > from ? 1.0 : -1.0;
        const auto end = step.kind == step_kind::lost ? to - side * 26 : to - side * 5;
        canvas_.line(from + side * 5, y, end, y, kind, step.kind != step_kind::lost);
        if (step.kind == step_kind::lost) {
            canvas_.line(end - 5, y - 5, end + 5, y + 5, "bad");
            canvas_.line(end - 5, y + 5, end + 5, y - 5, "bad");
        }
        canvas_.text((from + to) / 2, y - 6, step.text, words, anchor::middle);
    }

    const drawn_sequence& what_;
    svg_canvas canvas_;
    std::vector<double> columns_;
    double width_ = 0;
};

}  // namespace

std::string sequence_svg(const drawn_sequence& sequence) { return sequence_picture{sequence}.draw(); }

}  // namespace outrider::tracing
