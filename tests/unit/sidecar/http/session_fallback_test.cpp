// Answers in place of refusals and failures.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/governed_session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using governance::rule_outcome;

const std::string get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string last_get = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

std::string post(const std::string& more = "") {
    return "POST /a HTTP/1.1\r\nHost: a\r\n" + more + "Connection: close\r\nContent-Length: 4\r\n\r\nbody";
}

governance::policy with_body(std::string body = "{\"stock\":\"unknown\"}") {
    auto policy = a_policy("backup");
    policy.fallback.emplace();
    policy.fallback->body = std::move(body);
    policy.fallback->has_body = true;
    return policy;
}

governance::policy with_stale(std::chrono::milliseconds stale = 30s) {
    auto policy = a_policy("backup");
    policy.fallback.emplace();
    policy.fallback->stale = stale;
    return policy;
}

/// An origin that answers well the first time, and then closes without an answer.
std::function<reply(const received&)> well_once(const std::string& fields = "") {
    return [fields, times = 0](const received&) mutable {
        if (++times > 1) return reply{"", true};
        return reply{"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n" + fields + "Content-Length: 4\r\n\r\ngood",
                     true};
    };
}

TEST(Fallback, AnswersForAnUpstreamThatDoesNot) {
    session s;
    s.origin.on_request = [](const received&) { return reply{"", true}; };
    use(s, {with_body()});
    auto seen = s.converse(post());
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 OK\r\n"), 1U) << seen;
    EXPECT_EQ(occurrences(seen, "\r\nOutrider-Fallback: backup\r\n"), 1U);
    EXPECT_EQ(occurrences(seen, "\r\nContent-Type: application/json\r\n"), 1U);
    EXPECT_EQ(occurrences(seen, "\r\nCache-Control: no-store\r\n"), 1U);
    EXPECT_EQ(occurrences(seen, "\r\nProxy-Status: outrider; error=connection_terminated\r\n"), 1U);
    EXPECT_TRUE(seen.ends_with("\r\n\r\n{\"stock\":\"unknown\"}"));
    EXPECT_EQ(counted(s, "fallback", rule_outcome::replaced), 1U);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "outrider.fallback"), "backup");
    EXPECT_EQ(spans[0].status, tracing::status_code::unset);
}

TEST(Fallback, ReplacesTheStatusesItNamesAndKeepsBothConnections) {
    session s;
    s.origin.on_request = [](const received& r) {
        return reply{"HTTP/1.1 " + r.target.substr(1) + " x\r\nContent-Length: 3\r\n\r\nbad"};
    };
    auto policy = with_body();
    policy.fallback->statuses = {503};
    policy.concurrency = {slots(1)};
    auto set = use(s, {policy});
    auto seen = s.converse(
        "GET /503 HTTP/1.1\r\nHost: a\r\n\r\nGET /500 HTTP/1.1\r\nHost: a\r\n\r\nGET /503 HTTP/1.1\r\nHost: "
        "a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 OK\r\n"), 2U) << seen;
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 500 x\r\n"), 1U);
    EXPECT_EQ(occurrences(seen, "bad"), 1U);
    EXPECT_EQ(occurrences(seen, "\r\nProxy-Status: outrider; received-status=503\r\n"), 2U);
    EXPECT_EQ(s.origin.connections, 1) << "short answers are read to their end";
    EXPECT_EQ(slots_of(*set).under_way, 0U);
}

