#include "governance/balancer.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>

#include "governance/ejection.hpp"

namespace outrider::governance {
namespace {

/// What an endpoint is taken to need while nobody knows and somebody waits for it already: one call finds out, the
/// others go elsewhere. Also as far as failures in a row can raise the estimate by themselves.
constexpr float unknown_ns = 1e9F;

/// An estimate of latency: nanoseconds and when it was taken, in one word, so that both change together.
struct estimate {
    float ns = 0;  ///< 0: never called
    std::uint32_t at_ms = 0;

    static estimate from(std::uint64_t packed) {
        return {std::bit_cast<float>(static_cast<std::uint32_t>(packed)), static_cast<std::uint32_t>(packed >> 32)};
    }
    std::uint64_t packed() const { return std::uint64_t{at_ms} << 32 | std::bit_cast<std::uint32_t>(ns); }
    /// What is left of its weight; without calls an estimate fades, so that a slow endpoint is tried again.
    float weight(std::uint32_t now_ms, milliseconds decay) const {
        const auto age = static_cast<std::int32_t>(now_ms - at_ms);
        if (age <= 0 || ns == 0) return 1;
        return std::exp(-static_cast<float>(age) / static_cast<float>(std::max<std::int64_t>(decay.count(), 1)));
    }
};

/// A call that succeeded: up at once, down slowly (T. Wilkie's and Finagle's "peak EWMA").
estimate after_success(const estimate& old, float took, std::uint32_t now_ms, milliseconds decay) {
    if (took >= old.ns) return {took, now_ms};
    const float weight = old.weight(now_ms, decay);
    if (weight == 1) return old;  // within the same millisecond
    return {old.ns * weight + took * (1 - weight), now_ms};
}

/// A call that failed never lowers the estimate, and failures in a row raise it: an endpoint that refuses at once would
/// else look like the fastest of all and draw all traffic.
estimate after_failure(const estimate& old, float took, std::uint32_t in_a_row, std::uint32_t now_ms,
                       milliseconds decay) {
    const float before = old.ns * old.weight(now_ms, decay);
    float least = before;
    if (old.ns == 0)
        least = unknown_ns;
    else if (in_a_row >= 2)
        least = std::max(before, std::min(before * 2, unknown_ns));
    return {std::max(least, took), now_ms};
}

std::uint32_t in_milliseconds(time_point now) {
    return static_cast<std::uint32_t>(std::chrono::floor<milliseconds>(now.time_since_epoch()).count());
}

const balance_rule& balance_of(const balancer::rules& by) {
    static const balance_rule usual;
    return by.balance ? *by.balance : usual;
}

/// An even choice below `count` from 32 random bits (Lemire 2019, without the correction: a bias of 2^-32 per
/// endpoint).
std::size_t below(std::size_t count, std::uint32_t random) {
    return static_cast<std::size_t>((std::uint64_t{random} * count) >> 32);
}

}  // namespace

/// Aligned, so that endpoints that different workers are busy with do not share a cache line.
struct alignas(64) endpoint_load::parts {
    explicit parts(time_point now) : created(now), out(now), held(now) {}

