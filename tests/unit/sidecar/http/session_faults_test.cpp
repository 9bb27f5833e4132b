// A conversation in which the Nth operation on one side's connection fails, for every N until none does: nothing may
// crash, leak, escape, hang or be counted twice.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/faulty_conversation.hpp"
#include "tests/unit/sidecar/http/governed_session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;

/// A little of everything: keep-alive, uploads that are complete, chunked or slow, answers of every framing, an early
/// one, one that closes, a tunnel.
reply answer_to(const received& r) {
    if (r.target == "/chunked")
        return {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nSum: 1\r\n\r\n"};
    if (r.target == "/large") return {"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + std::string(400'000, 'l')};
    if (r.target == "/until-close") return {"HTTP/1.1 200 OK\r\n\r\nto the end", true};
    if (r.target == "/tunnel")
        return {"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nframe", true};
    return {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
}

const std::string conversations[] = {
    "GET /plain HTTP/1.1\r\nHost: a\r\n\r\nGET /chunked HTTP/1.1\r\nHost: a\r\n\r\nHEAD /plain HTTP/1.1\r\nHost: "
    "a\r\n\r\nGET /until-close HTTP/1.1\r\nHost: a\r\n\r\nGET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyPOST /plain HTTP/1.1\r\nHost: "
    "a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\n\r\nGET /plain HTTP/1.0\r\n\r\n",
    "POST /large HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'u') +
        "GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
    "POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nnever complete",
    "POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(50'000, 'e'),
    "GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n" + std::string(40'000, 'w'),
    "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
};

void expect_all_accounted_for(session& s, const std::string& what) {
    auto& metrics = s.path->metrics;
    EXPECT_EQ(s.worker.tasks().escaped(), 0U) << what;
    EXPECT_EQ(metrics.connections_open.value(), 0U) << what;
    EXPECT_EQ(metrics.connections_accepted.value(), 1U) << what;
    std::uint64_t observed = 0, failed = 0;
    for (const auto& histogram : metrics.durations)
        for (const auto& bucket : histogram.buckets) observed += bucket.value();
    for (const auto& each : metrics.failures) failed += each.value();
    auto counted = requests_counted(s);
    EXPECT_EQ(observed, counted) << what;
    EXPECT_LE(failed, counted) << what;
    EXPECT_EQ(s.spans().size(), counted) << what << ": every exchange has its span";
    EXPECT_EQ(s.span_sink.dropped(), 0U) << what;
    std::uint64_t attempts = 0, failed_attempts = 0;
    for (const auto& each : metrics.attempts) attempts += each.value();
    for (const auto& each : metrics.failed_attempts) failed_attempts += each.value();
    EXPECT_LE(failed_attempts, attempts) << what;
    EXPECT_LE(attempts, counted + metrics.stale_retries.value()) << what;
}

/// Rules of every kind that hold or copy something, and refuse nothing.
std::vector<governance::policy> holding_policies() {
    auto policy = a_policy();
    policy.concurrency = {slots(1, 1)};
    policy.limits = {a_limit(1e9, 1e9), a_limit(1e9, 1e9)};
    policy.limits[1].of = governance::measure::bytes;
    policy.breakers.emplace_back().consecutive = 1'000;
    policy.fallback.emplace();
    policy.fallback->stale = std::chrono::seconds{30};
    policy.fallback->statuses = {413};
    policy.fallback->has_body = true;
    return {policy};
}

/// @return whether the fault fired
bool converse_with_fault(const std::string& conversation, side where, std::size_t nth) {
    session s([](config::settings& c) {
        c.timeouts.body = c.timeouts.first_byte = c.timeouts.head = c.timeouts.tunnel = 4s;
    });
    faulty_conversation faulty(s, conversation, where, nth);
    const auto& what = faulty.what;
    auto policies = use(s, holding_policies());
    s.origin.on_request = answer_to;
    s.origin.on_head = [](const received& r) {
        return r.target == "/early" ? std::string{"HTTP/1.1 413 x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"}
                                    : std::string{};
    };
    auto started = net::steady_clock::now();
    faulty.run();
    EXPECT_LT(net::steady_clock::now() - started, 3s) << what << ": only a deadline ended it";
    expect_all_accounted_for(s, what);
    EXPECT_EQ(slots_of(*policies).under_way, 0U) << what;
    EXPECT_EQ(slots_of(*policies).waiting, 0U) << what;
    s.empty_pool();
    return faulty.plan->fired();
}

class SessionFaults : public testing::TestWithParam<side> {};

TEST_P(SessionFaults, AtEveryOperationEndTheExchangeAndNothingElse) {
    for (const auto& conversation : conversations) {
        std::size_t nth = 1;
        while (converse_with_fault(conversation, GetParam(), nth)) {
            ASSERT_LT(++nth, 2'000U);
            if (HasFailure()) return;
        }
        if (conversation.starts_with("GET /plain")) {
            EXPECT_GT(nth, 5U) << "faults were injected at all";
        }
    }
}

INSTANTIATE_TEST_SUITE_P(OnTheConnection, SessionFaults, testing::Values(side::client, side::upstream),
                         [](const auto& where) {
                             return where.param == side::client ? "OfTheClient" : "ToTheUpstream";
                         });

}  // namespace
}  // namespace outrider::http
