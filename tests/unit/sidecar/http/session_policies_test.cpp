// Exchanges under policies: refused, delayed, counted by bytes; and that all of what they hold comes back.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/governed_session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using governance::rule_outcome;

const std::string get = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string last_get = "GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

TEST(GovernedSession, RefusesWhatIsOverALimitAndKeepsTheConnection) {
    session s;
    auto policy = a_policy();
    policy.limits = {a_limit(0.1, 2)};
    use(s, {policy});
    auto seen = s.converse(get + get + get + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 OK\r\n"), 2U) << seen;
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 429 Too Many Requests\r\n"), 2U);
    EXPECT_EQ(occurrences(seen, "\r\nRateLimit: \"guard\";r=0;t=10\r\n"), 2U);
    EXPECT_EQ(occurrences(seen, "Connection: close"), 1U);
    EXPECT_EQ(s.origin.requests.size(), 2U);
    EXPECT_EQ(counted(s, "limit", rule_outcome::refused), 2U);
    EXPECT_EQ(counted(s, "limit", rule_outcome::passed), 2U);
}

TEST(GovernedSession, PassesOverTheBodyOfARefusedRequestThatIsHere) {
    session s;
    auto policy = a_policy();
    policy.limits = {a_limit(0.1, 1)};
    use(s, {policy});
    auto body = std::string{"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"};
    auto post = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    auto seen = s.converse(get + post + post + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 "), 4U) << seen;
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 429 "), 3U);
    EXPECT_EQ(s.origin.requests.size(), 1U);
}

TEST(GovernedSession, ClosesBehindARefusalWhoseRequestIsNotHereAsAWhole) {
    for (auto* post : {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n",
                       "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
        session s;
        auto policy = a_policy();
        policy.limits = {a_limit(0, 1)};
        use(s, {policy});
        auto seen = s.converse(post + get);
        EXPECT_EQ(occurrences(seen, "HTTP/1.1 "), 1U) << seen;
        EXPECT_EQ(occurrences(seen, "\r\nConnection: close\r\n"), 1U) << seen;
        EXPECT_TRUE(s.origin.requests.empty());
    }
}

TEST(GovernedSession, AHostInOtherLettersIsTheSameHost) {
    session s;
    auto policy = a_policy();
    policy.match.host = "shop.example";
    policy.limits = {a_limit(0.1, 1)};
    policy.limits[0].key.from = governance::key_source::kind::host;
    use(s, {policy});
    auto seen = s.converse(
        "GET / HTTP/1.1\r\nHost: shop.example\r\n\r\nGET / HTTP/1.1\r\nHost: SHOP.Example:80\r\n\r\n" + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 429 "), 1U) << seen;
    EXPECT_EQ(s.origin.requests.size(), 2U);
}

TEST(GovernedSession, PacesAndAnswersAll) {
    session s;
    auto policy = a_policy();
    policy.limits = {a_limit(50, 1)};
    policy.limits[0].over = governance::over_limit::pace;
    policy.limits[0].queue = 10;
    policy.limits[0].longest_wait = 1s;
    use(s, {policy});
    auto client = s.connect();
    auto began = net::steady_clock::now();
    s.send(client, get + get + get);
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "200 OK") == 3; })) << client->seen;
    EXPECT_GE(net::steady_clock::now() - began, 39ms);
    EXPECT_EQ(counted(s, "limit", rule_outcome::waited), 2U);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 3U);
    EXPECT_EQ(tracing::text_attribute(spans[2].attributes, "outrider.decision"), "waited");
}

