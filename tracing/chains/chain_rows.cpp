#include "tracing/chains/chain_rows.hpp"

namespace outrider::tracing {

std::vector<std::size_t> parents_of(const chain& one) {
    std::vector<std::size_t> parents, open;  // open: the last row of each depth
    parents.reserve(one.rows.size());
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
        const auto depth = one.rows[i].depth;
        open.resize(depth, no_row);
        parents.push_back(depth == 0 ? no_row : open[depth - 1]);
        open.push_back(i);
    }
    return parents;
}

bool is_call(const span_data& span) {
    return span.kind == span_kind::client && find_attribute(span.attributes, "messaging.operation.type") == nullptr;
}

}  // namespace outrider::tracing
