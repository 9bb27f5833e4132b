// Attempts under policies: retries, breakers and balancing.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/governed_session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using governance::breaker;

TEST(SessionAttempts, AStatusThatIsListedIsTriedAgainAndItsConnectionServesOn) {
    auto by = a_policy();
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(2, status(503), s.origin);
    auto seen = s.converse(get());
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 200")) << seen;
    EXPECT_EQ(s.origin.requests.size(), 3U);
    EXPECT_EQ(s.origin.connections, 1);
    EXPECT_EQ(s.path->metrics.attempts[0].value(), 3U);
}

TEST(SessionAttempts, TheLastAnswerGoesToTheClientWhenNoAttemptIsLeft) {
    auto by = a_policy();
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = [](const received&) { return status(503, "", "sorry"); };
    auto seen = s.converse(get());
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 503")) << seen;
    EXPECT_TRUE(seen.ends_with("sorry")) << seen;
    EXPECT_EQ(s.origin.requests.size(), 3U);
}

TEST(SessionAttempts, AnAnswerThatIsNotHereAsAWholeIsDroppedWithItsConnection) {
    auto by = a_policy();
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(1, {"HTTP/1.1 503 x\r\nContent-Length: 100\r\n\r\nonly a part"}, s.origin);
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(s.origin.connections, 2);
}

TEST(SessionAttempts, APostIsSentOnceUnlessAskedFor) {
    const std::string post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    for (bool unsafe : {false, true}) {
        auto by = a_policy();
        by.retry = retries();
        by.retry->unsafe_methods = unsafe;
        governed_session s(std::move(by));
        s.origin.on_request = after(1, status(503), s.origin);
        EXPECT_TRUE(s.converse(post).starts_with(unsafe ? "HTTP/1.1 200" : "HTTP/1.1 503"));
        ASSERT_EQ(s.origin.requests.size(), unsafe ? 2U : 1U);
        EXPECT_EQ(s.origin.requests.back().body, "body");
    }
}

TEST(SessionAttempts, AResetBeforeAnAnswerIsTriedAgain) {
    auto by = a_policy();
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(2, {"", false, true}, s.origin);
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(s.origin.requests.size(), 3U);
}

TEST(SessionAttempts, AResetWithinAnAnswerIsNot) {
    auto by = a_policy();
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(1, {"HTTP/1.1 200 x\r\nContent-", false, true}, s.origin);
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 502"));
    EXPECT_EQ(s.origin.requests.size(), 1U);
}

TEST(SessionAttempts, AnAttemptThatTakesTooLongIsTriedAgain) {
    auto by = a_policy();
    by.retry = retries();
    by.timeout.emplace();
    by.timeout->first_byte = 60ms;
    governed_session s(std::move(by));
    s.origin.on_request = after(1, {""}, s.origin);
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(s.origin.requests.size(), 2U);
}

/// Bodies that come behind their head are kept while they go up, chunked ones as they were framed.
TEST(SessionAttempts, AStreamedBodyIsReplayedAsItWas) {
    for (auto first : {status(503), reply{"", false, true}}) {
        auto by = a_policy();
        by.retry = retries();
        governed_session s(std::move(by));
        s.origin.on_request = after(1, first, s.origin);
        auto client = s.connect();
        s.send(client, "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
        ASSERT_TRUE(s.turn_until([&] { return s.origin.connections == 1; }));
        s.send(client, "2\r\nde\r\n0\r\nSum: 5\r\n\r\n");
        ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("ok"); })) << client->seen;
        s.end(client);
        ASSERT_TRUE(s.turn_until([&] { return client->ended; }));
        client->stream.close();
        ASSERT_EQ(s.origin.requests.size(), 2U);
        for (const auto& each : s.origin.requests) {
            EXPECT_EQ(each.body, "abcde");
            EXPECT_EQ(each.trailers, "Sum: 5\r\n");
        }
    }
}

