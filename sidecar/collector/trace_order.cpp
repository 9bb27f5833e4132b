#include "sidecar/collector/trace_order.hpp"

namespace outrider::collector {

namespace {

constexpr auto nobody = held_trace::nobody;

}  // namespace

void trace_order::to_the_end(number which) {
    if (which != newest_) behind(which, newest_);
}

void trace_order::behind(number which, number other) {
    remove(which);
    insert(which, other);
}

/// @param after  nobody: to the beginning
void trace_order::insert(number which, number after) {
    auto& one = traces_[which];
    one.older = after;
    one.newer = after == nobody ? oldest_ : traces_[after].newer;
    (after == nobody ? oldest_ : traces_[after].newer) = which;
    (one.newer == nobody ? newest_ : traces_[one.newer].older) = which;
}

void trace_order::remove(number which) {
    const auto& one = traces_[which];
    (one.older == nobody ? oldest_ : traces_[one.older].newer) = one.newer;
    (one.newer == nobody ? newest_ : traces_[one.newer].older) = one.older;
}

}  // namespace outrider::collector
