// Inbound exchanges and the health of the application: what is not even tried, and what the others tell of it.

#include <gtest/gtest.h>

#include "sidecar/http/tunnel.hpp"
#include "tests/unit/sidecar/http/governed_session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using exchange::failure_code;
using governance::rule_outcome;

const std::string get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string last_get = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// A session whose application somebody watches.
struct watched : session {
    explicit watched(std::function<void(config::settings&)> configure = {})
        : session(std::move(configure)), health(setup->applications->named("app")) {
        role.application = &health;
    }
    void fall_sick() { health.say(true, "application 127.0.0.1:9000: connection refused"); }
    std::uint64_t failures(failure_code code) { return path->metrics.failures[static_cast<std::size_t>(code)].value(); }

    exchange::application_health& health;
};

TEST(SickApplication, IsNotTouchedAndTheCallerIsToldWhy) {
    watched s;
    s.fall_sick();
    auto seen = s.converse(get + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 503 Service Unavailable\r\n"), 2U) << seen;
    EXPECT_EQ(occurrences(seen, "\r\nContent-Type: application/problem+json\r\n"), 2U);
    EXPECT_EQ(occurrences(seen, "\r\nProxy-Status: outrider; error=destination_unavailable\r\n"), 2U);
    EXPECT_EQ(
        occurrences(seen, "the application is known to be unhealthy: application 127.0.0.1:9000: connection refused"),
        2U);
    EXPECT_EQ(occurrences(seen, "\r\nRetry-After: 2\r\n"), 2U) << "it fell sick just now: 1 s, and up to 1 s more";
    EXPECT_EQ(occurrences(seen, ",\"retry_after\":"), 2U);
    EXPECT_EQ(occurrences(seen, "Connection: close"), 1U) << "the first leaves its connection open";
    EXPECT_EQ(s.origin.connections, 0);
    EXPECT_EQ(s.failures(failure_code::application_unhealthy), 2U);
    EXPECT_EQ(s.health.failures_in_a_row(), 0U) << "what was not tried says nothing";
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "error.type"), "application_unhealthy");
    EXPECT_EQ(spans[0].status, tracing::status_code::error);
}

TEST(SickApplication, IsAskedAgainAtOnceWhenItIsWell) {
    watched s;
    s.fall_sick();
    auto client = s.connect();
    s.send(client, get);
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "HTTP/1.1 503 ") == 1; }));
    s.health.say(false, {});
    s.send(client, get);
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "HTTP/1.1 200 ") == 1; })) << client->seen;
    client->stream.close();
}

TEST(SickApplication, IsNoneOfTheOutboundSide) {
    watched s;
    s.fall_sick();
    s.role.kind = listener_kind::outbound;
    s.role.fixed = nullptr;
    s.role.application = nullptr;
    EXPECT_TRUE(s.converse("GET /a HTTP/1.1\r\nHost: stock\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 200"));
    s.role.fixed = s.path->router.named("stock");
}

TEST(SickApplication, LeavesTheAnswerToAFallback) {
    watched s;
    auto policy = a_policy("backup");
    policy.fallback.emplace();
    policy.fallback->body = "{\"stock\":\"unknown\"}";
    policy.fallback->has_body = true;
    policy.limits = {a_limit(0.1, 1)};
    use(s, {policy});
    s.fall_sick();
    auto seen = s.converse(get + get + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 OK\r\n"), 3U) << "it is nobody's limit that is spent: " << seen;
    EXPECT_EQ(occurrences(seen, "\r\nOutrider-Fallback: backup\r\n"), 3U);
    EXPECT_EQ(occurrences(seen, "\r\nProxy-Status: outrider; error=destination_unavailable\r\n"), 3U);
    EXPECT_EQ(counted(s, "limit", rule_outcome::passed), 0U);
    EXPECT_EQ(counted(s, "fallback", rule_outcome::replaced), 3U);
    EXPECT_EQ(s.origin.connections, 0);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 3U);
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "outrider.fallback"), "backup");
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "error.type"), "application_unhealthy");
}

TEST(SickApplication, LeavesTheAnswerToTheLastGoodOne) {
    watched s;
    auto policy = a_policy("backup");
    policy.fallback.emplace();
    policy.fallback->stale = 30s;
    use(s, {policy});
    auto client = s.connect();
    s.send(client, get);
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("\r\n\r\nok"); }));
    s.fall_sick();
    s.send(client, get + "GET /other HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "HTTP/1.1 503 ") == 1; })) << client->seen;
    EXPECT_EQ(occurrences(client->seen, "\r\nAge: 0\r\nOutrider-Fallback: backup\r\n"), 1U) << client->seen;
    EXPECT_EQ(s.origin.requests.size(), 1U);
    client->stream.close();
}

