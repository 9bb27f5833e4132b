// Against a real Consul agent, and against servers that answer as a sick one.
#include "sidecar/discovery/consul_registry.hpp"

#include <gtest/gtest.h>

#include "sidecar/discovery/registry_json.hpp"
#include "tests/support/consul_server.hpp"
#include "tests/support/http_receiver.hpp"
#include "tests/unit/sidecar/discovery/listening.hpp"

namespace outrider::discovery {
namespace {

using clock = std::chrono::steady_clock;
using names = listening::names;
using test::consul_server;
using test::http_receiver;
using test::received_request;
using test::reply;

consul_options towards(const std::string& url) {
    consul_options out;
    out.address = url;
    out.self = {"stock", "1", at("10.0.0.1", 8080)};
    return out;
}

class ConsulRegistry : public testing::Test {
  protected:
    void SetUp() override {
        server = consul_server::start();
        if (!server) GTEST_SKIP() << "no Consul here; tests/support/consul.sh builds one";
    }

    /// The check's state and words, as the agent has them.
    std::pair<std::string, std::string> check() const {
        const auto checks = server->call("GET", "/v1/agent/checks");
        const auto* one = member_of(checks, "service:stock-1");
        if (one == nullptr) return {};
        return {text_of(*one, "Status"), text_of(*one, "Output")};
    }

    std::unique_ptr<consul_server> server;
};

TEST_F(ConsulRegistry, RegistersTellsEachVerdictWithinASecondAndWithdraws) {
    const auto registry = make_consul(towards(server->url()));
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({}));
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}, 1s));
    registry->publish({false, "the database is away"});
    ASSERT_TRUE(caller.sees({}, 1s));
    EXPECT_EQ(check(), std::make_pair(std::string("critical"), std::string("not ready: the database is away")));
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}, 1s));
    EXPECT_TRUE(registry->look().registered);
    registry->withdraw(2s);
    EXPECT_EQ(check().first, "") << "gone when withdraw() returns";
    EXPECT_TRUE(caller.sees({}, 1s));
    EXPECT_TRUE(caller.failures().empty());
    EXPECT_EQ(registry->look().failures, 0u);
}

TEST_F(ConsulRegistry, WithoutItsSidecarTheCheckTurnsCritical) {
    auto how = towards(server->url());
    how.ttl = 1s;
    auto registry = make_consul(how);
    registry->publish({true, ""});
    ASSERT_TRUE(comes_true([&] { return check().first == "passing"; }));
    std::this_thread::sleep_for(2s);
    EXPECT_EQ(check().first, "passing") << "refreshed";
    registry.reset();
    EXPECT_TRUE(comes_true([&] { return check().first == "critical"; }, 3s));
}

TEST_F(ConsulRegistry, AnAgentThatIsAwayLeavesTheLastListAndLearnsOfUsWhenItIsBack) {
    auto how = towards(server->url());
    how.ttl = 2s;
    const auto registry = make_consul(how);
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    server->kill();
    ASSERT_TRUE(caller.sees_failures(1));
    std::this_thread::sleep_for(500ms);
    EXPECT_EQ(caller.lists().back(), (names{"10.0.0.1:8080"}));
    ASSERT_TRUE(server->start_again());
    EXPECT_TRUE(comes_true([&] { return check().first == "passing"; }));
    EXPECT_TRUE(caller.sees({"10.0.0.1:8080"}));
    registry->publish({false, "x"});
    EXPECT_TRUE(caller.sees({})) << "its indexes are lower than they were";
}

TEST_F(ConsulRegistry, SeesOtherPeoplesInstances) {
    const auto registry = make_consul(towards(server->url()));
    listening caller;
    const auto watch = registry->watch("billing", caller.listener());
    ASSERT_TRUE(caller.sees({}));
    server->call("PUT", "/v1/agent/service/register",
                 {{"ID", "b1"}, {"Name", "billing"}, {"Port", 81}, {"Meta", {{"scheme", "https"}}}});
    EXPECT_TRUE(caller.sees({"https://127.0.0.1:81"}, 1s)) << "at the node's address";
    server->call("PUT", "/v1/agent/service/deregister/b1");
    EXPECT_TRUE(caller.sees({}, 1s));
}

