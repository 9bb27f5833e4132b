#include "sidecar/fleet/fleet_client.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/net/log.hpp"
#include "tests/support/redis_server.hpp"

namespace outrider::fleet {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

governance::limit_rule rule_of(double per_second, double burst) {
    governance::limit_rule out;
    out.rate.per_second = per_second;
    out.burst = burst;
    out.scope = governance::scope::fleet;
    return out;
}

fleet_client::settings settings_for(std::uint16_t port, double replicas) {
    fleet_client::settings out;
    out.redis.host = "127.0.0.1";
    out.redis.port = port;
    out.replicas = replicas;
    out.longest_backoff = 200ms;
    return out;
}

bool waits_until(const std::function<bool()>& holds, clock::duration patience = 10s) {
    const auto deadline = clock::now() + patience;
    while (!holds() && clock::now() < deadline) std::this_thread::sleep_for(1ms);
    return holds();
}

/// One sidecar: a client of its own, and a thread that offers requests at a rate.
class loaded_sidecar {
  public:
    loaded_sidecar(std::uint16_t port, double replicas, const governance::limit_rule& rule)
        : client_(settings_for(port, replicas)), limit_(client_.limiter_for("tests", 0, rule, clock::now())) {
        client_.start();
    }
    ~loaded_sidecar() { rest(); }
    void offer(double per_second) {
        stop_ = false;
        thread_ = std::thread([this, per_second] { run(per_second); });
    }
    void rest() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    bool up() const { return client_.stats().up; }
    fleet_stats stats() const { return client_.stats(); }
    double admitted() const { return static_cast<double>(admitted_.load()); }
    /// Decisions that took longer than 20 ms: less than half of what Redis is given to answer in.
    int slow() const { return slow_; }

  private:
    void run(double per_second) {
        const auto began = clock::now();
        std::uint64_t offered = 0;
        while (!stop_) {
            const auto due =
                static_cast<std::uint64_t>(std::chrono::duration<double>(clock::now() - began).count() * per_second);
            for (; offered < due; ++offered) decide();
            std::this_thread::sleep_for(500us);
        }
    }
    void decide() {
        governance::rate_ticket ticket;
        const auto before = clock::now();
        if (limit_->take("", 1, before, ticket).admitted) ++admitted_;
        if (clock::now() - before > 20ms) ++slow_;
    }

