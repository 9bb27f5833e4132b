// Attempts under policies: retries, breakers, balancing and deadlines, and that whatever breaks, everything that was
// taken for an attempt is given back.

#include <gtest/gtest.h>

#include "governance/breaker_table.hpp"
#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using governance::breaker;
using governance::policy;

governance::time_point now() { return net::steady_clock::now(); }

policy for_application(std::string name) {
    policy out;
    out.name = std::move(name);
    out.match.kind = governance::traffic::inbound;
    return out;
}

governance::retry_rule retries(std::vector<int> statuses = {503}) {
    governance::retry_rule out;
    out.on_reset = out.on_timeout = true;
    out.statuses = std::move(statuses);
    out.attempts = 3;
    out.backoff = out.longest_backoff = 1ms;
    return out;
}

/// A session whose inbound exchanges go by one policy.
struct governed_session : session {
    explicit governed_session(policy by, std::function<void(config::settings&)> configure = {})
        : session(std::move(configure)),
          set(governance::policy_set::compile({std::move(by)}, nullptr, {.now = now()})) {
        path->governor.use(set);
    }
    const governance::compiled_policy& compiled() const { return set->policies().front(); }
    breaker& guard() { return compiled().breakers.front().breakers->of("app", now()); }
    /// Two endpoints, both the origin.
    void double_endpoints() {
        config::upstream app;
        app.endpoints.assign(2, {{"127.0.0.1", origin.port()}, false});
        role.fixed = std::make_shared<upstream>("app", 0, app, nullptr);
        role.fixed->choose_by(std::make_shared<governance::balancer>(2, now()));
    }
    std::shared_ptr<const governance::policy_set> set;
};

