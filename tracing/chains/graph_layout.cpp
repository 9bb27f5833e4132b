#include "tracing/chains/graph_layout.hpp"

#include <algorithm>
#include <numeric>

namespace outrider::tracing {
namespace {

constexpr double layer_gap = 56, box_gap = 22, passing_height = 20;
constexpr int order_sweeps = 8, place_sweeps = 12;

/// A box, or the place where an arrow passes a layer.
struct item {
    std::size_t layer = 0;
    double height = passing_height, width = 0, y = 0;
    std::vector<std::size_t> before{}, behind{};  ///< neighbours in the layers beside
};

class layout {
  public:
    explicit layout(graph_layout& graph) : graph_(graph), items_(graph.boxes.size()) {}

    void run() {
        cut_circles();
        find_layers();
        make_items();
        order();
        place_across();
        place_along();
    }

  private:
    std::size_t source(const graph_layout::arrow& arrow) const { return arrow.backwards ? arrow.to : arrow.from; }
    std::size_t target(const graph_layout::arrow& arrow) const { return arrow.backwards ? arrow.from : arrow.to; }

    // An arrow to a box that is still being explored closes a circle.
    void cut_circles() {
        std::vector<std::vector<std::size_t>> leaving(graph_.boxes.size());
        for (std::size_t i = 0; i < graph_.arrows.size(); ++i) leaving[graph_.arrows[i].from].push_back(i);
        enum class mark { fresh, open, done };
        std::vector<mark> marks(graph_.boxes.size(), mark::fresh);
        for (std::size_t start = 0; start < graph_.boxes.size(); ++start) {
            if (marks[start] != mark::fresh) continue;
            std::vector<std::pair<std::size_t, std::size_t>> open{{start, 0}};  // box, next arrow to look at
            marks[start] = mark::open;
            while (!open.empty()) {
                auto& [box, next] = open.back();
                if (next == leaving[box].size()) {
                    marks[box] = mark::done;
                    open.pop_back();
                    continue;
                }
                auto& arrow = graph_.arrows[leaving[box][next++]];
                arrow.backwards = marks[arrow.to] == mark::open;
                if (marks[arrow.to] != mark::fresh) continue;
                marks[arrow.to] = mark::open;
                open.emplace_back(arrow.to, 0);
            }
        }
    }

    void find_layers() {
        std::vector<std::size_t> waits(graph_.boxes.size());
        std::vector<std::vector<std::size_t>> below(graph_.boxes.size());
        for (const auto& arrow : graph_.arrows) {
            if (arrow.from == arrow.to) continue;
            ++waits[target(arrow)];
            below[source(arrow)].push_back(target(arrow));
        }
        std::vector<std::size_t> ready;
        for (std::size_t i = 0; i < waits.size(); ++i)
            if (waits[i] == 0) ready.push_back(i);
        while (!ready.empty()) {
            const auto box = ready.back();
            ready.pop_back();
            for (auto next : below[box]) {
                items_[next].layer = std::max(items_[next].layer, items_[box].layer + 1);
                if (--waits[next] == 0) ready.push_back(next);
            }
        }
    }

    void make_items() {
        for (std::size_t i = 0; i < graph_.boxes.size(); ++i) {
            items_[i].height = graph_.boxes[i].height;
            items_[i].width = graph_.boxes[i].width;
        }
        passing_.resize(graph_.arrows.size());
        for (std::size_t i = 0; i < graph_.arrows.size(); ++i) {
            const auto& arrow = graph_.arrows[i];
            if (arrow.from == arrow.to) continue;
            auto last = source(arrow);
            for (auto layer = items_[last].layer + 1; layer < items_[target(arrow)].layer; ++layer) {
                items_.emplace_back().layer = layer;
                passing_[i].push_back(items_.size() - 1);
                join(last, items_.size() - 1);
                last = items_.size() - 1;
            }
            join(last, target(arrow));
            if (!passing_[i].empty()) items_[passing_[i][passing_[i].size() / 2]].width = arrow.label_width;
        }
        std::size_t layers = 1;
        for (const auto& one : items_) layers = std::max(layers, one.layer + 1);
        layers_.resize(layers);
        for (std::size_t i = 0; i < items_.size(); ++i) layers_[items_[i].layer].push_back(i);
    }

    void join(std::size_t from, std::size_t to) {
        items_[from].behind.push_back(to);
        items_[to].before.push_back(from);
    }

