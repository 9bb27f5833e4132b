#include "sidecar/exchange/span_times.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

namespace outrider::exchange {
namespace {

constexpr std::int64_t compared_every_ns = 100'000'000;
constexpr std::int64_t at_one_moment_ns = 2'000;  // between two reads of a clock, unless this thread is interrupted
constexpr int most_tries = 8;

/// Of the moment's own clock, in nanoseconds.
template <class Moment>
std::int64_t since_epoch(Moment moment) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(moment.time_since_epoch()).count();
}

/// How far the wall clock is ahead of the steady one. A thread may be interrupted between reading one and the other,
/// so the narrowest of several tries counts.
std::int64_t read_lead() {
    std::int64_t lead = 0, narrowest = 0;
    for (int tries = 0; tries < most_tries; ++tries) {
        const auto before = since_epoch(steady_clock::now());
        const auto wall = since_epoch(std::chrono::system_clock::now());
        const auto took = since_epoch(steady_clock::now()) - before;
        if (tries > 0 && took >= narrowest) continue;
        narrowest = took;
        lead = wall - before - took / 2;
        if (took <= at_one_moment_ns) break;
    }
    return lead;
}

/// Threads that find it old at once all read it anew: what they read differs by nothing that counts.
std::int64_t lead_at(std::int64_t moment) {
    static std::atomic<std::int64_t> read_at{-compared_every_ns}, lead{0};
    if (moment - read_at.load(std::memory_order_acquire) >= compared_every_ns) {
        lead.store(read_lead(), std::memory_order_relaxed);
        read_at.store(since_epoch(steady_clock::now()), std::memory_order_release);
    }
    return lead.load(std::memory_order_relaxed);
}

}  // namespace

times unix_times(steady_clock::time_point started, steady_clock::time_point finished) {
    const auto end = since_epoch(finished);
    const auto lead = lead_at(end);
    return {static_cast<std::uint64_t>(lead + std::min(since_epoch(started), end)),
            static_cast<std::uint64_t>(lead + end)};
}

}  // namespace outrider::exchange
