#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "tracing/stitch/span_store.hpp"

namespace outrider::tracing {

/// A span as windows of time see it.
struct window_span {
    std::int64_t start_ns = 0, end_ns = 0;
    span_number number = no_number;
    std::uint32_t operation = 0;
};

/// Spans by start, of which the latest are many and the earlier ones are dropped. Added in any order; sorted when
/// asked.
class window_spans {
  public:
    void add(const window_span& span) { spans_.push_back(span); }
    /// Sorts what was added since.
    void sort();
    /// Drops what came before `oldest` or is no longer held, and the earliest beyond `most`.
    void trim(span_number oldest, std::size_t most, const span_store& store);
    /// All that began no later than `latest` and ended no earlier than `earliest`, by start.
    void overlapping(std::int64_t earliest, std::int64_t latest, std::vector<window_span>& out) const;
    /// How many contain the moment.
    std::size_t containing(std::int64_t moment) const;

    std::vector<window_span>& all() { return spans_; }
    const std::vector<window_span>& all() const { return spans_; }
    bool empty() const { return spans_.empty(); }
    std::size_t memory() const { return spans_.capacity() * sizeof(window_span) + latest_end_.capacity() * 8; }

  private:
    std::size_t first_ending_after(std::int64_t moment) const;

    std::vector<window_span> spans_;
    std::vector<std::int64_t> latest_end_;  ///< of the spans up to each
    std::size_t sorted_ = 0;
};

}  // namespace outrider::tracing
