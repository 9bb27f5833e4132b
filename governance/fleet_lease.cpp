#include "governance/fleet_lease.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::governance {
namespace {

constexpr double grain = 1 << 20;
/// Demand is measured over at least this long, and smoothed over some of it.
constexpr nanoseconds shortest_measure = milliseconds(10);
constexpr nanoseconds smoothing = milliseconds(100);
/// The level of a bucket is a rounded number; less than this is nothing.
constexpr double rounding = 1e-6;

double seconds(nanoseconds time) { return std::chrono::duration<double>(time).count(); }

/// Rounded up: who returns after it is not too early. At most an hour: a level may be any number.
nanoseconds time_of(double amount, double per_second) {
    const double needed = per_second > 0 ? amount / per_second : 3600;
    return nanoseconds(static_cast<std::int64_t>(std::ceil(std::clamp(needed, 0.0, 3600.0) * 1e9)));
}

std::int64_t ticks(time_point at);

/// Up to half as long again, so that no sidecar always asks right behind another one, who takes what there is. By the
/// clock's lower digits, which are as good as random from sidecar to sidecar.
nanoseconds spread(nanoseconds gap, time_point now) {
    const auto mixed = static_cast<std::uint64_t>(ticks(now)) * 0x9e3779b97f4a7c15;
    return gap + gap / 2 * static_cast<std::int64_t>(mixed >> 44) / (1 << 20);
}

std::int64_t ticks(time_point at) { return nanoseconds(at.time_since_epoch()).count(); }
time_point at_ticks(std::int64_t count) { return time_point(nanoseconds(count)); }

}  // namespace

std::int64_t fleet_lease::grains_of(double amount) {
    constexpr double most = 1e12;  // of amounts; far from where a sum of them overflows
    return std::llround(std::clamp(amount, -most, most) * grain);
}

void fleet_lease::reset(time_point now, const fleet_terms& terms, fleet_link::state link) {
    balance_.store(0, std::memory_order_relaxed);
    until_.store(0, std::memory_order_relaxed);
    low_.store(0, std::memory_order_relaxed);
    next_ask_.store(ticks(now), std::memory_order_relaxed);
    left_.store(terms.burst, std::memory_order_relaxed);
    asking_.store(false, std::memory_order_relaxed);
    short_ = false;
    heard_in_ = entered_ = link.epoch;
    mark_ = 0;
    refused_ = demand_ = 0;
    unit_ = 1;
    measured_ = asked_ = now;
    set_level(terms.burst, now);
}

bool fleet_lease::spend(double amount, time_point now) {
    return ticks(now) < until_.load(std::memory_order_relaxed) && spend_held(amount);
}

bool fleet_lease::spend_held(double amount) {
    const auto needed = grains_of(amount);
    auto held = balance_.load(std::memory_order_relaxed);
    while (held > 0 && held >= needed)
        if (balance_.compare_exchange_weak(held, held - needed, std::memory_order_relaxed)) return true;
    return false;
}

bool fleet_lease::holds(double amount, time_point now) const {
    const auto held = balance_.load(std::memory_order_relaxed);
    return held > 0 && held >= grains_of(amount) && ticks(now) < until_.load(std::memory_order_relaxed);
}

bool fleet_lease::runs_low(time_point now) const {
    return balance_.load(std::memory_order_relaxed) < low_.load(std::memory_order_relaxed) &&
           !asking_.load(std::memory_order_relaxed) && ticks(now) >= next_ask_.load(std::memory_order_relaxed);
}

fleet_lease::decision fleet_lease::check(double amount, time_point now, const fleet_terms& terms,
                                         fleet_link::state link) {
    const auto found = decide(amount, now, terms, link);
    if (found.from == source::none) refused(amount);
    return found;
}

fleet_lease::decision fleet_lease::take(double amount, time_point now, const fleet_terms& terms,
                                        fleet_link::state link) {
    auto found = decide(amount, now, terms, link);
    // Others spend of the balance without the lock, so the lease may have gone since it was looked at.
    while (found.from == source::lease && !spend_held(amount)) found = of_fleet(amount, now, terms);
    if (found.from == source::borrowed) subtract(amount);
    if (found.from == source::share) set_level(level(now, terms) - amount * terms.replicas, now);
    if (found.from == source::none)
        refused(amount);
    else if (amount > 0)
        learn_unit(amount);
    return found;
}

