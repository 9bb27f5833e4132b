#pragma once

#include <optional>

#include "sidecar/collector/trace_table.hpp"

namespace outrider::collector {

/// The traces by how long ago they were touched, the longest first: a list through the traces themselves, so that it
/// takes eight bytes of each and nothing needs to be looked for.
class trace_order {
  public:
    using number = trace_table::number;
    explicit trace_order(trace_table& traces) : traces_(traces) {}

    std::optional<number> first() const {
        return oldest_ == held_trace::nobody ? std::nullopt : std::optional{oldest_};
    }
    /// One that is not in the list yet.
    void add(number which) { insert(which, newest_); }
    /// It has been touched just now.
    void to_the_end(number which);
    /// Goes to just behind another one.
    void behind(number which, number other);
    void remove(number which);

  private:
    void insert(number which, number after);

    trace_table& traces_;
    number oldest_ = held_trace::nobody, newest_ = held_trace::nobody;
};

}  // namespace outrider::collector