    fleet_client client_;
    std::shared_ptr<governance::fleet_limiter> limit_;
    std::thread thread_;
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> admitted_{0};
    std::atomic<int> slow_{0};
};

class FleetClient : public testing::Test {
  protected:
    void SetUp() override {
        spdlog::set_level(spdlog::level::off);
        redis_ = test::redis_server::start();
        if (redis_) return;
        const char* const ci = std::getenv("CI");
        if (ci && std::string(ci) == "true") FAIL() << "there is no redis-server";
        GTEST_SKIP() << "there is no redis-server";
    }
    void start(std::size_t count, const governance::limit_rule& rule) {
        rate_ = rule.rate.per_second;
        for (std::size_t i = 0; i < count; ++i)
            sidecars_.push_back(std::make_unique<loaded_sidecar>(redis_->port(), static_cast<double>(count), rule));
        for (auto& one : sidecars_) ASSERT_TRUE(waits_until([&] { return one->up(); }));
    }
    void offer(const std::vector<double>& loads) {
        for (std::size_t i = 0; i < loads.size(); ++i) sidecars_[i]->offer(loads[i]);
    }
    double admitted() const {
        double sum = 0;
        for (const auto& one : sidecars_) sum += one->admitted();
        return sum;
    }
    /// What was admitted from now on for that long, and how long that really was.
    std::pair<double, double> measure(clock::duration time) {
        const auto began = clock::now();
        const double before = admitted();
        std::this_thread::sleep_for(time);
        return {admitted() - before, std::chrono::duration<double>(clock::now() - began).count()};
    }
    std::unique_ptr<test::redis_server> redis_;
    std::vector<std::unique_ptr<loaded_sidecar>> sidecars_;
    double rate_ = 0;
};

/// OUTRIDER_FLEET_SECONDS=60 for the figures.
clock::duration test_time() {
    const char* const wanted = std::getenv("OUTRIDER_FLEET_SECONDS");
    return std::chrono::seconds(wanted ? std::atoi(wanted) : 5);
}

TEST_F(FleetClient, AdmitsTheLimitWhereverTheLoadIs) {
    start(4, rule_of(500, 50));
    offer({1'800, 67, 67, 67});
    std::this_thread::sleep_for(500ms);  // the burst is no part of the rate
    const auto [count, seconds] = measure(test_time());
    const double share = count / (rate_ * seconds);
    std::printf("admitted %.2f%% of the limit: %.0f in %.3f s\n", share * 100, count, seconds);
    RecordProperty("share", std::to_string(share));
    // What lies in leases at both ends of the measurement is less than 50.
    EXPECT_NEAR(share, 1, 0.02 + 50 / (rate_ * seconds)) << count << " in " << seconds << " s";
}

TEST_F(FleetClient, SaysThatRedisWasKilledAndAdmitsTheLocalShare) {
    start(4, rule_of(400, 40));
    offer({1'600, 800, 800, 800});
    std::this_thread::sleep_for(1s);
    const auto began = clock::now();
    const double before = admitted();
    redis_->kill();
    for (auto& one : sidecars_) ASSERT_TRUE(waits_until([&] { return !one->up(); }, 2s));
    std::this_thread::sleep_for(2s);
    const double seconds = std::chrono::duration<double>(clock::now() - began).count();
    const double over = admitted() - before - rate_ * seconds;
    std::printf("killed: %+.1f over the limit after %.3f s\n", over, seconds);
    EXPECT_LE(over, rate_ * 0.1) << "more than what a lease is for";
    EXPECT_GE(over, -rate_ * 0.3);
    const auto stats = sidecars_[0]->stats();
    EXPECT_GT(stats.local, 0U);
    EXPECT_GE(stats.errors[static_cast<std::size_t>(redis_error::closed)] +
                  stats.errors[static_cast<std::size_t>(redis_error::connect)],
              1U);
}

TEST_F(FleetClient, DecidesAtOnceWhileRedisHangs) {
    start(2, rule_of(400, 40));
    offer({800, 800});
    std::this_thread::sleep_for(500ms);
    redis_->suspend();
    for (auto& one : sidecars_) ASSERT_TRUE(waits_until([&] { return !one->up(); }, 2s));
    const auto [count, seconds] = measure(1s);
    EXPECT_NEAR(count / (rate_ * seconds), 1, 0.1) << "the shares add up to the limit";
    redis_->resume();
    for (auto& one : sidecars_) EXPECT_TRUE(waits_until([&] { return one->up(); }));
    for (auto& one : sidecars_) one->rest();
    for (auto& one : sidecars_) EXPECT_LE(one->slow(), 2) << "the machine may take a thread off its processor";
    EXPECT_GE(sidecars_[0]->stats().errors[static_cast<std::size_t>(redis_error::timeout)], 1U);
}

TEST_F(FleetClient, GivesNoSecondBurstWhenRedisReturnsWithoutMemory) {
    start(2, rule_of(200, 200));
    offer({800, 800});
    std::this_thread::sleep_for(1'500ms);  // the burst is spent
    const auto began = clock::now();
    const double before = admitted();
    const auto port = redis_->port();
    redis_->kill();
    redis_ = test::redis_server::start(port);
    ASSERT_TRUE(redis_);
    for (auto& one : sidecars_) ASSERT_TRUE(waits_until([&] { return one->up(); }));
    std::this_thread::sleep_for(1s);
    const double seconds = std::chrono::duration<double>(clock::now() - began).count();
    EXPECT_LE(admitted() - before - rate_ * seconds, rate_ * 0.2);
    EXPECT_GE(sidecars_[0]->stats().connections, 2U);
}

TEST_F(FleetClient, CountsWhatItAskedAndHowLongThatTook) {
    start(1, rule_of(1'000, 100));
    offer({500});
    ASSERT_TRUE(waits_until([&] { return sidecars_[0]->stats().calls >= 20; }));
    const auto stats = sidecars_[0]->stats();
    EXPECT_GE(stats.keys, stats.calls);
    EXPECT_GT(stats.granted, 0);
    EXPECT_GT(stats.seconds, 0);
    std::uint64_t timed = 0;
    for (const auto count : stats.latency) timed += count;
    EXPECT_EQ(timed, stats.calls);
}

TEST_F(FleetClient, LoadsTheScriptAgainWhenItWasFlushed) {
    start(1, rule_of(1'000, 100));
    offer({500});
    redis_connection other;
    ASSERT_TRUE(other.open({"127.0.0.1", redis_->port(), "", "", 0}, 1s, 1s));
    ASSERT_TRUE(other.call({"SCRIPT", "FLUSH"}, 1s));
    const auto calls = sidecars_[0]->stats().calls;
    EXPECT_TRUE(waits_until([&] { return sidecars_[0]->stats().calls > calls + 10; }));
    EXPECT_EQ(sidecars_[0]->stats().connections, 1U);
}

TEST_F(FleetClient, LeavesKeysThatVanish) {
    start(1, rule_of(100, 10));
    offer({400});
    redis_connection other;
    ASSERT_TRUE(other.open({"127.0.0.1", redis_->port(), "", "", 0}, 1s, 1s));
    std::string key;
    ASSERT_TRUE(waits_until([&] {
        const auto found = other.call({"KEYS", "outrider:limit:tests:*"}, 1s);
        if (found && found->list.size() == 1) key = found->list[0];
        return !key.empty();
    }));
    EXPECT_EQ(key.size(), std::string("outrider:limit:tests:").size() + 16 + 1 + 32) << key;
    sidecars_[0]->rest();
    EXPECT_TRUE(waits_until([&] { return other.call({"EXISTS", key}, 1s)->text == "0"; })) << "it has a time to live";
}

TEST_F(FleetClient, ForgetsLimitsThatNobodyHolds) {
    fleet_client client(settings_for(redis_->port(), 1));
    auto limit = client.limiter_for("tests", 0, rule_of(10, 10), clock::now());
    const std::weak_ptr<governance::fleet_limiter> watched = limit;
    client.start();
    governance::rate_ticket ticket;
    EXPECT_TRUE(limit->take("", 1, clock::now(), ticket).admitted) << "before there is a connection";
    limit.reset();
    EXPECT_TRUE(waits_until([&] { return watched.expired(); }));
}

TEST(FleetClientAlone, GoesByTheLocalShareWithoutAnyRedis) {
    spdlog::set_level(spdlog::level::off);
    fleet_client client(settings_for(test::free_port(), 4));
    const auto limit = client.limiter_for("tests", 0, rule_of(100, 40), clock::now());
    client.start();
    ASSERT_TRUE(
        waits_until([&] { return client.stats().errors[static_cast<std::size_t>(redis_error::connect)] >= 2; }));
    int admitted = 0;
    const auto now = clock::now();
    for (int i = 0; i < 100; ++i) {
        governance::rate_ticket ticket;
        admitted += limit->take("", 1, now, ticket).admitted ? 1 : 0;
    }
    EXPECT_EQ(admitted, 10);
    EXPECT_FALSE(client.stats().up);
}

}  // namespace
}  // namespace outrider::fleet
