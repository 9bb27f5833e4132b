#include "governance/breaker.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <vector>

#include "governance/probe_leases.hpp"
#include "governance/reason.hpp"
#include "governance/sliding_window.hpp"

namespace outrider::governance {
namespace {

using state = breaker::state;

/// Generation, what is forced, and state, in one word, so that one load tells all that a closed breaker needs.
struct word {
    std::uint32_t generation = 0;
    breaker_force forced = breaker_force::none;
    breaker::state at = state::closed;

    static word from(std::uint64_t packed) {
        return {static_cast<std::uint32_t>(packed >> 32), static_cast<breaker_force>(packed >> 8 & 0xff),
                static_cast<breaker::state>(packed & 0xff)};
    }
    std::uint64_t packed() const {
        return std::uint64_t{generation} << 32 | std::uint64_t{static_cast<std::uint8_t>(forced)} << 8 |
               static_cast<std::uint8_t>(at);
    }
    /// Calls are counted and judged.
    bool judges() const { return at == state::closed || at == state::ramp; }
};

/// splitmix64 (Steele, Lea, Flood 2014): one well mixed value for each value of a counter.
std::uint64_t mixed(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

bool reached(std::uint32_t part, std::uint32_t whole, double share) {
    return part > 0 && static_cast<double>(part) >= share * static_cast<double>(whole) - 1e-9;
}

}  // namespace

std::string_view name_of(breaker::state which) {
    switch (which) {
        case state::closed:
            return "closed";
        case state::open:
            return "open";
        case state::half_open:
            return "half_open";
        case state::ramp:
            return "ramp";
    }
    return "";
}

struct breaker::parts {
    parts(const breaker_rule& by, time_point now)
        : rule(by), created(now), seed(mixed(static_cast<std::uint64_t>(now.time_since_epoch().count()))), probes(by) {
        for (auto& each : began) each.store(now, std::memory_order_relaxed);
    }

    // Any thread, without the lock.
    word load() const { return word::from(present.load(std::memory_order_acquire)); }
    time_point began_at(const word& w) const { return began[w.generation % began.size()].load(); }
    nanoseconds open_for(std::uint32_t generation) const;
    bool due(const word& w, time_point now) const;
    std::uint32_t bucket(time_point now) const { return sliding_window::bucket_of(now - created, rule.window); }
    static std::uint64_t tag(const word& w, std::uint32_t at) { return std::uint64_t{w.generation} << 32 | at; }
    leave ask_in_ramp(const word& w, time_point now);
    void count(const word& w, outcome how, nanoseconds took, time_point now);
    std::uint32_t count_in_a_row(const word& w, bool failed);
    void judge(const word& w, std::uint32_t in_a_row, std::uint32_t at, time_point now);

    // Under the lock.
    void enter(state next, time_point at, breaker_force forced);
    void open(const reason& why, time_point at);
    void move_on(time_point now);
    void end_leases(time_point now);
    leave ask_for_probe(time_point now);
    void report_probe(const leave& given, outcome how, nanoseconds took, time_point now);
    void force(breaker_force how, time_point now);

    const breaker_rule rule;
    const time_point created;
    const std::uint64_t seed;

    std::atomic<std::uint64_t> present{0};
    /// When the state of a generation began, in turn: written before the generation is, and not again until three
    /// others have followed, so a reader of `present` finds its own.
    std::array<std::atomic<time_point>, 4> began;
    sliding_window window;
    std::atomic<std::uint64_t> in_a_row{0};                ///< generation << 32 | failures in a row
    std::atomic<std::uint32_t> last_bad{0};                ///< bucket of the last call that failed or was slow
    std::atomic<bool> any_bad{false};                      ///< whether there was one
    std::atomic<std::uint64_t> judged{~std::uint64_t{0}};  ///< generation << 32 | bucket with enough calls
    std::atomic<std::uint32_t> admitted_part{0};           ///< ramp: of the next call, in 2^-32