    std::atomic<std::uint64_t> average{0};
    std::atomic<std::uint32_t> under_way{0};
    std::atomic<std::uint64_t> calls{0}, failures{0};
    const time_point created;
    ejection out;
    holding held;
};

endpoint_load::endpoint_load(time_point created) : parts_(std::make_unique<parts>(created)) {}
endpoint_load::~endpoint_load() = default;

void endpoint_load::began() { parts_->under_way.fetch_add(1, std::memory_order_relaxed); }

std::uint32_t endpoint_load::ended(outcome how, nanoseconds took, time_point now, const balance_rule& balance) {
    parts_->under_way.fetch_sub(1, std::memory_order_relaxed);
    if (how == outcome::ignored) return 0;
    parts_->calls.fetch_add(1, std::memory_order_relaxed);
    const bool failed = how == outcome::failure;
    if (failed) parts_->failures.fetch_add(1, std::memory_order_relaxed);
    // What began before it was left out, or while it was, says nothing about an endpoint that has come back.
    if (now - took < back()) return 0;
    const auto in_a_row = parts_->out.note(failed);
    const auto sample = static_cast<float>(std::max<std::int64_t>(took.count(), 1));
    const auto now_ms = in_milliseconds(now);
    auto old = parts_->average.load(std::memory_order_relaxed);
    for (;;) {
        const auto was = estimate::from(old);
        const auto next = failed ? after_failure(was, sample, in_a_row, now_ms, balance.decay)
                                 : after_success(was, sample, now_ms, balance.decay);
        if (next.packed() == old ||
            parts_->average.compare_exchange_weak(old, next.packed(), std::memory_order_relaxed))
            return in_a_row;
    }
}

std::uint32_t endpoint_load::under_way() const { return parts_->under_way.load(std::memory_order_relaxed); }

nanoseconds endpoint_load::latency(time_point now, const balance_rule& balance) const {
    const auto known = estimate::from(parts_->average.load(std::memory_order_relaxed));
    return nanoseconds(static_cast<std::int64_t>(known.ns * known.weight(in_milliseconds(now), balance.decay)));
}

double endpoint_load::cost(time_point now, const balance_rule& balance) const {
    const double load = under_way();
    if (balance.kind != balance_kind::peak_ewma) return load + 1;
    const auto known = estimate::from(parts_->average.load(std::memory_order_relaxed));
    if (known.ns == 0) return load * unknown_ns;
    return known.ns * known.weight(in_milliseconds(now), balance.decay) * (load + 1);
}

double endpoint_load::weight(time_point now, const balance_rule& balance) const {
    if (balance.slow_start <= milliseconds{0}) return 1;
    const double age = static_cast<double>((now - back()).count());
    return std::clamp(0.1 + 0.9 * age / static_cast<double>(nanoseconds(balance.slow_start).count()), 0.1, 1.0);
}

bool endpoint_load::ejected(time_point now) const { return parts_->out.ejected(now); }
bool endpoint_load::out(time_point now) const { return ejected(now) || parts_->held.out(); }
holding& endpoint_load::held() const { return parts_->held; }
void endpoint_load::forget_latency() { parts_->average.store(0, std::memory_order_relaxed); }
time_point endpoint_load::back() const { return std::max(parts_->out.back(), parts_->held.back()); }

// --------------------------------------------------------------------------------------------------------- choosing

/// The endpoints that one exchange may go to, numbered from 0, without a list of them.
class balancer::candidates {
  public:
    candidates(const balancer& of, std::span<const std::size_t> tried, time_point now)
        : of_(of), tried_(tried), now_(now) {
        // In the order of what is likely to answer: one that failed this exchange is better than one that is left out.
        for (auto [out, again] : {std::pair{false, false}, {false, true}, {true, false}, {true, true}}) {
            out_ = out;
            again_ = again;
            count_ = 0;
            for (std::size_t index = 0; index < of_.endpoints_.size(); ++index) count_ += has(index);
            if (count_ > 0) return;
        }
    }
    std::size_t count() const { return count_; }
    bool has(std::size_t index) const {
        if (!out_ && of_.endpoints_[index]->out(now_)) return false;
        return again_ || std::find(tried_.begin(), tried_.end(), index) == tried_.end();
    }
    std::size_t operator[](std::size_t nth) const {
        std::size_t last = 0;  // when another thread left one out since they were counted
        for (std::size_t index = 0; index < of_.endpoints_.size(); ++index) {
            if (!has(index)) continue;
            last = index;
            if (nth-- == 0) break;
        }
        return last;
    }