reply status(int code, std::string_view fields = "", std::string_view body = "no") {
    return {"HTTP/1.1 " + std::to_string(code) + " x\r\n" + std::string{fields} +
            "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string{body}};
}

std::string get(std::string_view more = "") { return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string{more} + "\r\n"; }

/// Answers the first `count` requests with `first`, the others with 200.
auto after(std::size_t count, reply first, const origin_server& origin) {
    return [count, first = std::move(first), &origin](const received&) {
        return origin.requests.size() <= count ? first : status(200, "", "ok");
    };
}

TEST(SessionAttempts, AStatusThatIsListedIsTriedAgainAndItsConnectionServesOn) {
    auto by = for_application("p");
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
    auto by = for_application("p");
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = [](const received&) { return status(503, "", "sorry"); };
    auto seen = s.converse(get());
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 503")) << seen;
    EXPECT_TRUE(seen.ends_with("sorry")) << seen;
    EXPECT_EQ(s.origin.requests.size(), 3U);
}

TEST(SessionAttempts, AnAnswerThatIsNotHereAsAWholeIsDroppedWithItsConnection) {
    auto by = for_application("p");
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(1, {"HTTP/1.1 503 x\r\nContent-Length: 100\r\n\r\nonly a part"}, s.origin);
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(s.origin.connections, 2);
}

TEST(SessionAttempts, APostIsSentOnceUnlessAskedFor) {
    const std::string post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody";
    for (bool unsafe : {false, true}) {
        auto by = for_application("p");
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
    auto by = for_application("p");
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(2, {"", false, true}, s.origin);
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(s.origin.requests.size(), 3U);
}

TEST(SessionAttempts, AResetWithinAnAnswerIsNot) {
    auto by = for_application("p");
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(1, {"HTTP/1.1 200 x\r\nContent-", false, true}, s.origin);
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 502"));
    EXPECT_EQ(s.origin.requests.size(), 1U);
}

TEST(SessionAttempts, AnAttemptThatTakesTooLongIsTriedAgain) {
    auto by = for_application("p");
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
        auto by = for_application("p");
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
        auto by = for_application("p");
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
    auto by = for_application("p");
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(1, status(503, "Retry-After: 1\r\n"), s.origin);
    auto started = now();
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 200"));
    EXPECT_GE(now() - started, 1s);
}

TEST(SessionAttempts, ALongRetryAfterGoesToTheClient) {
    for (auto when : {"2", "Sun, 06 Nov 2094 08:49:37 GMT"}) {
        auto by = for_application("p");
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
    auto by = for_application("p");
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
    auto by = for_application("p");
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
    auto by = for_application("p");
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

TEST(SessionAttempts, WhatIsLeftOfTheTimeGoesOnWithEachAttempt) {
    auto by = for_application("p");
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(1, status(503, "Retry-After: 1\r\n"), s.origin);
    auto seen = s.converse(get("X-Outrider-Timeout-Ms: 5000\r\ngrpc-timeout: 9S\r\n"));
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 200")) << seen;
    ASSERT_EQ(s.origin.requests.size(), 2U);
    auto left = [](const received& r) {
        auto at = r.head.find("x-outrider-timeout-ms: ");
        EXPECT_EQ(occurrences(r.head, "imeout"), 2U) << r.head;
        return at == std::string::npos ? -1 : std::atoi(r.head.c_str() + at + 23);
    };
    EXPECT_GT(left(s.origin.requests[0]), 4'000);
    EXPECT_LE(left(s.origin.requests[0]), 5'000);
    EXPECT_GT(left(s.origin.requests[1]), 2'000);
    EXPECT_LE(left(s.origin.requests[1]), 4'000);
    auto head = s.origin.requests[1].head;
    EXPECT_NE(head.find("grpc-timeout: " + std::to_string(left(s.origin.requests[1])) + "m\r\n"), std::string::npos)
        << head;
}

TEST(SessionAttempts, ATimeThatIsOverAsksNothingOfTheApplication) {
    session s;
    auto seen = s.converse(get("x-outrider-timeout-ms: 0\r\n"));
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 504")) << seen;
    EXPECT_NE(seen.find("x-outrider-timeout-ms: 0"), std::string::npos) << seen;
    EXPECT_EQ(s.origin.connections, 0);
}

TEST(SessionAttempts, TheDeadlineCutsOffAndIsForgotten) {
    session s;
    s.origin.on_request = [](const received&) { return reply{""}; };
    auto started = now();
    auto client = s.connect();
    s.send(client, get("x-outrider-timeout-ms: 200\r\n"));
    ASSERT_TRUE(s.turn_until([&] { return s.origin.requests.size() == 1; }));
    EXPECT_EQ(s.setup->deadlines->size(), 1U);
    ASSERT_TRUE(s.turn_until([&] { return !client->seen.empty(); }));
    EXPECT_TRUE(client->seen.starts_with("HTTP/1.1 504")) << client->seen;
    EXPECT_GE(now() - started, 190ms);
    EXPECT_LT(now() - started, 1s);
    EXPECT_EQ(s.setup->deadlines->size(), 0U);
    client->stream.close();
    using code = exchange::failure_code;
    EXPECT_EQ(s.path->metrics.failures[static_cast<std::size_t>(code::deadline_exceeded)].value(), 1U);
}

TEST(SessionAttempts, OneExchangesTimeIsNotTheNextOnes) {
    session s;
    auto seen = s.converse(get("x-outrider-timeout-ms: 3000\r\n") + get());
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200"), 2U) << seen;
    ASSERT_EQ(s.origin.requests.size(), 2U);
    EXPECT_EQ(s.origin.requests[1].head.find("x-outrider-timeout-ms"), std::string::npos);
}

TEST(SessionAttempts, APolicysTimesReplaceTheSettings) {
    auto by = for_application("p");
    by.timeout.emplace();
    by.timeout->first_byte = 50ms;
    governed_session s(std::move(by), [](config::settings& c) { c.timeouts.first_byte = 8s; });
    s.origin.on_request = [](const received&) { return reply{""}; };
    auto started = now();
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 504"));
    EXPECT_LT(now() - started, 2s);
}

/// A conversation with retries, a half-open breaker and two endpoints in which the Nth operation fails.
enum class side { client, upstream };

policy everything() {
    auto by = for_application("p");
    by.retry = retries({503});
    by.retry->budget = 0;
    by.retry->budget_floor = 2;
    by.breakers.emplace_back();
    by.breakers[0].consecutive = 100;
    by.breakers[0].probes = 1;
    by.breakers[0].ramp = 0ms;
    by.breakers[0].open = 10ms;
    by.concurrency.emplace_back();
    by.concurrency[0].max = 4;
    by.eject.emplace();
    by.timeout.emplace();
    by.timeout->total = 4s;
    return by;
}

void expect_all_given_back(governed_session& s, const std::string& what) {
    EXPECT_EQ(s.worker.tasks().escaped(), 0U) << what;
    EXPECT_EQ(s.setup->deadlines->size(), 0U) << what;
    for (const auto& each : s.role.fixed->endpoints()->balancer->look(now())) EXPECT_EQ(each.under_way, 0U) << what;
    EXPECT_EQ(s.compiled().concurrency[0].limiter->look().under_way, 0U) << what;
    auto& budget = *s.compiled().retry.budget;
    EXPECT_TRUE(budget.begin(now()) && budget.begin(now())) << what << ": a place of the budget is missing";
    EXPECT_FALSE(budget.begin(now())) << what << ": a place of the budget was given back twice";
    // Whatever the probe met, the breaker lets another through soon: it was reported, or given back.
    auto soon = now() + 20ms;
    EXPECT_TRUE(s.guard().ask(soon).granted) << what << ": " << name_of(s.guard().look(soon).state);
}

bool converse_with_fault(const std::string& conversation, side where, std::size_t nth) {
    governed_session s(everything());
    s.double_endpoints();
    auto plan = std::make_shared<test::fault_plan>();
    plan->fail_at = nth;
    (where == side::client ? s.client_faults : s.upstream_faults) = plan;
    s.origin.on_request = [&s](const received&) {
        return s.origin.requests.size() % 3 == 2 ? status(503) : status(200, "", "ok");
    };
    auto opened = now() - 50ms;
    s.guard().force(governance::breaker_force::open, opened);
    s.guard().force(governance::breaker_force::none, opened);
    auto what = "operation " + std::to_string(nth) + (where == side::client ? " of the client" : " of the upstream") +
                " in: " + conversation.substr(0, 40);
    auto client = s.connect();
    bool written = false;
    s.send_and_end(client, conversation, written);
    EXPECT_TRUE(s.turn_until([&] { return client->ended; })) << what;
    client->stream.close();
    EXPECT_TRUE(s.turn_until([&] { return written; })) << what;
    EXPECT_TRUE(s.turn_until_idle()) << what;
    expect_all_given_back(s, what);
    s.empty_pool();
    return plan->fired();
}

class AttemptFaults : public testing::TestWithParam<side> {};

TEST_P(AttemptFaults, AtEveryOperationGiveBackWhatWasTaken) {
    const std::string conversations[] = {
        get() + get() + get("x-outrider-timeout-ms: 2000\r\n") + get("Connection: close\r\n"),
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n" + std::string(40'000, 'u') + get(),
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nSum: 5\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nnever complete",
    };
    for (const auto& conversation : conversations) {
        std::size_t nth = 1;
        while (converse_with_fault(conversation, GetParam(), nth)) {
            ASSERT_LT(++nth, 500U);
            if (HasFailure()) return;
        }
        if (conversation.starts_with("GET")) {
            EXPECT_GT(nth, 5U) << "faults were injected at all";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(OnTheConnection, AttemptFaults, testing::Values(side::client, side::upstream),
                         [](const auto& where) {
                             return where.param == side::client ? "OfTheClient" : "ToTheUpstream";
                         });

TEST(SessionAttempts, AnExchangeThatIsBrokenOffGivesBackWhatItHolds) {
    governed_session s(everything());
    s.double_endpoints();
    s.origin.on_request = [](const received&) { return reply{""}; };
    auto client = s.connect();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return s.origin.requests.size() == 1; }));
    s.path->abort();
    ASSERT_TRUE(s.turn_until_idle());
    expect_all_given_back(s, "aborted");
    client->stream.close();
}

/// While a retry waits, the client may leave and the sidecar may stop.
TEST(SessionAttempts, APauseEndsWithTheSidecar) {
    auto by = everything();
    by.retry->backoff = by.retry->longest_backoff = 60s;
    by.timeout.reset();
    governed_session s(std::move(by));
    s.double_endpoints();
    s.origin.on_request = [](const received&) { return status(503); };
    auto client = s.connect();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return s.origin.requests.size() == 1; }));
    s.turn_until([turns = 0]() mutable { return ++turns > 5; });
    auto started = now();
    s.path->abort();
    ASSERT_TRUE(s.turn_until_idle());
    EXPECT_LT(now() - started, 1s);
    expect_all_given_back(s, "stopped");
    client->stream.close();
}

}  // namespace
}  // namespace outrider::http
