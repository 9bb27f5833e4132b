#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace outrider::tracing {

/// Where the boxes of a graph go, from left to right along its arrows.
struct graph_layout {
    struct box {
        double width = 0, height = 0;  ///< given
        double x = 0, y = 0;           ///< found: the middle
    };
    struct arrow {
        std::size_t from = 0, to = 0;                    ///< given
        double label_width = 0;                          ///< given: room for it between two columns, or in one
        std::vector<std::pair<double, double>> bends{};  ///< found: where it passes columns between
        std::size_t label_bend = 0;                      ///< found: the bend, if any, that has room for the label
        bool backwards = false;                          ///< found: against the direction of the others
    };
    std::vector<box> boxes;
    std::vector<arrow> arrows;
    double width = 0, height = 0;  ///< found
};

/// Layers by the longest way, few crossings, and everything near its neighbours (Sugiyama's method). Circles are cut.
void lay_out(graph_layout& graph);

}  // namespace outrider::tracing