TEST(GovernedSession, LetsTheNextOneInWhenASlotIsGivenBack) {
    session s;
    auto policy = a_policy();
    policy.concurrency = {slots(1, 1)};
    auto set = use(s, {policy});
    auto first = s.connect(), second = s.connect(), third = s.connect();
    s.send(first, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha");
    ASSERT_TRUE(s.turn_until([&] { return slots_of(*set).under_way == 1; }));
    s.send(second, get);
    ASSERT_TRUE(s.turn_until([&] { return slots_of(*set).waiting == 1; }));
    s.send(third, get);
    ASSERT_TRUE(s.turn_until([&] { return !third->seen.empty(); }));
    EXPECT_EQ(occurrences(third->seen, "HTTP/1.1 503 "), 1U) << "the queue is full";
    EXPECT_EQ(occurrences(third->seen, "error=connection_limit_reached"), 1U);
    EXPECT_TRUE(second->seen.empty());
    s.send(first, "lf");
    ASSERT_TRUE(s.turn_until([&] { return !second->seen.empty(); }));
    EXPECT_EQ(occurrences(second->seen, "200 OK"), 1U);
    EXPECT_EQ(slots_of(*set).under_way, 0U);
}

TEST(GovernedSession, RefusesWhoWaitedTooLongForASlot) {
    session s;
    auto policy = a_policy();
    policy.concurrency = {slots(1, 1, 30ms)};
    auto set = use(s, {policy});
    auto first = s.connect(), second = s.connect();
    s.send(first, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha");
    ASSERT_TRUE(s.turn_until([&] { return slots_of(*set).under_way == 1; }));
    s.send(second, get);
    ASSERT_TRUE(s.turn_until([&] { return !second->seen.empty(); }));
    EXPECT_EQ(occurrences(second->seen, "HTTP/1.1 503 "), 1U);
    s.send(first, "lf");
    ASSERT_TRUE(s.turn_until([&] { return slots_of(*set).under_way == 0; }));
    EXPECT_EQ(slots_of(*set).waiting, 0U);
}

/// One exchange holds the only slot, and another waits for it.
struct crowded {
    explicit crowded(std::function<void(config::settings&)> configure = {}) : s(std::move(configure)) {
        auto policy = a_policy();
        policy.concurrency = {slots(1, 5)};
        set = use(s, {policy});
        first = s.connect();
        s.send(first, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha");
        EXPECT_TRUE(s.turn_until([&] { return slots_of(*set).under_way == 1; }));
        second = s.connect();
        s.send(second, get);
        EXPECT_TRUE(s.turn_until([&] { return slots_of(*set).waiting == 1; }));
    }
    session s;
    std::shared_ptr<const governance::policy_set> set;
    std::shared_ptr<session_client> first, second;
};

TEST(GovernedSession, AClientThatLeavesGivesItsPlaceInTheQueueBack) {
    crowded c;
    c.second->stream.close();
    ASSERT_TRUE(c.s.turn_until([&] { return slots_of(*c.set).waiting == 0; }));
    ASSERT_TRUE(c.s.turn_until([&] { return c.s.path->connections() == 1; }));
    EXPECT_EQ(c.s.path->metrics.failures[static_cast<std::size_t>(exchange::failure_code::client_gone)].value(), 1U);
    EXPECT_EQ(slots_of(*c.set).under_way, 1U) << "the first one goes on";
    EXPECT_TRUE(c.s.origin.requests.empty());
}

TEST(GovernedSession, TheTotalTimeoutEndsAWait) {
    crowded c([](config::settings& settings) { settings.timeouts.total = 200ms; });
    // The first one's time may be over a moment earlier, and its slot be the second one's for the rest.
    c.s.origin.on_request = [](const received&) { return reply{""}; };
    ASSERT_TRUE(c.s.turn_until([&] { return !c.second->seen.empty(); }));
    EXPECT_EQ(occurrences(c.second->seen, "HTTP/1.1 504 "), 1U) << c.second->seen;
    EXPECT_EQ(slots_of(*c.set).waiting, 0U);
}

TEST(GovernedSession, TheEndOfADrainEndsAWait) {
    crowded c;
    c.s.path->drain();
    EXPECT_EQ(slots_of(*c.set).waiting, 1U) << "it may still get its turn";
    c.s.path->abort();
    ASSERT_TRUE(c.s.turn_until_idle());
    EXPECT_EQ(slots_of(*c.set).waiting, 0U);
    EXPECT_EQ(slots_of(*c.set).under_way, 0U);
}

TEST(GovernedSession, CountsTheBytesOfAnswersAndRefusesWhoIsInDebt) {
    session s;
    s.origin.on_request = [](const received&) {
        return reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2'000, 'x') +
                     "\r\n0\r\n\r\n"};
    };
    auto policy = a_policy();
    policy.limits = {a_limit(100, 1'000)};
    policy.limits[0].of = governance::measure::bytes;
    use(s, {policy});
    auto seen = s.converse(get + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 "), 1U);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 429 "), 1U) << seen;
    EXPECT_EQ(occurrences(seen, ";q=100;w=1;qu=\"content-bytes\"\r\n"), 1U);
    EXPECT_EQ(occurrences(seen, ";r=0;t=11\r\n") + occurrences(seen, ";r=0;t=10\r\n"), 1U) << "1,000 bytes of debt";
}

TEST(GovernedSession, CountsTheBytesOfRequestsWhateverTheirFraming) {
    const std::string posts[] = {
        "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n" + std::string(2'000, 'x'),
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2'000, 'x') +
            "\r\n0\r\n\r\n"};
    for (const auto& post : posts) {
        session s;
        auto policy = a_policy();
        policy.limits = {a_limit(1, 1'000)};
        policy.limits[0].of = governance::measure::bytes;
        use(s, {policy});
        auto seen = s.converse(post + last_get);
        EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 "), 1U) << seen;
        EXPECT_EQ(occurrences(seen, "HTTP/1.1 429 "), 1U) << seen;
    }
}

TEST(GovernedSession, CountsTheBytesOfTunnels) {
    session s;
    s.origin.on_request = [](const received&) {
        return reply{"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" +
                         std::string(3'000, 'f'),
                     true};
    };
    auto policy = a_policy();
    policy.limits = {a_limit(1, 1'000)};
    policy.limits[0].of = governance::measure::bytes;
    policy.concurrency = {slots(1)};
    auto set = use(s, {policy});
    s.converse("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_EQ(slots_of(*set).under_way, 0U);
    EXPECT_EQ(occurrences(s.converse(last_get), "HTTP/1.1 429 "), 1U);
}

TEST(GovernedSession, InShadowModeLetsAllPassAndSaysWhatItWouldHaveDone) {
    session s;
    auto policy = a_policy();
    policy.mode = governance::mode::shadow;
    policy.limits = {a_limit(0.1, 1)};
    use(s, {policy});
    auto seen = s.converse(get + last_get);
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200 OK"), 2U);
    EXPECT_EQ(counted(s, "limit", rule_outcome::refused), 1U);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_FALSE(tracing::find_attribute(spans[0].attributes, "outrider.decision"));
    EXPECT_EQ(tracing::text_attribute(spans[1].attributes, "outrider.decision"), "shadow_refused");
    EXPECT_EQ(tracing::text_attribute(spans[1].attributes, "outrider.policy"), "guard");
    ASSERT_EQ(spans[1].events.size(), 1U);
    EXPECT_EQ(spans[1].events[0].name, "outrider.shadow_refused");
}

}  // namespace
}  // namespace outrider::http
