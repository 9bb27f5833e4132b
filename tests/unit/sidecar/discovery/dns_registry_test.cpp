// Against a DNS server in this process, also a hostile one.

#include "sidecar/discovery/dns_registry.hpp"

#include <algorithm>
#include <condition_variable>

#include <gtest/gtest.h>

#include "sidecar/config/endpoint.hpp"
#include "tests/support/dns_server.hpp"

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
using namespace outrider::test;

struct heard {
    std::mutex mutex;
    std::condition_variable changed;
    std::string last, failure;
    unsigned lists = 0, failures = 0;

    watch_listener listener() {
        return {[this](const member_list& list) {
                    const std::lock_guard lock(mutex);
                    last.clear();
                    for (const auto& each : list) last += (last.empty() ? "" : " ") + config::to_text(each);
                    ++lists;
                    changed.notify_all();
                },
                [this](const std::string& why) {
                    const std::lock_guard lock(mutex);
                    failure = why;
                    ++failures;
                    changed.notify_all();
                }};
    }
    bool wait_for(const std::string& list) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 20s, [&] { return lists > 0 && last == list; });
    }
    bool wait_for_failure(unsigned count = 1) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 20s, [&] { return failures >= count; });
    }
};

TEST(DnsRegistry, AsksAgainWhenTheTimeToLiveIsOver) {
    dns_server server;
    server.set("stock.internal", {a_record("stock.internal", "10.0.0.1", 1)});
    dns_registry dns{server.address()};
    heard got;
    auto watch = dns.watch("stock.internal:8080", got.listener());
    ASSERT_TRUE(got.wait_for("10.0.0.1:8080"));
    server.set("stock.internal", {a_record("stock.internal", "10.0.0.2", 1), aaaa_record("stock.internal", "::1", 1)});
    ASSERT_TRUE(got.wait_for("10.0.0.2:8080 [::1]:8080"));
    server.forget("stock.internal");
    ASSERT_TRUE(got.wait_for("")) << "a name that is not there is an answer";
    EXPECT_EQ(got.failures, 0U);
    EXPECT_TRUE(dns.look().reachable);
}

TEST(DnsRegistry, FollowsServiceRecords) {
    dns_server server;
    server.set("_http._tcp.stock", {srv_record_of("_http._tcp.stock", 1, 8080, "s1.stock"),
                                    srv_record_of("_http._tcp.stock", 1, 8081, "s2.stock"),
                                    srv_record_of("_http._tcp.stock", 2, 8082, "s3.stock")});
    for (int i = 1; i <= 3; ++i) {
        const auto name = "s" + std::to_string(i) + ".stock";
        server.set(name, {a_record(name, "10.0.0." + std::to_string(i))});
    }
    dns_registry dns{server.address()};
    heard got;
    auto watch = dns.watch("_http._tcp.stock", got.listener());
    EXPECT_TRUE(got.wait_for("10.0.0.1:8080 10.0.0.2:8081"));
}

TEST(DnsRegistry, LooksAgainByTcpWhenAnAnswerIsCutOff) {
    dns_server server;
    server.truncate = true;
    std::vector<dns_record> many;
    for (int i = 0; i < 250; ++i) many.push_back(a_record("stock.internal", "10.0.0." + std::to_string(i)));
    server.set("stock.internal", many);
    dns_registry dns{server.address()};
    heard got;
    auto watch = dns.watch("stock.internal:80", got.listener());
    std::unique_lock lock(got.mutex);
    ASSERT_TRUE(got.changed.wait_for(lock, 20s, [&] { return got.lists > 0; }));
    EXPECT_EQ(std::count(got.last.begin(), got.last.end(), ' '), 249);
    EXPECT_GT(server.by_tcp, 0U);
}

TEST(DnsRegistry, TheNextServerIsAskedWhenOneFails) {
    dns_server sick, well;
    sick.response_code = 2;
    well.set("stock.internal", {a_record("stock.internal", "10.0.0.1")});
    dns_registry dns{sick.address() + "," + well.address()};
    heard got;
    auto watch = dns.watch("stock.internal:80", got.listener());
    EXPECT_TRUE(got.wait_for("10.0.0.1:80"));
    EXPECT_GT(sick.by_udp, 0U);
}

TEST(DnsRegistry, AServerThatFailsIsAFailureAndNoEmptyList) {
    dns_server server;
    server.set("stock.internal", {a_record("stock.internal", "10.0.0.1", 1)});
    dns_registry dns{server.address()};
    heard got;
    auto watch = dns.watch("stock.internal:80", got.listener());
    ASSERT_TRUE(got.wait_for("10.0.0.1:80"));
    server.response_code = 2;
    ASSERT_TRUE(got.wait_for_failure());
    EXPECT_EQ(got.last, "10.0.0.1:80");
    EXPECT_NE(got.failure.find("stock.internal"), std::string::npos) << got.failure;
    EXPECT_FALSE(dns.look().reachable);
    EXPECT_GE(dns.look().failures, 1U);
    const auto lists = got.lists;
    server.response_code = 0;
    std::unique_lock lock(got.mutex);
    EXPECT_TRUE(got.changed.wait_for(lock, 20s, [&] { return got.lists > lists; }));
}

TEST(DnsRegistry, AServerThatIsSilentIsAFailureWithinSeconds) {
    dns_server server;
    server.silent = true;
    dns_registry dns{server.address()};
    heard got;
    const auto began = std::chrono::steady_clock::now();
    auto watch = dns.watch("stock.internal:80", got.listener());
    ASSERT_TRUE(got.wait_for_failure());
    EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
    EXPECT_EQ(got.lists, 0U);
}

TEST(DnsRegistry, EndsAtOnceWhileAServerIsSilent) {
    dns_server server;
    server.silent = true;
    heard got;
    const auto began = std::chrono::steady_clock::now();
    {
        dns_registry dns{server.address()};
        auto watch = dns.watch("stock.internal:80", got.listener());
        while (server.by_udp == 0) std::this_thread::sleep_for(1ms);
        watch.reset();
    }
    EXPECT_LT(std::chrono::steady_clock::now() - began, 1s);
    EXPECT_EQ(got.failures, 0U);
}

TEST(DnsRegistry, NonsenseIsAFailure) {
    dns_server server;
    server.set("stock.internal", {a_record("stock.internal", "10.0.0.1", 1)});
    // The answer's first record is longer than the message.
    server.spoil_by([](std::string whole) {
        if (whole.size() > 4) whole[whole.size() - 6] = '\x7f';
        return whole;
    });
    dns_registry dns{server.address()};
    heard got;
    auto watch = dns.watch("stock.internal:80", got.listener());
    ASSERT_TRUE(got.wait_for_failure());
    EXPECT_EQ(got.lists, 0U);
}

TEST(DnsRegistry, NobodyListeningIsAFailure) {
    std::string address;
    {
        const dns_server gone;
        address = gone.address();
    }
    dns_registry dns{address};
    heard got;
    auto watch = dns.watch("stock.internal:80", got.listener());
    ASSERT_TRUE(got.wait_for_failure());
    EXPECT_FALSE(dns.look().reachable);
}

}  // namespace
}  // namespace outrider::discovery