void fleet_lease::charge(double amount, time_point now, const fleet_terms& terms, fleet_link::state link) {
    enter(link, now, terms);
    learn_unit(amount);
    if (link.up)
        subtract(amount);
    else
        set_level(level(now, terms) - amount * terms.replicas, now);
}

nanoseconds fleet_lease::debt(time_point now, const fleet_terms& terms) const {
    const double held = balance();
    if (held > 0) return nanoseconds(0);
    return time_of(-(level(now, terms) + held), terms.per_second);
}

fleet_lease::decision fleet_lease::decide(double amount, time_point now, const fleet_terms& terms,
                                          fleet_link::state link) {
    enter(link, now, terms);
    return link.up ? of_fleet(amount, now, terms) : of_share(amount, now, terms);
}

fleet_lease::decision fleet_lease::of_fleet(double amount, time_point now, const fleet_terms& terms) const {
    const double held = balance();
    if (held > 0 && held >= amount) return {source::lease, {}};
    if (may_borrow(amount, now, terms)) return {source::borrowed, {}};
    const double missing = std::min(amount, terms.burst) - level(now, terms) - std::min(held, 0.0);
    const auto next = at_ticks(next_ask_.load(std::memory_order_relaxed));
    const auto wait = std::max({time_of(missing, terms.per_second), next - now, nanoseconds(milliseconds(1))});
    return {wait <= terms.longest_wait ? source::borrowed : source::none, wait};
}

fleet_lease::decision fleet_lease::of_share(double amount, time_point now, const fleet_terms& terms) const {
    const double there = level(now, terms);
    // What is more than the bucket holds is admitted by a full one, and leaves a debt.
    const double needed = std::min(amount * terms.replicas, terms.burst);
    if (there > 0 && there >= needed - rounding) return {source::share, {}};
    const auto wait = std::max(time_of(needed - there, terms.per_second), nanoseconds(milliseconds(1)));
    return {wait <= terms.longest_wait ? source::share : source::none, wait};
}

bool fleet_lease::may_borrow(double amount, time_point now, const fleet_terms& terms) const {
    const double there = level(now, terms);
    const double borrowed = -std::min(balance(), 0.0);
    const double left = there - borrowed;
    if (left <= 0 || left < std::min(amount, terms.burst) - rounding) return false;
    if (!short_) return borrowed == 0 || borrowed + amount <= there / terms.replicas;
    const bool asks_often = holds_leases(terms) && now - asked_ < lifetime;
    return borrowed == 0 && !asks_often && ticks(now) >= next_ask_.load(std::memory_order_relaxed);
}

double fleet_lease::level(time_point now, const fleet_terms& terms) const {
    return std::min(terms.burst, level_ + std::max(seconds(now - level_at_), 0.0) * terms.per_second);
}

void fleet_lease::set_level(double to, time_point now) {
    level_ = to;
    level_at_ = now;
}

/// A change of the link: what was borrowed from the store is now owed by the level, and the store will be told that.
void fleet_lease::enter(fleet_link::state link, time_point now, const fleet_terms& terms) {
    if (entered_ == link.epoch) return;
    entered_ = link.epoch;
    const auto held = balance_.load(std::memory_order_relaxed);
    if (held < 0) {
        set_level(level(now, terms) + amount_of(held), now);
        move_balance(-held);
    }
    next_ask_.store(ticks(now), std::memory_order_relaxed);
}

void fleet_lease::refused(double amount) { refused_ += amount > 0 ? amount : unit_; }

void fleet_lease::learn_unit(double amount) {
    if (amount > 0) unit_ = amount > unit_ ? amount : unit_ + (amount - unit_) / 8;
}

void fleet_lease::learn_demand(time_point now) {
    const auto time = now - measured_;
    if (time < shortest_measure) return;
    const auto held = balance_.load(std::memory_order_relaxed);
    const double used = std::max(amount_of(mark_ - held) + refused_, 0.0);
    demand_ += (used / seconds(time) - demand_) * seconds(time) / seconds(time + smoothing);
    measured_ = now;
    mark_ = held;
    refused_ = 0;
}

/// Whether demand is such that a lease would be spent before it is given back. What is larger than the bucket has to
/// find it full, so nothing may be taken out in advance.
bool fleet_lease::holds_leases(const fleet_terms& terms) const {
    return demand_ * seconds(horizon) >= unit_ && unit_ <= terms.burst;
}