    // Each item goes to the mean of its neighbours, layer after layer, there and back.
    void order() {
        std::vector<double> at(items_.size());
        const auto number = [&](const std::vector<std::size_t>& layer) {
            for (std::size_t i = 0; i < layer.size(); ++i) at[layer[i]] = static_cast<double>(i);
        };
        for (const auto& layer : layers_) number(layer);
        const auto sort = [&](std::vector<std::size_t>& layer, bool forward) {
            std::vector<std::pair<double, std::size_t>> wanted;
            for (auto one : layer) {
                const auto& beside = forward ? items_[one].before : items_[one].behind;
                wanted.emplace_back(beside.empty() ? at[one] : mean(beside, at), one);
            }
            std::stable_sort(wanted.begin(), wanted.end(),
                             [](const auto& a, const auto& b) { return a.first < b.first; });
            for (std::size_t i = 0; i < layer.size(); ++i) layer[i] = wanted[i].second;
            number(layer);
        };
        for (int sweep = 0; sweep < order_sweeps; ++sweep) {
            for (std::size_t i = 1; i < layers_.size(); ++i) sort(layers_[i], true);
            for (std::size_t i = layers_.size() - 1; i-- > 0;) sort(layers_[i], false);
        }
    }

    static double mean(const std::vector<std::size_t>& of, const std::vector<double>& at) {
        double sum = 0;
        for (auto one : of) sum += at[one];
        return sum / static_cast<double>(of.size());
    }

    // Towards the neighbours, as far as those in the same layer leave room.
    void place_across() {
        for (auto& layer : layers_) spread(layer, {});
        std::vector<double> at(items_.size());
        for (int sweep = 0; sweep < place_sweeps; ++sweep) {
            const bool forward = sweep % 2 == 0;
            for (std::size_t i = 0; i < items_.size(); ++i) at[i] = items_[i].y;
            for (std::size_t step = 0; step < layers_.size(); ++step) {
                auto& layer = layers_[forward ? step : layers_.size() - 1 - step];
                std::vector<double> wanted;
                for (auto one : layer) {
                    const auto& beside = forward ? items_[one].before : items_[one].behind;
                    wanted.push_back(beside.empty() ? at[one] : mean(beside, at));
                }
                spread(layer, wanted);
                for (auto one : layer) at[one] = items_[one].y;
            }
        }
        double top = 0, bottom = 0;
        for (const auto& one : items_) {
            top = std::min(top, one.y - one.height / 2);
            bottom = std::max(bottom, one.y + one.height / 2);
        }
        for (auto& one : items_) one.y -= top;
        graph_.height = bottom - top;
    }

    /// Puts a layer below one another, each where it wants to be, or pushed away by the one above; what that moves the
    /// layer down on the whole is given back.
    void spread(const std::vector<std::size_t>& layer, const std::vector<double>& wanted) {
        double edge = -1e9, moved = 0;
        for (std::size_t i = 0; i < layer.size(); ++i) {
            auto& one = items_[layer[i]];
            const auto want = wanted.empty() ? 0 : wanted[i];
            one.y = std::max(want, edge + one.height / 2);
            edge = one.y + one.height / 2 + box_gap;
            moved += one.y - want;
        }
        moved /= static_cast<double>(std::max<std::size_t>(1, layer.size()));
        for (auto one : layer) items_[one].y -= moved;
    }

    void place_along() {
        std::vector<double> wide(layers_.size()), gap(layers_.size(), layer_gap);
        for (const auto& one : items_) wide[one.layer] = std::max(wide[one.layer], one.width);
        for (std::size_t i = 0; i < graph_.arrows.size(); ++i) {
            const auto layer = items_[target(graph_.arrows[i])].layer;
            if (layer == 0 || !passing_[i].empty()) continue;
            gap[layer - 1] = std::max(gap[layer - 1], graph_.arrows[i].label_width + layer_gap);
        }
        std::vector<double> middle(layers_.size());
        double x = 0;
        for (std::size_t i = 0; i < layers_.size(); ++i) {
            middle[i] = x + wide[i] / 2;
            x += wide[i] + (i + 1 < layers_.size() ? gap[i] : 0);
        }
        graph_.width = x;
        for (std::size_t i = 0; i < graph_.boxes.size(); ++i) {
            graph_.boxes[i].x = middle[items_[i].layer];
            graph_.boxes[i].y = items_[i].y;
        }
        for (std::size_t i = 0; i < graph_.arrows.size(); ++i) {
            auto& arrow = graph_.arrows[i];
            for (auto one : passing_[i]) arrow.bends.emplace_back(middle[items_[one].layer], items_[one].y);
            arrow.label_bend = arrow.bends.size() / 2;
            if (!arrow.backwards || arrow.bends.empty()) continue;
            std::reverse(arrow.bends.begin(), arrow.bends.end());
            arrow.label_bend = arrow.bends.size() - 1 - arrow.label_bend;
        }
    }

    graph_layout& graph_;
    std::vector<item> items_;
    std::vector<std::vector<std::size_t>> layers_, passing_;
};

}  // namespace

void lay_out(graph_layout& graph) {
    if (!graph.boxes.empty()) layout{graph}.run();
}

}  // namespace outrider::tracing
