// How long exchanges and their attempts may take, by policies and by what callers say.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/governed_session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;

TEST(SessionAttempts, WhatIsLeftOfTheTimeGoesOnWithEachAttempt) {
    auto by = a_policy();
    by.retry = retries();
    governed_session s(std::move(by));
    s.origin.on_request = after(1, status(503, "Retry-After: 1\r\n"), s.origin);
    auto seen = s.converse(get("/", "X-Outrider-Timeout-Ms: 5000\r\ngrpc-timeout: 9S\r\n"));
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
    auto seen = s.converse(get("/", "x-outrider-timeout-ms: 0\r\n"));
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 504")) << seen;
    EXPECT_NE(seen.find("x-outrider-timeout-ms: 0"), std::string::npos) << seen;
    EXPECT_EQ(s.origin.connections, 0);
}

TEST(SessionAttempts, TheDeadlineCutsOffAndIsForgotten) {
    session s;
    s.origin.on_request = [](const received&) { return reply{""}; };
    auto started = now();
    auto client = s.connect();
    s.send(client, get("/", "x-outrider-timeout-ms: 200\r\n"));
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
    auto seen = s.converse(get("/", "x-outrider-timeout-ms: 3000\r\n") + get());
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 200"), 2U) << seen;
    ASSERT_EQ(s.origin.requests.size(), 2U);
    EXPECT_EQ(s.origin.requests[1].head.find("x-outrider-timeout-ms"), std::string::npos);
}

TEST(SessionAttempts, APolicysTimesReplaceTheSettings) {
    auto by = a_policy();
    by.timeout.emplace();
    by.timeout->first_byte = 50ms;
    governed_session s(std::move(by), [](config::settings& c) { c.timeouts.first_byte = 8s; });
    s.origin.on_request = [](const received&) { return reply{""}; };
    auto started = now();
    EXPECT_TRUE(s.converse(get()).starts_with("HTTP/1.1 504"));
    EXPECT_LT(now() - started, 2s);
}

}  // namespace
}  // namespace outrider::http