  private:
    const balancer& of_;
    std::span<const std::size_t> tried_;
    time_point now_;
    bool out_ = false, again_ = false;
    std::size_t count_ = 0;
};

balancer::balancer(std::size_t endpoints, time_point created) {
    assert(endpoints > 0);
    endpoints_.reserve(endpoints);
    for (std::size_t i = 0; i < endpoints; ++i) endpoints_.push_back(std::make_shared<endpoint_load>(created));
}

balancer::balancer(const balancer& former, std::span<const std::size_t> kept, time_point created)
    : most_(former.most_.load(std::memory_order_relaxed)) {
    assert(!kept.empty());
    endpoints_.reserve(kept.size());
    for (const auto index : kept)
        endpoints_.push_back(index < former.endpoints_.size() ? former.endpoints_[index]
                                                              : std::make_shared<endpoint_load>(created));
}

std::size_t balancer::pick(std::span<const std::size_t> tried, time_point now, const rules& by, std::uint64_t random) {
    const auto chosen = endpoints_.size() == 1 ? 0 : choose(tried, now, balance_of(by), random);
    endpoints_[chosen]->began();
    return chosen;
}

std::size_t balancer::choose(std::span<const std::size_t> tried, time_point now, const balance_rule& by,
                             std::uint64_t random) {
    if (by.kind == balance_kind::round_robin) {
        const candidates from(*this, tried, now);
        if (from.count() == 1) return from[0];
        const auto turn = turn_.fetch_add(1, std::memory_order_relaxed);
        const auto first = from[turn % from.count()];
        const auto second = from[(turn + 1) % from.count()];
        return spares(first, second, now, by, random) ? second : first;
    }
    const auto all = endpoints_.size();
    auto [first, second] = two_of(all, random);
    // Nearly always both may be used, and then they are as good a draw as one from the candidates alone.
    if (!tried.empty() || endpoints_[first]->out(now) || endpoints_[second]->out(now)) {
        const candidates from(*this, tried, now);
        if (from.count() == 1) return from[0];
        const auto drawn = two_of(from.count(), random);
        first = from[drawn.first];
        second = from[drawn.second];
    }
    if (spares(first, second, now, by, random)) return second;
    if (spares(second, first, now, by, random)) return first;
    return endpoints_[second]->cost(now, by) < endpoints_[first]->cost(now, by) ? second : first;
}

std::pair<std::size_t, std::size_t> balancer::two_of(std::size_t count, std::uint64_t random) {
    const auto first = below(count, static_cast<std::uint32_t>(random));
    const auto other = below(count - 1, static_cast<std::uint32_t>(random >> 32));
    return {first, other + (other >= first ? 1 : 0)};
}

/// Slow start by lot: an endpoint that is at a tenth of its weight hands nine of ten calls on to the other. (A cost ten
/// times as high would, between two choices, mean hardly any traffic at all.)
bool balancer::spares(std::size_t which, std::size_t other, time_point now, const balance_rule& by,
                      std::uint64_t random) const {
    if (by.slow_start <= milliseconds{0}) return false;
    const double share = endpoints_[which]->weight(now, by) / endpoints_[other]->weight(now, by);
    // The bits that drew the two say nothing new; a multiplicative hash of them does well enough.
    const auto lot = static_cast<std::uint32_t>((random * 0x9e3779b97f4a7c15) >> 32);
    return share < 1 && lot >= share * 4'294'967'296.0;
}

// ------------------------------------------------------------------------------------------------------- afterwards

void balancer::ended(std::size_t endpoint, outcome how, nanoseconds took, time_point now, const rules& by) {
    auto& which = *endpoints_[endpoint];
    const auto in_a_row = which.ended(how, took, now, balance_of(by));
    if (!by.eject || how == outcome::ignored || endpoints_.size() == 1) return;
    if (most_.load(std::memory_order_relaxed) != by.eject->most) most_.store(by.eject->most, std::memory_order_relaxed);
    if (which.parts_->out.due(how == outcome::failure, in_a_row, now - took, now, *by.eject))
        eject(which, now, *by.eject);
}

void balancer::eject(endpoint_load& which, time_point now, const eject_rule& by) {
    const std::lock_guard held(ejecting_);
    const auto out =
        std::count_if(endpoints_.begin(), endpoints_.end(), [&](const auto& each) { return each->out(now); });
    if (which.out(now) || static_cast<std::size_t>(out) >= most_out(by.most)) return;
    which.parts_->out.eject(now, by);
    which.forget_latency();  // once back it is found out anew
}

std::vector<balancer::endpoint_view> balancer::look(time_point now, const balance_rule* by) const {
    const auto& balance = balance_of({by, nullptr});
    std::vector<endpoint_view> all;
    all.reserve(endpoints_.size());
    for (const auto& each : endpoints_) {
        const auto& parts = *each->parts_;
        auto ejection = parts.out.look();
        endpoint_view out;
        out.latency_ms = static_cast<double>(each->latency(now, balance).count()) / 1e6;
        out.under_way = each->under_way();
        out.ejected = each->ejected(now);
        out.why = std::move(ejection.why);
        out.left = std::max(nanoseconds(parts.out.back() - now), nanoseconds{0});
        out.calls = parts.calls.load(std::memory_order_relaxed);
        out.failures = parts.failures.load(std::memory_order_relaxed);
        out.ejections = ejection.ejections;
        auto held = parts.held.look();
        out.down = held.down;
        out.held_out = parts.held.out();
        out.why_down = std::move(held.why);
        all.push_back(std::move(out));
    }
    return all;
}

}  // namespace outrider::governance
