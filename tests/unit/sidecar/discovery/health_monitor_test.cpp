#include "sidecar/discovery/health_monitor.hpp"

#include <atomic>
#include <condition_variable>

#include <gmock/gmock.h>

#include "sidecar/discovery/registry.hpp"
#include "tests/unit/sidecar/discovery/probing.hpp"

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
using governance::health_state;
using testing::HasSubstr;

/// Keeps every verdict that it was told.
class listener {
  public:
    auto ear() {
        return [this](const governance::health_verdict& verdict) {
            const std::lock_guard held(mutex_);
            told_.push_back(verdict);
            changed_.notify_all();
        };
    }
    bool hears(health_state state, std::chrono::milliseconds patience = 5s) {
        std::unique_lock held(mutex_);
        return changed_.wait_for(held, patience, [&] { return !told_.empty() && told_.back().state == state; });
    }
    governance::health_verdict last() {
        const std::lock_guard held(mutex_);
        return told_.back();
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<governance::health_verdict> told_;
};

config::health_check quick(std::uint32_t rise = 1, std::uint32_t fall = 2) {
    config::health_check out;
    out.every = 100ms;
    out.timeout = 300ms;
    out.rise = rise;
    out.fall = fall;
    return out;
}

TEST(HealthMonitor, TellsOfEachChangeAtOnce) {
    peer app{[](int connection) { peer::wait_for_end(connection); }};
    auto stock = std::make_unique<peer>([](int connection) { peer::wait_for_end(connection); });
    monitor_setup setup;
    exchange::application_health application;
    setup.applications.push_back({app.where(), &application});
    setup.application_check = quick();
    auto& upstream = setup.upstreams["stock"];
    upstream.endpoints = {{stock->where(), false}};
    upstream.health = quick();
    health_monitor monitor{setup};
    listener ears;
    monitor.subscribe(ears.ear());
    monitor.start();
    EXPECT_TRUE(ears.hears(health_state::healthy));
    EXPECT_FALSE(application.sick());
    const auto gone = std::chrono::steady_clock::now();
    stock.reset();
    EXPECT_TRUE(ears.hears(health_state::degraded));
    EXPECT_LT(std::chrono::steady_clock::now() - gone, 2s);
    EXPECT_THAT(ears.last().why(), HasSubstr("upstream stock: 127.0.0.1"));
    EXPECT_TRUE(publication_of(ears.last()).ready);
    monitor.drain();
    EXPECT_EQ(monitor.verdict().state, health_state::draining);
    EXPECT_TRUE(ears.hears(health_state::draining));
    EXPECT_FALSE(publication_of(ears.last()).ready);
    EXPECT_THAT(publication_of(ears.last()).why, HasSubstr("draining: "));
}

TEST(HealthMonitor, CallsAnApplicationSickOnceItHasBeenUp) {
    auto app = std::make_unique<peer>([](int connection) { peer::wait_for_end(connection); });
    monitor_setup setup;
    exchange::application_health application, never;
    setup.applications.push_back({app->where(), &application});
    setup.applications.push_back({nowhere(), &never});
    setup.application_check = quick();
    health_monitor monitor{setup};
    monitor.start();
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (!monitor.board().look()[0].up && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
    app.reset();
    while (!application.sick() && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(5ms);
    EXPECT_TRUE(application.sick());
    EXPECT_THAT(application.why(), HasSubstr("Connection refused"));
    EXPECT_FALSE(never.sick()) << "it may only need longer to start";
    EXPECT_EQ(monitor.verdict().state, health_state::starting);
}

TEST(HealthMonitor, NoticesByTrafficBeforeTheNextProbe) {
    peer app{[](int connection) { peer::wait_for_end(connection); }};
    monitor_setup setup;
    exchange::application_health application;
    setup.applications.push_back({app.where(), &application});
    setup.application_check = quick(1, 3);
    setup.application_check.every = 60s;
    health_monitor monitor{setup};
    listener ears;
    monitor.subscribe(ears.ear());
    monitor.start();
    ASSERT_TRUE(ears.hears(health_state::healthy));
    application.note(false);
    application.note(false);
    EXPECT_FALSE(ears.hears(health_state::unhealthy, 300ms));
    application.note(false);
    application.note(false);  // the fourth since it came up: one change in `rise` + `fall` results
    EXPECT_TRUE(ears.hears(health_state::unhealthy));
    EXPECT_TRUE(application.sick());
    EXPECT_TRUE(ears.hears(health_state::healthy)) << "it is asked more often now, and answers";
}

/// 200 endpoints that never answer, and one that is fine and has to be noticed when it is not.
TEST(HealthMonitor, IsNotHeldUpByTargetsThatNeverAnswer) {
    peer silent{[](int connection) { peer::wait_for_end(connection); }};  // one connection after the other
    auto app = std::make_unique<peer>([](int connection) { peer::wait_for_end(connection); });
    monitor_setup setup;
    setup.applications.push_back({app->where(), nullptr});
    setup.application_check = quick();
    for (int i = 0; i < 200; ++i) {
        auto& upstream = setup.upstreams["silent-" + std::to_string(i)];
        upstream.endpoints = {{silent.where(), false}};
        upstream.health = quick();
        upstream.health->http = "/";
        upstream.health->timeout = 1s;
    }
    std::atomic<int> held{0};
    setup.hold_out = [&](const std::string&, const config::upstream_endpoint&, bool down, const std::string&) {
        if (down) ++held;
    };
    health_monitor monitor{setup};
    listener ears;
    monitor.subscribe(ears.ear());
    monitor.start();
    EXPECT_TRUE(ears.hears(health_state::degraded, 10s));
    std::this_thread::sleep_for(1s);
    const auto gone = std::chrono::steady_clock::now();
    app.reset();
    EXPECT_TRUE(ears.hears(health_state::unhealthy, 5s));
    EXPECT_LT(std::chrono::steady_clock::now() - gone, 1500ms);
    EXPECT_GT(held, 0);
    const auto stops = std::chrono::steady_clock::now();
    monitor.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - stops, 900ms) << "probes under way are broken off";
}

TEST(HealthMonitor, TakesOverOtherEndpoints) {
    peer good{[](int connection) { peer::wait_for_end(connection); }};
    monitor_setup setup;
    auto& upstream = setup.upstreams["stock"];
    upstream.health = quick();
    health_monitor monitor{setup};
    listener ears;
    monitor.subscribe(ears.ear());
    monitor.start();
    EXPECT_TRUE(ears.hears(health_state::degraded));
    EXPECT_EQ(ears.last().why(), "upstream stock: it has no endpoints");
    monitor.use_endpoints("stock", {{good.where(), false}});
    EXPECT_TRUE(ears.hears(health_state::healthy));
    monitor.use_endpoints("stock", {{nowhere(), false}});
    EXPECT_TRUE(ears.hears(health_state::degraded));
    monitor.use_endpoints("unknown", {{nowhere(), false}});
    monitor.use_endpoints("stock", {{good.where(), false}, {nowhere(), false}});
    EXPECT_TRUE(ears.hears(health_state::healthy));
    EXPECT_EQ(monitor.board().look().size(), 2U);
}

TEST(HealthMonitor, EndsInTheMiddleOfEverything) {
    peer silent{[](int connection) { peer::wait_for_end(connection); }};
    for (int i = 0; i < 20; ++i) {
        monitor_setup setup;
        setup.applications.push_back({silent.where(), nullptr});
        setup.application_check = quick();
        setup.application_check.command = {"/bin/sleep", "60"};
        auto& upstream = setup.upstreams["stock"];
        upstream.endpoints = {{silent.where(), false}, {nowhere(), false}};
        upstream.health = quick();
        upstream.health->grpc = "";
        setup.clusters["main"].brokers = {silent.where()};
        setup.clusters["main"].health = quick();
        health_monitor monitor{setup};
        monitor.start();
        std::this_thread::sleep_for(std::chrono::milliseconds{i * 10});
    }
}

}  // namespace
}  // namespace outrider::discovery
