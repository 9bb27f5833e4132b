#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "sidecar/exchange/facts.hpp"
#include "tracing/ids.hpp"

namespace outrider::exchange {

/// Until when the inbound exchanges under way may take, by trace: an application that hands on the trace but drops the
/// deadline still calls within it. Shared by all workers; any thread.
///
/// The memory is fixed, and taken when the first deadline is remembered: 1,024 sets of 16 entries, the set chosen by a
/// hash under a secret, so that no caller can choose whom he drives out. A full set gives up what has expired, else
/// what came first.
class deadline_table {
  public:
    static constexpr std::size_t sets = 1'024;
    static constexpr std::size_t ways = 16;
    static constexpr std::size_t capacity = sets * ways;
    using time_point = steady_clock::time_point;

    /// Where something was remembered; `serial` 0: nowhere.
    struct ticket {
        std::uint32_t set = 0;
        std::uint32_t way = 0;
        std::uint64_t serial = 0;
    };

    deadline_table();
    explicit deadline_table(std::uint64_t secret);  ///< for tests

    /// An exchange of this trace is under way, until forget(). Each has an entry of its own.
    ticket remember(const tracing::trace_id& trace, time_point deadline, time_point now);
    /// What has been driven out meanwhile is gone already.
    void forget(const ticket& which);
    /// The latest deadline of the exchanges of this trace that are under way; none when there is none. Costs nothing
    /// while no deadline has ever been remembered.
    std::optional<time_point> find(const tracing::trace_id& trace) const;

    /// Deadlines that were given up, not expired, for want of room.
    std::uint64_t driven_out() const { return driven_out_.load(std::memory_order_relaxed); }
    /// Entries in use; for tests and state pages.
    std::size_t size() const;

  private:
    struct entry {
        tracing::trace_id trace;
        time_point deadline{};
        std::uint64_t serial = 0;  ///< 0: free
    };
    struct alignas(64) set {
        mutable std::mutex mutex;
        std::uint32_t used = 0;
        std::uint64_t next_serial = 1;
        std::array<entry, ways> entries;
    };
    std::size_t set_of(const tracing::trace_id& trace) const;
    entry& make_room(set& in, time_point now);

    std::uint64_t secret_;
    std::once_flag made_;
    std::unique_ptr<std::array<set, sets>> owned_;
    std::atomic<std::array<set, sets>*> sets_{nullptr};
    std::atomic<std::uint64_t> driven_out_{0};
};

/// A deadline in the table for as long as this lives.
class remembered_deadline {
  public:
    remembered_deadline() = default;
    ~remembered_deadline() { forget(); }
    remembered_deadline(const remembered_deadline&) = delete;
    remembered_deadline& operator=(const remembered_deadline&) = delete;

    void remember(deadline_table& in, const tracing::trace_id& trace, steady_clock::time_point deadline,
                  steady_clock::time_point now) {
        forget();
        at_ = in.remember(trace, deadline, now);
        in_ = &in;
    }
    void forget() {
        if (auto* in = std::exchange(in_, nullptr)) in->forget(at_);
    }

  private:
    deadline_table* in_ = nullptr;
    deadline_table::ticket at_;
};

}  // namespace outrider::exchange
