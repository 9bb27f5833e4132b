#include <queue>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "governance/balancer.hpp"

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;

/// Open-loop traffic to endpoints that each work on a few calls at once and let the others queue, by injected time.
class simulation {
  public:
    simulation(std::vector<milliseconds> service_times, double calls_per_second, unsigned seed)
        : endpoints_(service_times.size()),
          which_(service_times.size(), now_),
          arrivals_(calls_per_second),
          random_(seed) {
        for (std::size_t i = 0; i < endpoints_.size(); ++i) endpoints_[i].service = service_times[i];
    }

    void set(std::size_t index, milliseconds service) { endpoints_[index].service = service; }

    /// @return each endpoint's share of the calls
    std::vector<double> run(nanoseconds time) {
        std::vector<double> shares(endpoints_.size());
        double calls = 0;
        for (const auto until = now_ + time; now_ < until; ++calls) {
            now_ += nanoseconds(static_cast<std::int64_t>(arrivals_(random_) * 1e9));
            end_what_is_done();
            const auto index = which_.pick({}, now_, {&rule_, nullptr}, random_());
            ++shares[index];
            begin(index);
        }
        for (auto& share : shares) share /= calls;
        return shares;
    }

  private:
    static constexpr std::size_t at_once = 8;
    struct endpoint {
        milliseconds service{0};
        std::priority_queue<time_point, std::vector<time_point>, std::greater<>> busy_until;
    };
    struct call {
        time_point began, ends;
        std::size_t endpoint;
        bool operator>(const call& other) const { return ends > other.ends; }
    };

    void begin(std::size_t index) {
        auto& at = endpoints_[index];
        auto from = now_;
        if (at.busy_until.size() == at_once) {
            from = std::max(from, at.busy_until.top());
            at.busy_until.pop();
        }
        std::exponential_distribution<double> more(1);
        const auto ends = from + at.service / 2 +
                          nanoseconds(static_cast<std::int64_t>(more(random_) * nanoseconds(at.service).count() / 2));
        at.busy_until.push(ends);
        calls_.push({now_, ends, index});
    }

    void end_what_is_done() {
        while (!calls_.empty() && calls_.top().ends <= now_) {
            const auto done = calls_.top();
            calls_.pop();
            which_.ended(done.endpoint, outcome::success, done.ends - done.began, done.ends, {&rule_, nullptr});
        }
    }

    time_point now_{1h};
    std::vector<endpoint> endpoints_;
    balancer which_;
    balance_rule rule_;
    std::exponential_distribution<double> arrivals_;
    std::mt19937_64 random_;
    std::priority_queue<call, std::vector<call>, std::greater<>> calls_;
};

class BalancerSimulation : public testing::TestWithParam<int> {};

TEST_P(BalancerSimulation, KeepsAnEndpointTenTimesSlowerBelowFivePercent) {
    simulation it({10ms, 10ms, 10ms, 100ms}, GetParam(), 1);
    it.run(1s);  // what it takes to find out
    const auto shares = it.run(120s);
    EXPECT_LT(shares[3], 0.05);
    for (int fast = 0; fast < 3; ++fast) EXPECT_NEAR(shares[fast], 1.0 / 3, 0.04);
}

TEST_P(BalancerSimulation, GivesAnEndpointThatBecameFastItsPartAgain) {
    simulation it({10ms, 10ms, 10ms, 100ms}, GetParam(), 2);
    it.run(60s);
    it.set(3, 10ms);
    it.run(60s);
    EXPECT_GT(it.run(60s)[3], 0.17);
}

TEST_P(BalancerSimulation, TurnsAwayFromAnEndpointThatBecomesSlowWithinASecond) {
    simulation it({10ms, 10ms, 10ms, 10ms}, GetParam(), 3);
    it.run(60s);
    it.set(3, 100ms);
    it.run(1s);
    EXPECT_LT(it.run(20s)[3], 0.05);
}

INSTANTIATE_TEST_SUITE_P(CallsPerSecond, BalancerSimulation, testing::Values(20, 200, 1'500));

}  // namespace
}  // namespace outrider::governance
