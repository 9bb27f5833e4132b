#include "tracing/flows/transit_times.hpp"

#include <algorithm>

namespace outrider::flows {
namespace {

constexpr std::int64_t second = 1'000'000'000;
/// Sidecars deliver within a second; chains are put together after 1.25 s at most, mostly at once. With the tenth of a
/// second between two looks a fault is told within two seconds.
constexpr std::int64_t usual_by_key = 1'500'000'000, usual_by_chain = 1'800'000'000;
constexpr std::int64_t longest = 60 * second;  ///< what comes later than that says nothing about the others
constexpr std::int64_t half_life = 10 * second;

/// What more than its way a span may need to be found in its run: of a chain, until its cause has been found.
constexpr std::int64_t margin_by_key = 300'000'000, margin_by_chain = 1'250'000'000;

std::int64_t with_margin(std::int64_t lag, std::int64_t margin) { return lag + lag / 4 + margin; }

}  // namespace

transit_times::transit_times(const flow& of)
    : usual_(of.text.by.empty() ? usual_by_chain : usual_by_key),
      margin_(of.text.by.empty() ? margin_by_chain : margin_by_key),
      lags_(of.events.size()),
      events_(of.step_count()),
      by_step_(of.step_count(), usual_) {
    for (std::size_t i = 0; i < events_.size(); ++i)
        for (const auto& way : of.step_at(i).alternatives)
            for (const auto& member : way.members) events_[i].push_back(static_cast<std::uint32_t>(member.event));
}

void transit_times::learn(const occurrence& one) {
    const auto took = one.arrived - one.end;
    if (took <= 0 || took > longest) return;
    auto& known = lags_[one.event];
    if (took >= known.ns) known = {took, one.arrived};
}

void transit_times::advance(unix_ns now) {
    for (auto& one : lags_)
        for (; one.ns > 0 && now - one.since > half_life; one.since += half_life) one.ns /= 2;
    for (std::size_t i = 0; i < by_step_.size(); ++i) {
        std::int64_t most = 0;
        for (const auto event : events_[i]) most = std::max(most, lags_[event].ns);
        by_step_[i] = std::clamp(with_margin(most, margin_), usual_, longest);
    }
}

std::int64_t transit_times::hold_after(const occurrence& one) const {
    const auto took = one.arrived - one.end;
    return took <= usual_ ? 0 : std::min(with_margin(took, margin_), longest);
}

}  // namespace outrider::flows
