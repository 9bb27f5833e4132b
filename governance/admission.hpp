#pragma once

#include <cstdint>
#include <string_view>

#include "governance/breaker.hpp"
#include "governance/concurrency.hpp"
#include "governance/outcome.hpp"
#include "governance/policy_set.hpp"
#include "governance/rate_limiter.hpp"

namespace outrider::governance {

/// How rules are counted: by rule number.
enum class rule_outcome : std::uint8_t {
    passed,
    refused,
    waited,
    degraded,
    retried,
    budget_spent,
    replaced,
    timed_out
};
inline constexpr std::size_t rule_outcomes = 8;
std::string_view name_of(rule_outcome which);

/// Where decisions are counted; a worker's own, so that no count is shared.
struct decision_counter {
    void (*count)(void* owner, rule_number rule, rule_outcome outcome) = nullptr;
    void* owner = nullptr;
    void operator()(const compiled_rule& rule, rule_outcome outcome) const {
        if (count) count(owner, rule.number, outcome);
    }
};

enum class verdict : std::uint8_t { go, wait, refuse };

/// What `admit` says. `by` is the rule that decided: why it refuses, or what is waited for.
struct decision {
    governance::verdict verdict = verdict::go;
    const compiled_rule* by = nullptr;
    bool degrade = false;  ///< refused, and a fallback may answer
    nanoseconds wait{0};   ///< wait: this long, then go (`pace`); zero: for a slot, at most `longest_wait`
    nanoseconds longest_wait{0};
    nanoseconds retry_after{0};  ///< refuse: when it is worth asking again; 0: not known
    double observed = 0;         ///< what was found: rate level, exchanges under way, ...
    double limit = 0;            ///< and what is allowed
    double remaining = 0;        ///< of a rate limit's burst
    double burst = 0;
    std::uint32_t shadowed = 0;             ///< rules in shadow mode that would have refused or delayed
    const compiled_rule* shadow = nullptr;  ///< the first of them
};

/// What an admitted exchange holds: slots, and what was taken from buckets. Returned exactly once, however the exchange
/// ends; the destructor returns what finish() did not.
class permit {
  public:
    permit() = default;
    ~permit() { finish(outcome::ignored, began_); }
    permit(const permit&) = delete;
    permit& operator=(const permit&) = delete;

    /// Bytes (or records) as they pass; for the limits that count them.
    void charge(measure what, double amount, time_point now);
    bool charges(measure what) const;
    /// The answer has begun. Adaptive limits take the time until then: an answer that streams for minutes is not slow.
    void answered(time_point now) { answered_ = now; }
    /// Adaptive limits learn from success and failure: how long it took to the answer's beginning, else to now.
    void finish(outcome how, time_point now);
    bool held() const { return !slots_.empty() || !taken_.empty(); }

  private:
    friend class admission;
    struct held_slot {
        concurrency_limiter* limiter = nullptr;
    };
    struct taken_amount {
        limit_handle limiter;
        measure of = measure::requests;
        rate_ticket ticket;
    };
    inline_list<held_slot, 4> slots_;
    inline_list<taken_amount, 4> taken_;
    time_point began_{};
    time_point answered_{};  ///< time_point{}: not yet
};

/// What one exchange counts as, for the limits that measure it. Bytes that are not known yet are charged as they pass.
struct amounts {
    double requests = 1;
    double bytes = 0;
    double records = 0;
    double of(measure what) const {
        return what == measure::requests ? requests : what == measure::bytes ? bytes : records;
    }
};

/// One exchange's way through its rules, in order: limits (all checked, then all taken), slots. Kept by the exchange
/// while it waits.
///
///     admit() -> go | refuse
///             -> wait (pace): after decision.wait, go; cancel() gives nothing back
///             -> wait (slot): after the waiter's call, resume() -> go | wait for the next slot | refuse;
///                after longest_wait, give_up() -> refuse
class admission {
  public:
    /// `of` and `by` must outlive the exchange: the set is held by whoever calls.
    decision admit(const matched& by, const facts& of, time_point now, const amounts& amount, permit& into,
                   const decision_counter& count, slot_waiter& waiter);
    decision resume(time_point now);
    /// @param next  queued from now on: the former waiter may be called yet
    decision give_up(time_point now, slot_waiter& next);
    /// The client left while waiting. The waiter may be called yet.
    void cancel(time_point now);

  private:
    bool check_limits();
    bool take_limits();
    bool take_limit(const compiled_limit& limit, std::string_view key);
    void observe(const compiled_limit& limit, const rate_answer& said);
    decision take_slots();
    decision take_granted(concurrency_limiter& limiter);
    decision refuse_slot();
    decision refuse();

    const matched* by_ = nullptr;
    const facts* of_ = nullptr;
    permit* into_ = nullptr;
    decision_counter count_;
    slot_waiter* waiter_ = nullptr;
    time_point now_{};
    amounts amount_;
    std::size_t policy_ = 0, rule_ = 0;  ///< the slot to be taken next
    concurrency_limiter* waits_for_ = nullptr;
    const compiled_concurrency* waiting_rule_ = nullptr;
    decision so_far_;
};

/// Which limits throttle() charges.
enum class throttled : std::uint8_t {
    all,
    all_but_refusing,  ///< not those that admit_or_refuse() has asked
};

/// Kafka's way with limits: nobody is refused; what was sent is charged, and who is over a limit is told how long to
/// stay silent (KIP-219). Who owes a minute or more is charged no further.
/// @return the longest time by which a limit in force is exceeded; zero when none is
decision throttle(const matched& by, const facts& of, const amounts& amount, time_point now,
                  const decision_counter& count, throttled which = throttled::all);

/// The limits that say `over: reject`, for a protocol that throttles otherwise: all of them take the amount, or none.
/// @return go or refuse
decision admit_or_refuse(const matched& by, const facts& of, const amounts& amount, time_point now,
                         const decision_counter& count);

/// The value of a limit's key in this exchange; empty: the message has none.
std::string_view key_value(const key_source& key, const facts& of, const matched& by);

/// Leave for one attempt at an upstream by every breaker that matches: asked last, right before dispatch.
class attempt_permit {
  public:
    attempt_permit() = default;
    ~attempt_permit() { finish(outcome::ignored, began_); }
    attempt_permit(const attempt_permit&) = delete;
    attempt_permit& operator=(const attempt_permit&) = delete;

    /// @return go or refuse
    decision ask(const matched& by, std::string_view upstream, time_point now, const decision_counter& count);
    void finish(outcome how, time_point now) { finish(how, now - began_, now); }
    /// @param took  where not all the time since ask() was the upstream's
    void finish(outcome how, nanoseconds took, time_point now);

  private:
    struct held_leave {
        breaker* of = nullptr;
        breaker::leave leave;
    };
    inline_list<held_leave, 4> leaves_;
    time_point began_{};
};

}  // namespace outrider::governance
