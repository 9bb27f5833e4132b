#include "sidecar/app/traffic_rates.hpp"

namespace outrider::app {
namespace {

using durations = std::array<std::uint64_t, exchange::duration_bounds.size() + 1>;

std::uint64_t since(std::uint64_t now, std::uint64_t before) { return now > before ? now - before : 0; }

/// Where the share lies within its bucket, as if all in it were evenly apart; what is above all bounds is at the last.
std::optional<std::uint64_t> quantile(const durations& counts, double share) {
    std::uint64_t all = 0;
    for (const auto count : counts) all += count;
    if (all == 0) return std::nullopt;
    const auto wanted = share * static_cast<double>(all);
    double before = 0, lower = 0;
    for (std::size_t i = 0; i < exchange::duration_bounds.size(); ++i) {
        const auto upper = exchange::duration_bounds[i], here = static_cast<double>(counts[i]);
        if (here > 0 && before + here >= wanted)
            return static_cast<std::uint64_t>((lower + (upper - lower) * (wanted - before) / here) * 1e9);
        before += here;
        lower = upper;
    }
    return static_cast<std::uint64_t>(lower * 1e9);
}

}  // namespace

void add(const exchange::duration_histogram& from, traffic_totals& to) {
    if (!to.durations) to.durations.emplace();
    for (std::size_t i = 0; i < from.buckets.size(); ++i) {
        const auto count = from.buckets[i].value();
        (*to.durations)[i] += count;
        to.count += count;
    }
}

std::optional<traffic_rate> rate_meter::note(const traffic_totals& now, governance::time_point when) {
    if (!last_) {
        last_ = now;
        last_when_ = when;
        return std::nullopt;
    }
    const auto passed = when - last_when_;
    if (passed < shortest) return rate_;
    const auto seconds = std::chrono::duration<double>(passed).count();
    traffic_rate out;
    out.per_second = static_cast<double>(since(now.count, last_->count)) / seconds;
    out.errors_per_second = static_cast<double>(since(now.errors, last_->errors)) / seconds;
    if (now.durations && last_->durations) {
        durations fresh{};
        for (std::size_t i = 0; i < fresh.size(); ++i) fresh[i] = since((*now.durations)[i], (*last_->durations)[i]);
        out.p50_ns = quantile(fresh, 0.5);
        out.p99_ns = quantile(fresh, 0.99);
    }
    last_ = now;
    last_when_ = when;
    return rate_ = out;
}

}  // namespace outrider::app
