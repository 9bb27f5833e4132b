// Whatever breaks, everything that was taken for an attempt is given back.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/faulty_conversation.hpp"
#include "tests/unit/sidecar/http/governed_session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;

/// Everything that is held for an exchange or an attempt.
governance::policy everything() {
    auto by = a_policy();
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

/// @return whether the fault fired
bool converse_with_fault(const std::string& conversation, side where, std::size_t nth) {
    governed_session s(everything());
    s.double_endpoints();
    faulty_conversation faulty(s, conversation, where, nth);
    s.origin.on_request = [&s](const received&) {
        return s.origin.requests.size() % 3 == 2 ? status(503) : status(200, "", "ok");
    };
    auto opened = now() - 50ms;
    s.guard().force(governance::breaker_force::open, opened);
    s.guard().force(governance::breaker_force::none, opened);
    faulty.run();
    expect_all_given_back(s, faulty.what);
    s.empty_pool();
    return faulty.plan->fired();
}

class AttemptFaults : public testing::TestWithParam<side> {};

TEST_P(AttemptFaults, AtEveryOperationGiveBackWhatWasTaken) {
    const std::string conversations[] = {
        get() + get() + get("/", "x-outrider-timeout-ms: 2000\r\n") + get("/", "Connection: close\r\n"),
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