double fleet_lease::wanted(const fleet_terms& terms) const {
    if (!holds_leases(terms)) return 0;
    const double most = std::min(std::max(terms.per_second * seconds(horizon), unit_), terms.burst);
    return std::min(demand_ * seconds(horizon), most);
}

/// Changes the balance by what is no demand.
void fleet_lease::move_balance(std::int64_t grains) {
    balance_.fetch_add(grains, std::memory_order_relaxed);
    mark_ += grains;
}

bool fleet_lease::begin_asking(time_point now, fleet_link::state link, bool refusing) {
    const auto held = balance_.load(std::memory_order_relaxed);
    const bool wants = refusing || held < low_.load(std::memory_order_relaxed);
    const bool due = held < 0 || (wants && ticks(now) >= next_ask_.load(std::memory_order_relaxed));
    return link.up && due && !asking_.exchange(true, std::memory_order_relaxed);
}

bool fleet_lease::begin_giving_back(time_point now, fleet_link::state link) {
    const bool lies =
        balance_.load(std::memory_order_relaxed) > 0 && ticks(now) >= until_.load(std::memory_order_relaxed);
    return link.up && lies && !asking_.exchange(true, std::memory_order_relaxed);
}

/// What is left of a lease that is over; nothing when it is of an epoch that the store may have forgotten.
double fleet_lease::take_back(time_point now, fleet_link::state link) {
    if (ticks(now) < until_.load(std::memory_order_relaxed)) return 0;
    auto held = balance_.load(std::memory_order_relaxed);
    while (held > 0 && !balance_.compare_exchange_weak(held, 0, std::memory_order_relaxed)) continue;
    if (held <= 0) return 0;
    mark_ -= held;
    return heard_in_ == link.epoch ? amount_of(held) : 0;
}

lease_request fleet_lease::request(time_point now, const fleet_terms& terms, fleet_link::state link) {
    enter(link, now, terms);
    learn_demand(now);
    lease_request out;
    const bool lies = ticks(now) >= until_.load(std::memory_order_relaxed);
    const double want = wanted(terms);
    if (const auto held = balance_.load(std::memory_order_relaxed); held < 0) {
        out.spend = -amount_of(held);
        move_balance(-held);
        // Until the answer comes it is counted here, or it could be borrowed a second time.
        set_level(level(now, terms) - out.spend, now);
    } else if (lies && held > 0) {
        out.give = take_back(now, link);
    }
    out.want = std::max(want - std::max(balance(), 0.0), 0.0);
    if (heard_in_ != link.epoch) out.at_most = level(now, terms);
    asked_ = now;
    return out;
}

void fleet_lease::answered(const lease_request& asked, const lease_grant& got, time_point now, const fleet_terms& terms,
                           fleet_link::state link) {
    move_balance(grains_of(got.granted));
    set_level(got.left, now);
    left_.store(got.left, std::memory_order_relaxed);
    heard_in_ = link.epoch;
    short_ = got.granted < asked.want - rounding || got.left + got.granted < std::min(unit_, terms.burst) - rounding;
    if (got.granted > 0) until_.store(ticks(now + lifetime), std::memory_order_relaxed);
    low_.store(grains_of(wanted(terms) / 2), std::memory_order_relaxed);
    const double missing = std::min(unit_, terms.burst) - got.left - std::max(balance(), 0.0);
    auto gap = nanoseconds(0);
    if (short_) gap = spread(std::clamp(time_of(missing, terms.per_second), shortest_gap, longest_gap), now);
    next_ask_.store(ticks(now + gap), std::memory_order_relaxed);
    asking_.store(false, std::memory_order_relaxed);
}

void fleet_lease::failed(time_point now) {
    next_ask_.store(ticks(now + shortest_gap), std::memory_order_relaxed);
    asking_.store(false, std::memory_order_relaxed);
}

std::optional<time_point> fleet_lease::lies_until() const {
    if (balance_.load(std::memory_order_relaxed) <= 0) return std::nullopt;
    return at_ticks(until_.load(std::memory_order_relaxed));
}

bool fleet_lease::idle(time_point now, const fleet_terms& terms) const {
    return !asking_.load(std::memory_order_relaxed) && balance_.load(std::memory_order_relaxed) == 0 &&
           level(now, terms) >= terms.burst;
}

}  // namespace outrider::governance
