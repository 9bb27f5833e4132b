#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "governance/clock.hpp"
#include "governance/outcome.hpp"
#include "governance/policy.hpp"

namespace outrider::governance {

/// What is known of one endpoint of an upstream, shared by all workers: its peak-sensitive moving average of latency,
/// what is under way, and whether it is ejected. Any thread.
class endpoint_load {
  public:
    explicit endpoint_load(time_point created);
    ~endpoint_load();
    void began();
    void ended(outcome how, nanoseconds took, time_point now, const balance_rule& balance, const eject_rule* eject);
    std::uint32_t under_way() const;
    /// Latency times what is under way, plus one; grown while it is starting slowly. Lower is better.
    double cost(time_point now, const balance_rule& balance) const;
    bool ejected(time_point now) const;

  private:
    friend class balancer;
    struct parts;
    std::unique_ptr<parts> parts_;
};

/// Chooses among the endpoints of one upstream: two at random, the better of them (Mitzenmacher, "The power of two
/// choices"); ejected ones are left out, but for a share that may not be ejected; when all are, all are used. Any
/// thread.
class balancer {
  public:
    balancer(std::size_t endpoints, time_point created);
    /// Of settings that may change with a reload; null: none.
    struct rules {
        const balance_rule* balance = nullptr;
        const eject_rule* eject = nullptr;
    };
    /// @param tried  endpoints that this exchange has tried already, left out where there are others
    /// @return the index of an endpoint, which began() was called for
    std::size_t pick(std::span<const std::size_t> tried, time_point now, const rules& by, std::uint64_t random);
    void ended(std::size_t endpoint, outcome how, nanoseconds took, time_point now, const rules& by);

    struct endpoint_view {
        double latency_ms = 0;
        std::uint32_t under_way = 0;
        bool ejected = false;
        std::string why;      ///< "5 failures in a row"
        nanoseconds left{0};  ///< until it returns
        std::uint64_t calls = 0, failures = 0, ejections = 0;
    };
    std::vector<endpoint_view> look(time_point now) const;

  private:
    std::vector<std::unique_ptr<endpoint_load>> endpoints_;
    std::atomic<std::uint32_t> turn_{0};
};

}  // namespace outrider::governance
