#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "tracing/span_view.hpp"
#include "tracing/stitch/decision.hpp"

namespace outrider::tracing {

/// How patient and how large a stitcher is.
struct stitch_options {
    std::chrono::nanoseconds patience{std::chrono::seconds(1)};  ///< how long a root waits for causes yet to arrive
    std::chrono::nanoseconds memory{std::chrono::minutes(10)};   ///< how long a span can be found as a cause
    std::uint64_t memory_bytes = 64ULL << 20;                    ///< of all that is held; the oldest is forgotten first
    float least_confidence = 0.5F;  ///< a candidate below that is no cause: the root stays one, with links
};

/// What became of the spans. held + forgotten = added - duplicates, at any moment.
struct stitch_counters {
    std::uint64_t added = 0, duplicates = 0, held = 0, forgotten = 0;
    std::uint64_t late = 0;  ///< came after what they belong to had been decided, and were joined to it
    std::uint64_t bytes = 0;
};

/// Finds the causes of roots among finished spans as they arrive, in any order, from any number of processes. Time is
/// passed in. Not thread-safe.
class stitcher {
  public:
    explicit stitcher(stitch_options options = {});
    ~stitcher();
    stitcher(stitcher&&) noexcept;
    stitcher& operator=(stitcher&&) noexcept;

    /// Takes a span in; what the stitcher needs of it is copied.
    /// @param now_ns  of any steady clock, the one that advance() is told
    void add(const span_view& span, std::int64_t now_ns);
    void add(const span_data& span, std::int64_t now_ns);

    /// What has been decided since, also anew: a root whose patience has run out or whose candidates have all arrived,
    /// a span whose parent is missing, a root that a late span explains better.
    std::vector<decision> advance(std::int64_t now_ns);

    /// Decides all that waits: the input is over.
    std::vector<decision> finish();

    stitch_counters counters() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace outrider::tracing
