// What becomes of exchanges when a side leaves, is late or breaks the protocol.

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using exchange::failure_code;

TEST(Session, RetriesAStalePooledConnectionForGet) {
    session s;
    auto client = s.connect();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return s.role.fixed->idle() == 1; }));
    // The origin closes the pooled connection just as the next request is sent.
    s.origin.on_request = [](const received& r) {
        return r.connection == 0 ? reply{"", true} : reply{"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"};
    };
    s.send(client, get("/again"));
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("second"); })) << client->seen;
    EXPECT_EQ(s.path->metrics.stale_retries.value(), 1U);
    EXPECT_EQ(s.origin.connections, 2);
    EXPECT_EQ(s.origin.requests.size(), 3U);
}

TEST(Session, NeverSendsAPostTwice) {
    session s;
    auto client = s.connect();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return s.role.fixed->idle() == 1; }));
    s.origin.on_request = [](const received&) { return reply{"", true}; };
    s.send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nonce");
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "HTTP/1.1 502 ") == 1; })) << client->seen;
    EXPECT_EQ(
        std::count_if(s.origin.requests.begin(), s.origin.requests.end(), [](auto& r) { return r.method == "POST"; }),
        1);
    EXPECT_EQ(s.path->metrics.stale_retries.value(), 0U);
}

TEST(Session, NeverRetriesOnceAByteWasAnswered) {
    session s;
    auto client = s.connect();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return s.role.fixed->idle() == 1; }));
    s.origin.on_request = [](const received&) { return reply{"HTTP/1.1 2", true}; };
    s.send(client, get("/again"));
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "HTTP/1.1 502 ") == 1; })) << client->seen;
    EXPECT_EQ(s.origin.requests.size(), 2U);
}

TEST(Session, AnswersForAnOriginThatBreaksTheProtocol) {
    for (auto bytes : {"nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                       "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
                       "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "HTTP/1.1 200 OK\nA: b\n\n", "SSH-2.0-x\r\n"}) {
        session s;
        s.origin.on_request = [&](const received&) { return reply{bytes}; };
        auto seen = s.converse(get());
        EXPECT_TRUE(seen.starts_with("HTTP/1.1 502 ")) << bytes << " became " << seen;
        EXPECT_TRUE(s.turn_until_idle());
        EXPECT_EQ(s.role.fixed->idle(), 0U);
        EXPECT_EQ(failures(s, failure_code::upstream_malformed), 1U);
    }
}

TEST(Session, ShowsTheClientThatAnAnswerWasCutOff) {
    for (std::string bytes : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive5",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfive5\r\n",
                              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfive5\r\n0\r\n"}) {
        session s;
        s.origin.on_request = [&](const received&) { return reply{bytes, true}; };
        auto seen = s.converse(get() + get("/never"));
        EXPECT_TRUE(seen.starts_with("HTTP/1.1 200 ")) << seen;
        EXPECT_FALSE(seen.ends_with("0\r\n\r\n")) << seen;
        EXPECT_EQ(occurrences(seen, "HTTP/1.1 "), 1U) << seen;
        EXPECT_TRUE(s.turn_until_idle());
        EXPECT_EQ(failures(s, failure_code::upstream_truncated), 1U) << bytes;
    }
}

TEST(Session, AnswersWhenAMalformedBodyComesTogetherWithItsHead) {
    session s;
    s.origin.on_request = [](const received&) {
        return reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"};
    };
    auto seen = s.converse(get());
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 502 ")) << "nothing has gone out yet: " << seen;
}

TEST(Session, AnswersAndClosesAfterAMalformedRequest) {
    session s;
    auto seen = s.converse("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + get("/smuggled"));
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 400 ")) << seen;
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 "), 1U);
    EXPECT_TRUE(s.origin.requests.empty());
    EXPECT_EQ(failures(s, failure_code::malformed_request), 1U);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
}

TEST(Session, AnswersAHeadThatTheClientNeverFinished) {
    for (std::size_t size : {10U, 200U, 12'500U, 16'300U, 30'000U}) {
        session s;
        auto seen = s.converse("GET /x HTTP/1.1\r\nHost: a\r\nX: " + std::string(size, 'x'));
        EXPECT_TRUE(seen.starts_with("HTTP/1.1 400 ")) << size << ": " << seen;
        EXPECT_TRUE(s.turn_until_idle());
        auto spans = s.spans();
        ASSERT_EQ(spans.size(), 1U);
        EXPECT_EQ(spans[0].name, "GET");
    }
}

TEST(Session, ForwardsNothingOfAMalformedChunkedUpload) {
    session s;
    auto seen =
        s.converse("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n" + get("/smuggled"));
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 400 ")) << seen;
    EXPECT_EQ(occurrences(seen, "HTTP/1.1 "), 1U);
    EXPECT_TRUE(s.origin.requests.empty());
}

TEST(Session, BlamesTheClientThatLeavesWithinItsBody) {
    session s;
    auto client = s.connect();
    s.send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    ASSERT_TRUE(s.turn_until([&] { return s.origin.connections == 1; }));
    client->stream.close();
    EXPECT_TRUE(s.turn_until_idle());
    EXPECT_EQ(failures(s, failure_code::client_gone), 1U);
    EXPECT_TRUE(s.turn_until([&] { return s.origin.ended == 1; })) << "the origin sees the end as well";
}

TEST(Session, TimesOutInEveryPhaseWithTheRightAnswer) {
    session s([](config::settings& c) {
        c.timeouts.head = 60ms;
        c.timeouts.body = 60ms;
        c.timeouts.first_byte = 60ms;
    });
    auto head = s.connect();
    s.send(head, "GET / HT");
    ASSERT_TRUE(s.turn_until([&] { return head->ended; }));
    EXPECT_TRUE(head->seen.starts_with("HTTP/1.1 408 ")) << head->seen;

    auto body = s.connect();
    s.send(body, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc");
    ASSERT_TRUE(s.turn_until([&] { return body->ended; }));
    EXPECT_TRUE(body->seen.starts_with("HTTP/1.1 408 ")) << body->seen;

    s.origin.on_request = [](const received&) { return reply{}; };
    auto answer = s.connect();
    s.send(answer, get());
    ASSERT_TRUE(s.turn_until([&] { return answer->ended; }));
    EXPECT_TRUE(answer->seen.starts_with("HTTP/1.1 504 ")) << answer->seen;

    s.origin.on_request = [](const received&) { return reply{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}; };
    auto rest = s.connect();
    s.send(rest, get());
    ASSERT_TRUE(s.turn_until([&] { return rest->ended; }));
    EXPECT_TRUE(rest->seen.ends_with("\r\n\r\nabc")) << rest->seen;
    for (auto& client : {head, body, answer, rest}) client->stream.close();
    EXPECT_TRUE(s.turn_until_idle());
}

}  // namespace
}  // namespace outrider::http