TEST(SickApplication, IsNotAskedByWhoWaitedForHisTurnMeanwhile) {
    watched s;
    auto policy = a_policy();
    policy.concurrency = {slots(1, 5)};
    auto set = use(s, {policy});
    auto first = s.connect(), second = s.connect();
    s.send(first, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha");
    ASSERT_TRUE(s.turn_until([&] { return slots_of(*set).under_way == 1; }));
    s.send(second, get);
    ASSERT_TRUE(s.turn_until([&] { return slots_of(*set).waiting == 1; }));
    s.fall_sick();
    s.send(first, "lf");
    ASSERT_TRUE(s.turn_until([&] { return !second->seen.empty(); }));
    EXPECT_TRUE(second->seen.starts_with("HTTP/1.1 503 ")) << second->seen;
    EXPECT_EQ(occurrences(second->seen, "destination_unavailable"), 1U);
    EXPECT_EQ(occurrences(first->seen, "HTTP/1.1 200 "), 1U) << "what was under way goes on";
    EXPECT_EQ(slots_of(*set).under_way, 0U);
    EXPECT_EQ(s.origin.requests.size(), 1U);
}

TEST(SickApplication, IsNotRetried) {
    watched s;
    auto policy = a_policy();
    policy.retry.emplace();
    policy.retry->statuses = {500};
    policy.retry->attempts = 3;
    use(s, {policy});
    s.origin.on_request = [&s](const received&) {
        s.fall_sick();
        return reply{"HTTP/1.1 500 x\r\nContent-Length: 3\r\n\r\nbad"};
    };
    EXPECT_TRUE(s.converse(last_get).starts_with("HTTP/1.1 500 "));
    EXPECT_EQ(s.origin.requests.size(), 1U);
}

TEST(SickApplication, IsNotConnectedToForOtherProtocols) {
    watched s;
    s.fall_sick();
    auto client = s.connect();
    s.send(client, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s + "\0\0\0\x04\0\0\0\0\0"s);
    ASSERT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(client->seen, "");
    EXPECT_EQ(s.origin.connections, 0);
    EXPECT_EQ(s.path->metrics.tunnels[static_cast<std::size_t>(exchange::tunnel_kind::http2)].value(), 1U);
}

/// How many failures in a row are known after one exchange, with one before it.
std::uint32_t after(watched& s, const std::string& request = last_get) {
    s.health.note(false);
    s.converse(request);
    return s.health.failures_in_a_row();
}

TEST(SignsOfSickness, AreGivenByWhatTheApplicationDoesNotDo) {
    {
        watched s;
        s.origin.on_request = [](const received&) { return reply{"", true}; };
        EXPECT_EQ(after(s), 2U) << "closed without an answer";
    }
    {
        watched s([](config::settings& c) { c.timeouts.first_byte = 30ms; });
        s.origin.on_request = [](const received&) { return reply{""}; };
        EXPECT_EQ(after(s), 2U) << "no answer in time";
    }
    {
        watched s([](config::settings& c) { c.timeouts.total = 30ms; });
        s.origin.on_request = [](const received&) { return reply{""}; };
        EXPECT_EQ(after(s), 2U) << "no answer in the operator's time";
    }
    {
        watched s;
        s.role.fixed->endpoints()->members[0]->configured.address.port = 1;
        EXPECT_EQ(after(s), 2U) << "does not accept";
    }
}

TEST(SignsOfSickness, AreTakenBackByAnyAnswer) {
    for (auto* status : {"200", "404", "429", "500", "503"}) {
        watched s;
        s.origin.on_request = [&](const received&) {
            return reply{"HTTP/1.1 "s + status + " x\r\nContent-Length: 0\r\n\r\n"};
        };
        EXPECT_EQ(after(s), 0U) << status;
    }
}

TEST(SignsOfSickness, AreNotGivenByCallersOrPolicies) {
    {
        watched s;
        s.origin.on_request = [](const received&) { return reply{""}; };
        EXPECT_EQ(after(s, "GET /a HTTP/1.1\r\nHost: a\r\nx-outrider-timeout-ms: 150\r\n\r\n"), 1U);
    }
    {
        watched s;
        auto policy = a_policy();
        policy.limits = {a_limit(0.1, 1)};
        use(s, {policy});
        s.converse(last_get);
        EXPECT_EQ(after(s), 1U);
    }
    {
        watched s;
        EXPECT_EQ(after(s, "GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), 1U);
    }
    {
        watched s;
        s.health.note(false);
        s.origin.on_request = [](const received&) { return reply{""}; };
        auto client = s.connect();
        s.send(client, get);
        ASSERT_TRUE(s.turn_until([&] { return s.origin.requests.size() == 1; }));
        client->stream.reset();
        ASSERT_TRUE(s.turn_until([&] { return s.path->connections() == 0; }));
        EXPECT_EQ(s.health.failures_in_a_row(), 1U) << "the client is gone";
    }
}

TEST(SignsOfSickness, AreNotGivenByAPooledConnectionThatWasClosed) {
    watched s;
    s.origin.on_request = [](const received& r) {
        if (r.request == 1) return reply{"", true};
        return reply{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    };
    auto client = s.connect();
    s.send(client, get);
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "200 OK") == 1; }));
    s.health.note(false);
    s.send(client, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "HTTP/1.1 502 ") == 1; })) << client->seen;
    EXPECT_EQ(s.health.failures_in_a_row(), 1U);
    client->stream.close();
}

}  // namespace
}  // namespace outrider::http
