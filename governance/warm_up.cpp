#include "governance/warm_up.hpp"

#include <algorithm>
#include <thread>

namespace outrider::governance {
namespace {

constexpr double cold_share = 1.0 / 3;

/// Counted time `into` a warm-up: the integral of the share. Never falls as `into` grows, rounding included.
std::int64_t counted(std::int64_t into, std::int64_t period) {
    auto x = static_cast<double>(into), whole = static_cast<double>(period);
    return static_cast<std::int64_t>(x * (x + whole) / (3 * whole));
}

void raise(std::atomic<std::int64_t>& to, std::int64_t value) {
    auto found = to.load(std::memory_order_relaxed);
    while (found < value && !to.compare_exchange_weak(found, value, std::memory_order_release)) {
    }
}

}  // namespace

warm_up::warm_up(nanoseconds period) : period_(std::max<std::int64_t>(period.count(), 1)) {}

nanoseconds warm_up::reading::cost() const { return period - nanoseconds{counted(period.count(), period.count())}; }

warm_up::moment warm_up::reading::at(nanoseconds now) const {
    // A restart comes a whole warm-up's length after the last use at the earliest, so the one before it is complete.
    if (now >= idle_from) return {now - lost - cost(), cold_share};
    auto into = now - start;
    if (into >= period) return {now - lost - cost(), 1};
    if (into.count() <= 0) return {now - lost, cold_share};  // a thread whose time is a little behind
    auto share = static_cast<double>(into.count()) / static_cast<double>(period.count());
    return {start - lost + nanoseconds{counted(into.count(), period.count())}, cold_share + (1 - cold_share) * share};
}

warm_up::reading warm_up::reading::used(nanoseconds now) const {
    auto out = *this;
    if (now >= idle_from) {
        out.start = now;
        out.lost = lost + cost();
    }
    out.idle_from = nanoseconds::max();
    return out;
}

warm_up::reading warm_up::read() const {
    reading out;
    out.period = nanoseconds{period_};
    for (;;) {
        auto before = version_.load(std::memory_order_acquire);
        // Acquired one by one: a fence would do, but the thread sanitizer does not understand fences.
        out.start = nanoseconds{start_.load(std::memory_order_acquire)};
        out.lost = nanoseconds{lost_.load(std::memory_order_acquire)};
        out.idle_from = nanoseconds{last_.load(std::memory_order_acquire) + period_};
        if (before % 2 == 0 && version_.load(std::memory_order_relaxed) == before) return out;
        if (before % 2 != 0) std::this_thread::yield();
    }
}

void warm_up::use(nanoseconds now) {
    if (now.count() - last_.load(std::memory_order_relaxed) >= period_)
        restart(now);
    else
        raise(last_, now.count());
}

void warm_up::restart(nanoseconds now) {
    auto even = version_.load(std::memory_order_relaxed) & ~std::uint64_t{1};
    while (!version_.compare_exchange_weak(even, even + 1, std::memory_order_acquire)) {
        if (even % 2 != 0) std::this_thread::yield();
        even &= ~std::uint64_t{1};
    }
    reading found;
    found.period = nanoseconds{period_};
    found.start = nanoseconds{start_.load(std::memory_order_relaxed)};
    found.lost = nanoseconds{lost_.load(std::memory_order_relaxed)};
    found.idle_from = nanoseconds{last_.load(std::memory_order_relaxed) + period_};
    auto next = found.used(now);  // the same where another thread was here first
    start_.store(next.start.count(), std::memory_order_release);
    lost_.store(next.lost.count(), std::memory_order_release);
    raise(last_, now.count());
    version_.store(even + 2, std::memory_order_release);
}

}  // namespace outrider::governance
