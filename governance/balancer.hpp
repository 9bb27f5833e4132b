#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "governance/clock.hpp"
#include "governance/holding.hpp"
#include "governance/outcome.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

/// What is known of one endpoint of an upstream, shared by all workers: its peak-sensitive moving average of latency,
/// what is under way, and whether it is ejected. Any thread, without a lock.
class endpoint_load {
  public:
    explicit endpoint_load(time_point created);
    ~endpoint_load();
    void began();
    /// @return failures in a row, this one included
    std::uint32_t ended(outcome how, nanoseconds took, time_point now, const balance_rule& balance);
    std::uint32_t under_way() const;
    /// 0: never called.
    nanoseconds latency(time_point now, const balance_rule& balance) const;
    /// What one more call would cost: latency times what is under way, plus one; or, by least requests, the latter
    /// alone. One that was never called is free, and dear as soon as something is under way. Lower is better.
    double cost(time_point now, const balance_rule& balance) const;
    /// Of its share of the traffic: from 0.1 to 1, over the slow start.
    double weight(time_point now, const balance_rule& balance) const;
    bool ejected(time_point now) const;
    /// Whether it is left out: ejected, or held out.
    bool out(time_point now) const;

  private:
    friend class balancer;
    struct parts;
    holding& held() const;
    void forget_latency();
    /// When it came back last from either, or was created; in the future while it is ejected.
    time_point back() const;
    std::unique_ptr<parts> parts_;
};

/// Chooses among the endpoints of one upstream: two at random, the better of them (Mitzenmacher, "The power of two
/// choices in randomized load balancing", 2001), where better is a lower peak-EWMA cost (Finagle's and Linkerd's) or
/// fewer requests under way; or all in turn. Those that are ejected, or found down by probes, are left out; when all
/// are, all are used. Any thread.
class balancer {
  public:
    /// @param endpoints  not 0
    balancer(std::size_t endpoints, time_point created);
    /// After the endpoints changed: what is known of those that stay goes on, new ones start slowly.
    /// @param kept  for each endpoint its index in `former`, or any number beyond for a new one
    balancer(const balancer& former, std::span<const std::size_t> kept, time_point created);
    /// Of settings that may change with a reload; null: none.
    struct rules {
        const balance_rule* balance = nullptr;
        const eject_rule* eject = nullptr;
    };
    /// @param tried   endpoints that this exchange has tried already, left out where there are others that are not
    ///                ejected
    /// @param random  64 random bits
    /// @return the index of an endpoint, which began() was called for
    std::size_t pick(std::span<const std::size_t> tried, time_point now, const rules& by, std::uint64_t random);
    /// @param took  until the answer's head, so that long answers do not look slow; `ignored` leaves it out
    void ended(std::size_t endpoint, outcome how, nanoseconds took, time_point now, const rules& by);

    /// What probes say of an endpoint, again after each probe. Of those that are down as many are left out as may be
    /// with the ejected ones: half of all, or what the last `eject` that counted said, at least one and never all. The
    /// one that was found down last stays in.
    /// @param why  "Connection refused"
    void hold_out(std::size_t endpoint, bool down, std::string why, time_point now);

    struct endpoint_view {
        double latency_ms = 0;
        std::uint32_t under_way = 0;
        bool ejected = false;
        std::string why;        ///< of the last ejection: "5 failures in a row"
        nanoseconds left{0};    ///< until it returns
        bool down = false;      ///< probes say so
        bool held_out = false;  ///< left out for that
        std::string why_down;
        std::uint64_t calls = 0, failures = 0, ejections = 0;
    };
    std::vector<endpoint_view> look(time_point now, const balance_rule* by = nullptr) const;

  private:
    class candidates;
    std::size_t choose(std::span<const std::size_t> tried, time_point now, const balance_rule& by,
                       std::uint64_t random);
    static std::pair<std::size_t, std::size_t> two_of(std::size_t count, std::uint64_t random);
    bool spares(std::size_t which, std::size_t other, time_point now, const balance_rule& by,
                std::uint64_t random) const;
    void eject(endpoint_load& which, time_point now, const eject_rule& by);
    void settle(time_point now);
    std::size_t most_out(double share) const;

    std::vector<std::shared_ptr<endpoint_load>> endpoints_;
    std::atomic<std::uint32_t> turn_{0};
    std::mutex ejecting_;
    std::atomic<double> most_{eject_rule{}.most};  ///< share that may be out, as was last said
};

}  // namespace outrider::governance
