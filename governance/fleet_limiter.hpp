#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "governance/fleet_lease.hpp"
#include "governance/rate_limiter.hpp"

namespace outrider::governance {

/// One limit over all sidecars of a fleet and their workers: what rate_limiter is for one sidecar, with the same calls.
/// Buckets are kept by a store that all sidecars ask (Redis); here are leases of them (fleet_lease), so that a decision
/// never waits for the store, and what to go on with when it does not answer.
///
///     workers:            take() ... restore() | charge()          any thread, never waits for I/O
///                             | a lease runs low: the key is put into a bounded queue, link.wake()
///     the store's client: collect() -> store -> answered() | failed()   one thread at a time
///
/// The store's buckets are filled in slices, so they hold at least 50 ms of the rate, whatever the burst.
class fleet_limiter {
  public:
    /// The name of a key in the store: the same in all sidecars, and such that nobody can find another key of that name
    /// (the first half of SHA-256 serves).
    using key_name = std::array<std::uint8_t, 16>;
    using name_function = key_name (*)(std::string_view key);

    /// @param link  shared with the store's client
    fleet_limiter(const limit_rule& rule, time_point created, std::shared_ptr<const fleet_link> link,
                  name_function name);
    ~fleet_limiter();
    fleet_limiter(const fleet_limiter&) = delete;
    fleet_limiter& operator=(const fleet_limiter&) = delete;

    /// As of rate_limiter. A check that refuses asks the store for more, as take() does.
    rate_answer check(std::string_view key, double amount, time_point now) const;
    rate_answer take(std::string_view key, double amount, time_point now, rate_ticket& ticket);
    void restore(const rate_ticket& ticket);
    void charge(const rate_ticket& ticket, double amount, time_point now);
    rate_answer charge(std::string_view key, double amount, time_point now);

    struct counts {
        std::size_t keys = 0;          ///< held in the table
        std::uint64_t overflowed = 0;  ///< decisions that the overflow bucket took
        std::uint64_t local = 0;       ///< decisions by the local share, because the store did not answer
        std::uint64_t unasked = 0;     ///< requests to the store that found the queue full
        double remaining = 0;          ///< of the one bucket of a limit without a key
    };
    counts look() const;

    /// What to ask the store of one key; answered() or failed() follows, exactly once.
    struct request {
        key_name name{};
        double per_second = 0;
        double burst = 0;
        lease_request what;
        void* entry = nullptr;  ///< the limiter's
    };
    /// Takes what has to be asked out of the queue, at most `most`; appends it. @return how much that was
    std::size_t collect(time_point now, std::size_t most, std::vector<request>& out);
    /// When collect() has something to give back, at the latest; `never` when nothing lies.
    time_point next_due() const;
    static constexpr time_point never = time_point::max();
    void answered(const request& asked, const lease_grant& got, time_point now);
    void failed(const request& asked, time_point now);

  private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace outrider::governance