TEST_F(ConsulRegistry, EverythingEndsInTimeWhenItHangs) {
    auto registry = make_consul(towards(server->url()));
    listening caller;
    auto watch = registry->watch("stock", caller.listener());
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    server->suspend();
    registry->publish({false, "x"});
    auto began = clock::now();
    registry->withdraw(300ms);
    EXPECT_LT(clock::now() - began, 500ms);
    began = clock::now();
    watch.reset();
    registry.reset();
    EXPECT_LT(clock::now() - began, 300ms);
    server->resume();
}

TEST(ConsulAcls, NeedTheToken) {
    const auto server = consul_server::start(true);
    if (!server) GTEST_SKIP() << "no Consul here; tests/support/consul.sh builds one";
    {
        const auto registry = make_consul(towards(server->url()));
        registry->publish({true, ""});
        EXPECT_TRUE(comes_true([&] { return registry->look().problem.find("Permission denied") != std::string::npos; }))
            << registry->look().problem;
        EXPECT_FALSE(registry->look().registered);
    }
    auto how = towards(server->url());
    how.token = "secret";
    const auto registry = make_consul(how);
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    registry->publish({true, ""});
    EXPECT_TRUE(caller.sees({"10.0.0.1:8080"}));
}

TEST(HostileConsul, IsAFailureWithAReason) {
    const std::pair<reply, std::string> answers[] = {
        {reply{.body = "{"}, "no list of instances"},
        {reply{.body = "{}"}, "no list of instances"},
        {reply{.body = std::string(100'000, '[')}, "no list of instances"},
        {reply{.body = std::string((16 << 20) + 1, ' ')}, "too large"},
        {reply{.status = 500, .body = "No cluster leader\x1b[0m"}, "HTTP 500, No cluster leader"},
        {reply{.status = 403, .body = "Permission denied"}, "HTTP 403, Permission denied"},
        {reply{.hang = true}, "timed out"},
        {reply{.close = true}, "end of stream"},
    };
    for (const auto& [answer, why] : answers) {
        http_receiver server([answer = answer](const received_request&) { return answer; });
        auto how = towards(server.url(""));
        how.timeout = answer.hang ? std::chrono::milliseconds{500} : std::chrono::milliseconds{20'000};
        const auto registry = make_consul(how);
        listening caller;
        const auto watch = registry->watch("stock", caller.listener());
        registry->publish({true, ""});
        ASSERT_TRUE(caller.sees_failures(1, 20s));
        EXPECT_NE(caller.failures()[0].find(why), std::string::npos) << caller.failures()[0];
        EXPECT_EQ(caller.failures()[0].find('\x1b'), std::string::npos);
    }
}

TEST(HostileConsul, AnIndexThatNeverWaitsIsAskedFiveTimesASecondAtMost) {
    for (const std::string index : {"0", "", "7", "nonsense"}) {
        http_receiver server([index](const received_request&) {
            return reply{.headers = {{"X-Consul-Index", index}}, .body = "[]"};
        });
        const auto registry = make_consul(towards(server.url("")));
        listening caller;
        const auto watch = registry->watch("stock", caller.listener());
        std::this_thread::sleep_for(1s);
        EXPECT_LE(server.request_count(), 7u) << index;
        EXPECT_EQ(caller.lists().size(), 1u);
    }
}

TEST(ConsulQueries, CarryWhatTheyShould) {
    http_receiver server([](const received_request&) {
        return reply{.headers = {{"X-Consul-Index", "41"}}, .body = "[]"};
    });
    auto how = towards(server.url("/base"));
    how.token = "secret";
    how.datacenter = "dc 2";
    const auto registry = make_consul(how);
    listening caller;
    const auto watch = registry->watch("a/b", caller.listener());
    ASSERT_TRUE(comes_true([&] { return server.request_count() >= 2; }));
    const auto requests = server.requests();
    EXPECT_EQ(requests[0].target, "/base/v1/health/service/a%2Fb?dc=dc%202");
    EXPECT_EQ(requests[1].target, "/base/v1/health/service/a%2Fb?dc=dc%202&index=41&wait=30s");
    EXPECT_EQ(requests[1].header("x-consul-token"), "secret");
}

}  // namespace
}  // namespace outrider::discovery
