// A graph as SVG.
#include <algorithm>

#include "tracing/chains/drawn_graph.hpp"
#include "tracing/chains/graph_layout.hpp"
#include "tracing/chains/svg_canvas.hpp"

namespace outrider::tracing {
namespace {

using anchor = svg_canvas::anchor;
using point = std::pair<double, double>;

constexpr double margin = 20, line_height = 17;

class graph_picture {
  public:
    explicit graph_picture(const drawn_graph& what)
        : what_(what), leaving_(what.nodes.size()), arriving_(what.nodes.size()) {
        for (const auto& edge : what.edges) ++leaving_[edge.from], ++arriving_[edge.to];
        for (const auto& node : what.nodes) {
            double wide = 0;
            for (const auto& line : node.lines) wide = std::max(wide, svg_width(line, &line == &node.lines.front()));
            plan_.boxes.push_back({wide + (node.kind == place_kind::topic ? 40 : 26),
                                   line_height * static_cast<double>(node.lines.size()) + 16});
        }
        for (const auto& edge : what.edges) plan_.arrows.push_back({edge.from, edge.to, svg_width(edge.label) + 12});
        lay_out(plan_);
    }

    std::string draw() && {
        double width = plan_.width + 2 * margin;
        for (std::size_t i = 0; i < what_.edges.size(); ++i) draw_edge(i);
        for (std::size_t i = 0; i < what_.nodes.size(); ++i) draw_node(i);
        for (const auto& label : labels_) {
            const auto& edge = what_.edges[label.edge];
            canvas_.text(label.at.first, label.at.second, edge.label, edge.bad ? "badtext under" : "under",
                         label.where);
        }
        auto y = margin + plan_.height + margin + 14;
        for (const auto* text : {&what_.left_out, &what_.title}) {
            if (text->empty()) continue;
            canvas_.text(margin, y, *text, text == &what_.title ? "strong" : "soft");
            width = std::max(width, 2 * margin + svg_width(*text, true));
            y += 20;
        }
        return std::move(canvas_).finish(width, y, what_.title);
    }

  private:
    struct placed_label {
        point at;
        std::size_t edge;
        anchor where;
    };

    point shifted(double x, double y) const { return {x + margin, y + margin}; }

    void draw_node(std::size_t at) {
        const auto& node = what_.nodes[at];
        const auto& box = plan_.boxes[at];
        const auto [x, y] = shifted(box.x - box.width / 2, box.y - box.height / 2);
        if (node.kind == place_kind::topic) {
            canvas_.cylinder(x, y, box.width, box.height, node.bad ? "badbox" : "topic");
        } else {
            const auto* kind = node.bad                            ? "badbox"
                               : node.kind == place_kind::service  ? "service"
                               : node.kind == place_kind::external ? "external"
                                                                   : "outside";
            canvas_.rect(x, y, box.width, box.height, kind, node.kind == place_kind::service ? 5 : box.height / 2);
        }
        for (std::size_t i = 0; i < node.lines.size(); ++i)
            canvas_.text(x + box.width / 2 - (node.kind == place_kind::topic ? 4 : 0),
                         y + 20 + line_height * static_cast<double>(i), node.lines[i], i == 0 ? "strong" : "",
                         anchor::middle);
    }

    void draw_edge(std::size_t at) {
        const auto& edge = what_.edges[at];
        const auto& arrow = plan_.arrows[at];
        std::string kind = edge.bad ? "bad" : "edge";
        if (edge.inferred || edge.missing) kind += " inferred";
        if (edge.critical) kind += " critical";
        const auto& from = plan_.boxes[arrow.from];
        const auto& to = plan_.boxes[arrow.to];
        if (arrow.from == arrow.to) return draw_loop(at, kind);
        const double side = arrow.backwards ? -1 : 1;
        std::vector<point> points{shifted(from.x + side * from.width / 2, from.y)};
        for (const auto& [x, y] : arrow.bends) points.push_back(shifted(x, y));
        points.push_back(shifted(to.x - side * to.width / 2 - side * 2, to.y));
        labels_.push_back(label_for(at, points));
        canvas_.path(curve(points), kind, true);
    }

    /// Above a piece of the arrow that is made flat, where no other arrow is.
    placed_label label_for(std::size_t at, std::vector<point>& points) {
        const auto& arrow = plan_.arrows[at];
        const auto wide = arrow.label_width;
        if (!arrow.bends.empty()) {
            const auto bend = points.begin() + 1 + static_cast<std::ptrdiff_t>(arrow.label_bend);
            const auto [x, y] = *bend;
            const auto half = (arrow.backwards ? -wide : wide) / 2;
            bend->first = x - half;
            points.insert(bend + 1, {x + half, y});
            return {{x, y - 6}, at, anchor::middle};
        }
        const auto a = points.front(), b = points.back();
        if (!arrow.backwards && arriving_[arrow.to] == 1) {
            points.insert(points.end() - 1, {b.first - wide, b.second});
            return {{b.first - 12, b.second - 6}, at, anchor::end};
        }
        if (!arrow.backwards && leaving_[arrow.from] == 1) {
            points.insert(points.begin() + 1, {a.first + wide, a.second});
            return {{a.first + 6, a.second - 6}, at, anchor::start};
        }
        const auto shared =
            static_cast<double>(twins_[{std::min(arrow.from, arrow.to), std::max(arrow.from, arrow.to)}]++);
        return {{(a.first + b.first) / 2, (a.second + b.second) / 2 - 5 + shared * 15}, at, anchor::middle};
    }

    void draw_loop(std::size_t at, const std::string& kind) {
        const auto& box = plan_.boxes[plan_.arrows[at].from];
        const auto [x, y] = shifted(box.x, box.y - box.height / 2);
        const auto n = svg_canvas::number;
        canvas_.path("M" + n(x - 14) + " " + n(y) + "C" + n(x - 24) + " " + n(y - 18) + " " + n(x + 24) + " " +
                         n(y - 18) + " " + n(x + 14) + " " + n(y - 1),
                     kind, true);
        labels_.push_back({{x, y - 16}, at, anchor::middle});
    }

    static std::string curve(const std::vector<point>& points) {
        const auto n = svg_canvas::number;
        auto path = "M" + n(points[0].first) + " " + n(points[0].second);
        for (std::size_t i = 1; i < points.size(); ++i) {
            const auto& [x1, y1] = points[i - 1];
            const auto& [x2, y2] = points[i];
            const auto pull = (x2 - x1) / 2;
            path += "C" + n(x1 + pull) + " " + n(y1) + " " + n(x2 - pull) + " " + n(y2) + " " + n(x2) + " " + n(y2);
        }
        return path;
    }

    const drawn_graph& what_;
    graph_layout plan_;
    svg_canvas canvas_;
    std::vector<placed_label> labels_;
    std::vector<std::size_t> leaving_, arriving_;  ///< arrows, per node
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> twins_;
};

}  // namespace

std::string graph_svg(const drawn_graph& graph) { return graph_picture{graph}.draw(); }

}  // namespace outrider::tracing
