#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "governance/clock.hpp"
#include "governance/fleet_link.hpp"

namespace outrider::governance {

/// What holds for one key of a fleet's limit. Amounts are of what the limit counts: requests, bytes, records.
struct fleet_terms {
    double per_second = 1;        ///< the fleet's, over all sidecars
    double burst = 1;             ///< the fleet's bucket
    double replicas = 1;          ///< sidecars that share it while the store does not answer
    nanoseconds longest_wait{0};  ///< `pace`
};

/// What a sidecar tells the store of one key, and asks of it; the store answers it in one step:
///
///     level   = min(burst, level - spend + give, at_most)
///     granted = max(0, min(want, level, max(level / 2, 1)))
///     level   = level - granted
///
/// No more than half of what is there, so that a sidecar with little to do finds something beside a greedy one.
struct lease_request {
    double spend = 0;               ///< admitted already, without a grant: taken, whatever the level
    double give = 0;                ///< granted earlier and not needed
    double want = 0;                ///< at most so much
    std::optional<double> at_most;  ///< after an outage: the level as this sidecar knows it; the store may have lost it
};

struct lease_grant {
    double granted = 0;
    double left = 0;  ///< level of the fleet's bucket after it; negative: a debt
};

/// One sidecar's part of one key of a limit that a fleet shares.
///
///     balance > 0                  a lease: granted by the store, spent with one compare-and-swap, no lock
///     balance < 0                  borrowed: admitted on the store's last word, told to it with the next request
///     the store does not answer    the share: 1 / replicas of what was left at its last word and of the rate since
///
/// Everything admitted is taken from the store's bucket, before or after; so the fleet admits rate * T + burst, and at
/// most what is borrowed besides. How much may be borrowed depends on the last word:
///
///     plenty (all that was wanted was granted)   a share of what was left; at least one exchange
///     short                                      one exchange, once the bucket must have it again by its rate, and
///                                                only by callers too rare to hold leases (under ten per second):
///                                                those who come oftener ask again every 10 ms, and lose nothing
///
/// A lease is for 100 ms of this sidecar's recent demand, asked for again when half is spent, and given back when it
/// lies for 200 ms: so ninety percent of the load on one sidecar gets what ten percent elsewhere leave.
///
/// spend(), add() and subtract() are lock-free and for any thread; everything else is under its limiter's lock.
class fleet_lease {
  public:
    static constexpr nanoseconds horizon = milliseconds(100);      ///< of demand that a lease is for
    static constexpr nanoseconds lifetime = milliseconds(200);     ///< of a lease that nobody spends
    static constexpr nanoseconds shortest_gap = milliseconds(10);  ///< between requests while the fleet is short
    static constexpr nanoseconds longest_gap = milliseconds(250);

    /// Begins anew, as one that was never heard of: its bucket is full.
    void reset(time_point now, const fleet_terms& terms, fleet_link::state link);

    /// Spends of the lease. @return false when it does not hold that much, or is over: decide under the lock
    bool spend(double amount, time_point now);
    /// What spend() would say.
    bool holds(double amount, time_point now) const;
    /// Whether a lease that is being spent runs low and should be asked for; a hint, read without the lock.
    bool runs_low(time_point now) const;
    void add(double amount) { balance_.fetch_add(grains_of(amount), std::memory_order_relaxed); }
    void subtract(double amount) { balance_.fetch_sub(grains_of(amount), std::memory_order_relaxed); }
    double balance() const { return amount_of(balance_.load(std::memory_order_relaxed)); }
    /// The bucket's level at the store's last word, with what is held here.
    double remaining() const { return left_.load(std::memory_order_relaxed) + balance(); }