    mutable std::mutex lock;
    probe_leases probes;
    reason why;  ///< of the last opening
    std::uint64_t openings = 0;
};

// ------------------------------------------------------------------------------------------------ without the lock

/// A jitter only downwards, so that sidecars do not probe together, and none waits longer than the rule says.
nanoseconds breaker::parts::open_for(std::uint32_t generation) const {
    const auto whole = nanoseconds(rule.open);
    return whole - whole / 10'240 * static_cast<std::int64_t>(mixed(seed + generation) % 1'024);
}

bool breaker::parts::due(const word& w, time_point now) const {
    if (w.forced == breaker_force::open || w.forced == breaker_force::closed) return false;
    switch (w.at) {
        case state::closed:
            return false;
        case state::open:
            return now - began_at(w) >= open_for(w.generation);
        case state::half_open:
            return true;  // a lease may have ended
        case state::ramp:
            return now - began_at(w) >= rule.ramp;
    }
    return false;
}

/// Adds up the share: a call passes whenever the sum passes a whole. So of any number of calls in a row as many pass as
/// their share says, give or take one; chance would let bursts through.
breaker::leave breaker::parts::ask_in_ramp(const word& w, time_point now) {
    const auto age = std::max(now - began_at(w), nanoseconds{0});
    const double share = std::clamp(static_cast<double>(age.count()) / nanoseconds(rule.ramp).count(), 0.1, 1.0);
    const auto step = static_cast<std::uint32_t>(share * 4'294'967'295.0);
    const auto before = admitted_part.fetch_add(step, std::memory_order_relaxed);
    const bool passes = static_cast<std::uint32_t>(before + step) < step;
    if (passes || w.forced == breaker_force::metrics) return {true, false, w.generation, 0, {}};
    return {false, false, w.generation, 0,
            std::clamp(nanoseconds(rule.ramp) - age, nanoseconds{0}, nanoseconds(rule.open))};
}

void breaker::parts::count(const word& w, outcome how, nanoseconds took, time_point now) {
    const bool failed = how == outcome::failure;
    const bool was_slow = rule.slow && took > rule.slow_over;
    const auto at = bucket(now);
    window.add(w.generation, at, failed, was_slow);
    if (failed || was_slow) {
        last_bad.store(at, std::memory_order_relaxed);
        any_bad.store(true, std::memory_order_release);
    }
    const auto row = count_in_a_row(w, failed);
    // A good call can make a share too great by making the calls enough, or by coming after others grew too old; so
    // once there were enough in this bucket the next good ones need not be judged, which is most of the cost.
    const bool bad = failed || was_slow;
    if (bad || (any_bad.load(std::memory_order_acquire) && judged.load(std::memory_order_relaxed) != tag(w, at)))
        judge(w, row, at, now);
}

std::uint32_t breaker::parts::count_in_a_row(const word& w, bool failed) {
    auto old = in_a_row.load(std::memory_order_relaxed);
    for (;;) {
        if (static_cast<std::uint32_t>(old >> 32) != w.generation) return 0;
        const auto row = static_cast<std::uint32_t>(old);
        if (!failed && row == 0) return 0;
        const auto next = failed ? old + 1 : old - row;
        if (in_a_row.compare_exchange_weak(old, next, std::memory_order_relaxed)) return failed ? row + 1 : 0;
    }
}

void breaker::parts::judge(const word& w, std::uint32_t row, std::uint32_t at, time_point now) {
    if (w.forced == breaker_force::closed) return;
    reason found;
    if (rule.consecutive && row >= std::max(*rule.consecutive, 1u)) {
        found = {reason::kind::in_a_row, row, row};
    } else if ((rule.failures || rule.slow) &&
               at - last_bad.load(std::memory_order_relaxed) < sliding_window::buckets) {
        const auto sums = window.sum(w.generation, at);
        if (sums.calls < rule.min_calls) return;
        judged.store(tag(w, at), std::memory_order_relaxed);
        if (rule.failures && reached(sums.failures, sums.calls, *rule.failures))
            found = {reason::kind::failures, sums.failures, sums.calls, rule.window};
        else if (rule.slow && reached(sums.slow, sums.calls, *rule.slow))
            found = {reason::kind::slow, sums.slow, sums.calls, rule.window, rule.slow_over};
    }
    if (!found) return;
    const std::lock_guard held(lock);
    if (load().packed() == w.packed()) open(found, now);  // else another thread has moved it
}

// --------------------------------------------------------------------------------------------------- under the lock

void breaker::parts::enter(state next, time_point at, breaker_force forced) {
    const word to{load().generation + 1, forced, next};
    window.clear(to.generation);
    in_a_row.store(std::uint64_t{to.generation} << 32, std::memory_order_relaxed);
    any_bad.store(false, std::memory_order_relaxed);
    admitted_part.store(0xffff'ffff, std::memory_order_relaxed);  // the first call of a ramp passes
    probes.clear();
    began[to.generation % began.size()].store(at);
    present.store(to.packed(), std::memory_order_release);
}

void breaker::parts::open(const reason& of, time_point at) {
    why = of;
    ++openings;
    enter(state::open, at, load().forced);
}

void breaker::parts::move_on(time_point now) {
    for (;;) {
        const auto w = load();
        if (!due(w, now)) return;
        if (w.at == state::half_open) {
            end_leases(now);
            if (load().generation == w.generation) return;
        } else {
            enter(w.at == state::open ? state::half_open : state::closed, now, w.forced);
        }
    }
}

/// A probe that did not report in time failed at the moment its lease ended, not when somebody came to see: the time
/// open counts from there.
void breaker::parts::end_leases(time_point now) {
    if (const auto ended = probes.first_ended(now)) open({reason::kind::probe_lost, 0, 0, rule.probe_lease}, *ended);
}

breaker::leave breaker::parts::ask_for_probe(time_point now) {
    const auto w = load();
    if (const auto lease = probes.take(now)) return {true, true, w.generation, lease, {}};
    if (w.forced == breaker_force::metrics) return {true, false, w.generation, 0, {}};
    return {false, false, w.generation, 0, rule.open};
}

void breaker::parts::report_probe(const leave& given, outcome how, nanoseconds took, time_point now) {
    move_on(now);
    if (load().generation != given.generation) return;
    switch (probes.give_back(given.lease, how, took)) {
        case probe_leases::finding::nothing:
            return;
        case probe_leases::finding::failed:
            return open({reason::kind::probe_failed}, now);
        case probe_leases::finding::too_slow:
            return open({reason::kind::probes_slow, probes.slow(), probes.all(), {}, rule.slow_over}, now);
        case probe_leases::finding::all_succeeded:
            return enter(rule.ramp > milliseconds{0} ? state::ramp : state::closed, now, load().forced);
    }
}

void breaker::parts::force(breaker_force how, time_point now) {
    const auto w = load();
    if (w.forced == how) return;
    if (how == breaker_force::open) {
        why = {reason::kind::forced};
        ++openings;
        return enter(state::open, now, how);
    }
    if (how == breaker_force::closed) return enter(state::closed, now, how);
    if (w.forced == breaker_force::open) return enter(state::half_open, now, how);
    present.store(word{w.generation, how, w.at}.packed(), std::memory_order_release);
}

// ---------------------------------------------------------------------------------------------------------- breaker

breaker::breaker(const breaker_rule& rule, time_point created) : parts_(std::make_unique<parts>(rule, created)) {
    force(rule.forced, created);
}

breaker::~breaker() = default;

breaker::leave breaker::ask(time_point now) {
    auto w = parts_->load();
    if (w.at == state::closed && w.forced != breaker_force::open) return {true, false, w.generation, 0, {}};
    if (w.forced == breaker_force::open) return {false, false, w.generation, 0, {}};
    if (parts_->due(w, now)) {
        const std::lock_guard held(parts_->lock);
        parts_->move_on(now);
        w = parts_->load();
        if (w.at == state::half_open) return parts_->ask_for_probe(now);
    }
    if (w.at == state::ramp) return parts_->ask_in_ramp(w, now);
    if (w.at == state::closed || w.forced == breaker_force::metrics) return {true, false, w.generation, 0, {}};
    const auto left = parts_->open_for(w.generation) - (now - parts_->began_at(w));
    return {false, false, w.generation, 0, std::clamp(left, nanoseconds{0}, nanoseconds(parts_->rule.open))};
}

void breaker::report(const leave& given, outcome how, nanoseconds took, time_point now) {
    if (!given.granted) return;
    const auto w = parts_->load();
    if (w.generation != given.generation) return;
    if (given.probe) {
        const std::lock_guard held(parts_->lock);
        return parts_->report_probe(given, how, took, now);
    }
    if (how != outcome::ignored && w.judges()) parts_->count(w, how, took, now);
}

void breaker::force(breaker_force how, time_point now) {
    const std::lock_guard held(parts_->lock);
    parts_->force(how, now);
}

breaker::view breaker::look(time_point now) const {
    const std::lock_guard held(parts_->lock);
    parts_->move_on(now);
    const auto w = parts_->load();
    const auto sums = parts_->window.sum(w.generation, parts_->bucket(now));
    view out;
    out.state = w.at;
    out.forced = w.forced;
    out.why = parts_->why.text();
    out.since = std::max(now - parts_->began_at(w), nanoseconds{0});
    out.generation = w.generation;
    out.calls = sums.calls;
    out.failures = sums.failures;
    out.slow = sums.slow;
    out.openings = parts_->openings;
    return out;
}

}  // namespace outrider::governance
