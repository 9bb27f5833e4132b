#pragma once

#include <memory>
#include <string_view>

#include "governance/clock.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

/// What a limit says to one exchange.
struct rate_answer {
    bool admitted = false;
    bool overflow = false;  ///< the table is full of busy keys: this one shares a bucket with other new ones
    /// Refused: until the same would be admitted, if nobody else takes meanwhile; 0: never (a rate of zero). Admitted
    /// by a paced limit: to wait before going on.
    nanoseconds wait{0};
    double limit = 0;  ///< amount per second that holds for this key now
    double burst = 0;
    double remaining = 0;  ///< of the burst, after this; negative after late charges
};

/// Where an amount was taken, so that it can be given back or added to.
struct rate_ticket {
    std::uint64_t key[2] = {0, 0};  ///< hash of the key's value
    std::uint64_t before = 0;
    std::uint64_t after = 0;  ///< 0: nothing was taken
    double per_second = 0;    ///< that held for it, once warm
    bool overflow = false;    ///< it was the overflow bucket's
};

/// One limit over all workers: the generic cell rate algorithm (ATM Forum TM 4.0, 4.4.2), for each key one 64-bit word:
/// the theoretical arrival time. Any thread; exact: over any T seconds it admits at most rate * T + burst.
///
/// Keys are 128-bit hashes under a random secret in a table of fixed size. Only buckets that are full (as new ones are)
/// give way to new keys; where none is full, new keys share one overflow bucket, so nobody gains a token by a flood.
class rate_limiter {
  public:
    /// @param share  of the rate and the burst that this sidecar may admit (1 / replicas, for limits of a fleet)
    rate_limiter(const limit_rule& rule, time_point created, double share = 1);
    ~rate_limiter();
    rate_limiter(const rate_limiter&) = delete;
    rate_limiter& operator=(const rate_limiter&) = delete;

    /// What take() would say, without taking.
    rate_answer check(std::string_view key, double amount, time_point now) const;
    /// Takes `amount`, or nothing. With `pace`, what has to wait no longer than `longest_wait` is taken in advance. An
    /// amount beyond the burst is admitted when the bucket is full, and leaves a debt.
    rate_answer take(std::string_view key, double amount, time_point now, rate_ticket& ticket);
    /// Gives back what take() took, if nobody has taken after it; else it stays spent (never over-admits).
    void restore(const rate_ticket& ticket);
    /// Adds what became known later (bytes of a body), admitted already, whatever the level: leaves a debt.
    void charge(const rate_ticket& ticket, double amount, time_point now);
    /// Adds what has come already, whatever the level, for who is then asked to stay silent (Kafka's throttling).
    /// @return the level after it; `wait` is the time until the debt is paid, zero when there is none
    rate_answer charge(std::string_view key, double amount, time_point now);

    /// Another share from now on (replicas came or went; a lease was granted).
    void set_share(double share);

    struct state {
        std::size_t keys = 0;          ///< held in the table
        std::uint64_t overflowed = 0;  ///< decisions that the overflow bucket took
        double remaining = 0;          ///< of the one bucket of a limit without a key
        std::size_t bytes = 0;         ///< reserved; of a table, what was never used is not resident
    };
    state look(time_point now) const;

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace outrider::governance