    enum class source : std::uint8_t {
        none,      ///< refused
        lease,     ///< granted beforehand
        borrowed,  ///< to be told with the next request
        share,     ///< of this sidecar alone
    };
    struct decision {
        source from = source::none;
        nanoseconds wait{0};  ///< none: until it is worth asking again; else before going on (`pace`)
    };
    /// What take() would do. A refusal counts as demand, so that the next lease is for more.
    decision check(double amount, time_point now, const fleet_terms& terms, fleet_link::state link);
    decision take(double amount, time_point now, const fleet_terms& terms, fleet_link::state link);
    /// Gives back what take() took from the share.
    void restore_share(double amount, double replicas) { level_ += amount * replicas; }  // level() bounds it
    /// Adds to what was admitted, whatever is left.
    void charge(double amount, time_point now, const fleet_terms& terms, fleet_link::state link);

    /// Until what was charged beyond the bucket is paid; zero when nothing is owed.
    nanoseconds debt(time_point now, const fleet_terms& terms) const;

    /// Whether the store should be asked now. When it says yes, asking is under way, until answered() or failed().
    /// @param refusing  something was refused just now
    bool begin_asking(time_point now, fleet_link::state link, bool refusing);
    /// The same for a lease that lies unspent.
    bool begin_giving_back(time_point now, fleet_link::state link);
    lease_request request(time_point now, const fleet_terms& terms, fleet_link::state link);
    void answered(const lease_request& asked, const lease_grant& got, time_point now, const fleet_terms& terms,
                  fleet_link::state link);
    /// What it told is not known to have arrived: it counts on, what it gave is lost.
    void failed(time_point now);
    /// Does not ask after all.
    void stop_asking() { asking_.store(false, std::memory_order_relaxed); }

    /// When a lease that is held is to be given back; nothing when none is.
    std::optional<time_point> lies_until() const;
    /// As one that was never heard of, so that it may be forgotten.
    bool idle(time_point now, const fleet_terms& terms) const;

  private:
    // Balances are whole numbers of 2^-20, so that adding and taking away leave nothing behind.
    static std::int64_t grains_of(double amount);
    static double amount_of(std::int64_t grains) { return static_cast<double>(grains) / (1 << 20); }

    bool spend_held(double amount);
    decision decide(double amount, time_point now, const fleet_terms& terms, fleet_link::state link);
    decision of_fleet(double amount, time_point now, const fleet_terms& terms) const;
    decision of_share(double amount, time_point now, const fleet_terms& terms) const;
    bool may_borrow(double amount, time_point now, const fleet_terms& terms) const;
    double level(time_point now, const fleet_terms& terms) const;
    void set_level(double level, time_point now);
    void enter(fleet_link::state link, time_point now, const fleet_terms& terms);
    void refused(double amount);
    void learn_unit(double amount);
    void learn_demand(time_point now);
    double wanted(const fleet_terms& terms) const;
    bool holds_leases(const fleet_terms& terms) const;
    void move_balance(std::int64_t grains);
    double take_back(time_point now, fleet_link::state link);

    std::atomic<std::int64_t> balance_{0};
    std::atomic<std::int64_t> until_{0};     ///< the lease's end, nanoseconds of the steady clock
    std::atomic<std::int64_t> low_{0};       ///< balance under which to ask
    std::atomic<std::int64_t> next_ask_{0};  ///< not before, nanoseconds of the steady clock
    std::atomic<double> left_{0};
    std::atomic<bool> asking_{false};

    bool short_ = false;             ///< the last word: less than was wanted
    std::uint32_t heard_in_ = 0;     ///< epoch of the last word
    std::uint32_t entered_ = 0;      ///< epoch that the balance was made up for
    std::int64_t mark_ = 0;          ///< the balance, had nothing been spent since demand was last measured
    double refused_ = 0, unit_ = 1;  ///< refused since; what comes at a time
    double demand_ = 0;              ///< per second, smoothed
    time_point measured_{}, asked_{};
    double level_ = 0;  ///< of the fleet's bucket at `level_at_`
    time_point level_at_{};
};

}  // namespace outrider::governance