TEST(Fallback, DropsTheConnectionOfALongAnswerThatItReplaces) {
    session s;
    s.origin.on_request = [](const received&) {
        return reply{"HTTP/1.1 503 x\r\nContent-Length: 400000\r\n\r\n" + std::string(400'000, 'b')};
    };
    auto policy = with_body();
    policy.fallback->statuses = {503};
    use(s, {policy});
    auto seen = s.converse(get + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 OK\r\n"), 2U);
    EXPECT_EQ(occurrences(seen, "bbb"), 0U);
    EXPECT_EQ(s.origin.connections, 2);
}

TEST(Fallback, AnswersForALimitThatDegradesOnly) {
    for (auto over : {governance::over_limit::degrade, governance::over_limit::reject}) {
        session s;
        auto policy = with_body();
        policy.limits = {a_limit(0.1, 1)};
        policy.limits[0].over = over;
        use(s, {policy});
        auto seen = s.converse(get + last_get);
        bool degrades = over == governance::over_limit::degrade;
        EXPECT_EQ(occurrences(seen, "Outrider-Fallback: backup"), degrades ? 1U : 0U) << seen;
        EXPECT_EQ(occurrences(seen, "HTTP/1.1 429 "), degrades ? 0U : 1U);
        EXPECT_EQ(counted(s, "limit", degrades ? rule_outcome::degraded : rule_outcome::refused), 1U);
        auto spans = s.spans();
        ASSERT_EQ(spans.size(), 2U);
        EXPECT_EQ(tracing::text_attribute(spans[1].attributes, "outrider.decision"), degrades ? "degraded" : "refused");
        EXPECT_EQ(tracing::text_attribute(spans[1].attributes, "outrider.rule"), "limit");
    }
}

TEST(Fallback, IsNotAskedWhereThePolicySaysSo) {
    session s;
    s.origin.on_request = [](const received&) { return reply{"", true}; };
    auto policy = with_body();
    policy.fallback->on_failed = false;
    use(s, {policy});
    EXPECT_EQ(occurrences(s.converse(post()), "HTTP/1.1 502 "), 1U);
}

TEST(LastGoodAnswer, IsGivenAgainWhileTheUpstreamFails) {
    session s;
    s.origin.on_request = well_once("X-Own: 1\r\nDate: Sat, 21 Nov 2026 03:00:00 GMT\r\nKeep-Alive: timeout=5\r\n");
    use(s, {with_stale()});
    auto seen = s.converse(get + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 OK\r\n"), 2U) << seen;
    EXPECT_EQ(occurrences(seen, "\r\nX-Own: 1\r\n"), 2U);
    EXPECT_EQ(occurrences(seen, "\r\nDate: Sat, 21 Nov 2026 03:00:00 GMT\r\n"), 2U);
    EXPECT_EQ(occurrences(seen, "\r\nDate: "), 2U) << "its own only";
    EXPECT_EQ(occurrences(seen, "Keep-Alive"), 0U);
    EXPECT_EQ(occurrences(seen, "\r\nAge: 0\r\nOutrider-Fallback: backup\r\n"), 1U);
    EXPECT_TRUE(seen.ends_with("\r\n\r\ngood"));
}

TEST(LastGoodAnswer, AnswersHeadWithItsHead) {
    session s;
    s.origin.on_request = well_once();
    use(s, {with_stale()});
    auto seen = s.converse(get + "HEAD /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(occurrences(seen, "Content-Length: 4\r\n"), 2U) << seen;
    EXPECT_EQ(occurrences(seen, "\r\n\r\ngood"), 1U);
}

TEST(LastGoodAnswer, IsCopiedFromChunksWhileTheyPass) {
    session s;
    s.origin.on_request = [times = 0](const received&) mutable {
        if (++times > 1) return reply{"", true};
        return reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ngo\r\n2\r\nod\r\n0\r\nSum: 1\r\n\r\n",
                     true};
    };
    use(s, {with_stale()});
    auto seen = s.converse(get + last_get);
    EXPECT_EQ(occurrences(seen, "\r\nContent-Length: 4\r\n"), 1U) << seen;
    EXPECT_TRUE(seen.ends_with("\r\n\r\ngood"));
}

TEST(LastGoodAnswer, IsNobodysElse) {
    struct {
        std::string first, second;
    } cases[] = {{"", "Authorization: Basic eA==\r\n"},
                 {"Authorization: Basic eA==\r\n", ""},
                 {"Cookie: a=1\r\n", "Cookie: a=1\r\n"},
                 {"X-Tenant: gold\r\n", "X-Tenant: iron\r\n"},
                 {"Accept-Encoding: gzip\r\n", ""}};
    for (const auto& each : cases) {
        session s;
        s.origin.on_request = well_once();
        auto policy = with_stale();
        policy.limits = {a_limit(1'000, 1'000)};
        policy.limits[0].key = {governance::key_source::kind::header, "x-tenant"};
        use(s, {policy});
        auto seen = s.converse("GET /a HTTP/1.1\r\nHost: a\r\n" + each.first + "\r\nGET /a HTTP/1.1\r\nHost: a\r\n" +
                               each.second + "Connection: close\r\n\r\n");
        EXPECT_EQ(occurrences(seen, "good"), 1U) << each.first << each.second << seen;
        EXPECT_EQ(occurrences(seen, "HTTP/1.1 502 "), 1U);
    }
}

TEST(LastGoodAnswer, GivesWayToTheFixedOneWhenItIsTooOldOrNone) {
    session s;
    s.origin.on_request = well_once("Cache-Control: private\r\n");
    auto policy = with_body("fixed");
    policy.fallback->stale = 30s;
    use(s, {policy});
    auto seen = s.converse(get + last_get);
    EXPECT_TRUE(seen.ends_with("\r\n\r\nfixed")) << seen;
}

TEST(LastGoodAnswer, IsNotMadeOfATruncatedOne) {
    session s;
    s.origin.on_request = [](const received&) {
        return reply{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbut a part", true};
    };
    use(s, {with_stale()});
    s.converse(get);
    EXPECT_EQ(s.setup->last_good->size(), 0U);
}

TEST(LastGoodAnswer, IsNotKeptWhereNoPolicyAsksForIt) {
    session s;
    use(s, {with_body()});
    s.converse(last_get);
    EXPECT_EQ(s.setup->last_good->size(), 0U);
}

}  // namespace
}  // namespace outrider::http