TEST(SessionAttempts, ABodyThatIsTooLargeToKeepIsForwardedOnce) {
    for (bool chunked : {false, true}) {
        auto by = a_policy();
        by.retry = retries();
        governed_session s(std::move(by), [](config::settings& c) { c.limits.replay_bytes = 1'000; });
        s.origin.on_request = [](const received&) { return status(503); };
        std::string body(5'000, 'b');
        auto request =
            chunked ? "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + body + "\r\n0\r\n\r\n"
                    : "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n" + body;
        EXPECT_TRUE(s.converse(request).starts_with("HTTP/1.1 503"));
        ASSERT_EQ(s.origin.requests.size(), 1U);
        EXPECT_EQ(s.origin.requests[0].body, body);
    }
}

TEST(SessionAttempts, RetryAfterIsWaitedForWhenItIsShort) {
    auto by = a_policy();
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(1, status(503, "Retry-After: 1\r\n"), s.origin);
    auto started = now();
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 200"));
    EXPECT_GE(now() - started, 1s);
}

TEST(SessionAttempts, ALongRetryAfterGoesToTheClient) {
    for (auto when : {"2", "Sun, 06 Nov 2094 08:49:37 GMT"}) {
        auto by = a_policy();
        by.retry = retries();
        governed_session s(std::move(by));
        s.origin.on_request = [when](const received&) {
            return status(503, "Retry-After: " + std::string{when} + "\r\n");
        };
        auto seen = s.converse(get());
        EXPECT_NE(seen.find("Retry-After: " + std::string{when}), std::string::npos) << seen;
        EXPECT_EQ(s.origin.requests.size(), 1U);
    }
}

TEST(SessionAttempts, ABreakerThatOpensMeanwhileKeepsTheAnswerThatThereIs) {
    auto by = a_policy();
    by.retry = retries();
    by.breakers.emplace_back();
    by.breakers[0].consecutive = 2;
    governed_session s(std::move(by));
    s.origin.on_request = [](const received&) { return status(503, "", "sorry"); };
    auto seen = s.converse(get());
    EXPECT_TRUE(seen.ends_with("sorry")) << seen;
    EXPECT_EQ(s.origin.requests.size(), 2U) << "the third attempt had no leave";
    EXPECT_EQ(s.guard().look(now()).state, breaker::state::open);
    EXPECT_EQ(s.spans().size(), 1U);
    seen = s.converse(get());
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 503")) << seen;
    EXPECT_NE(seen.find("Proxy-Status: outrider; error=destination_unavailable"), std::string::npos) << seen;
    EXPECT_EQ(s.origin.requests.size(), 2U) << "an open breaker asks nothing of the upstream";
    EXPECT_EQ(s.path->metrics.attempts[0].value(), 2U);
}

TEST(SessionAttempts, ABreakerLearnsAtTheHeadAndFromFailuresToConnect) {
    auto by = a_policy();
    by.breakers.emplace_back();
    by.breakers[0].consecutive = 1;
    governed_session s(std::move(by));
    s.origin.on_request = [](const received&) { return reply{"HTTP/1.1 500 x\r\nContent-Length: 9\r\n\r\nnot"}; };
    auto client = s.connect();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("not"); }));
    EXPECT_EQ(s.guard().look(now()).state, breaker::state::open) << "while the body is still on its way";
    client->stream.close();
    config::upstream nowhere;
    nowhere.endpoints.push_back({{"127.0.0.1", 1}, false});
    s.role.fixed = std::make_shared<upstream>("nowhere", 0, nowhere, nullptr);
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 502"));
    EXPECT_EQ(s.compiled().breakers[0].breakers->of("nowhere", now()).look(now()).state, breaker::state::open);
}

TEST(SessionAttempts, AnEndpointThatFailedIsNotTriedAgainWhileThereIsAnother) {
    auto by = a_policy();
    by.retry = retries();
    governed_session s(std::move(by));
    s.double_endpoints();
    for (int i = 0; i < 20; ++i) {
        auto before = s.role.fixed->endpoints()->balancer->look(now());
        s.origin.requests.clear();
        s.origin.on_request = after(1, status(503), s.origin);
        ASSERT_TRUE(s.converse(get()).starts_with("HTTP/1.1 200"));
        auto then = s.role.fixed->endpoints()->balancer->look(now());
        for (int e = 0; e < 2; ++e) EXPECT_EQ(then[e].calls, before[e].calls + 1);
    }
    for (const auto& each : s.role.fixed->endpoints()->balancer->look(now())) EXPECT_EQ(each.under_way, 0U);
}

}  // namespace
}  // namespace outrider::http
