// Whole conversations over one data path: a client in memory, a real origin on loopback.

#include "tests/unit/sidecar/http/session.hpp"

#include <algorithm>
#include <chrono>

#include <gtest/gtest.h>

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using exchange::failure_code;

const std::string closing = get("/last", "Connection: close\r\n");

TEST(Session, KeepsBothConnectionsFromOneExchangeToTheNext) {
    session s;
    auto client = s.connect();
    for (std::size_t i = 1; i <= 3; ++i) {
        s.send(client, get());
        ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "\r\n\r\nok") == i; })) << client->seen;
    }
    EXPECT_EQ(s.origin.connections, 1);
    EXPECT_EQ(s.role.fixed->idle(), 1U);
    EXPECT_FALSE(client->ended);
    s.end(client);
    EXPECT_TRUE(s.turn_until_idle());
    EXPECT_EQ(requests_counted(s), 3U);
    EXPECT_EQ(s.spans().size(), 3U);
    EXPECT_EQ(s.path->metrics.connections_open.value(), 0U);
}

TEST(Session, AnswersPipelinedRequestsInOrder) {
    session s;
    s.origin.on_request = [](const received& r) {
        return reply{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" + r.target.substr(1)};
    };
    auto seen = s.converse(get("/r1") + "POST /r2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc" +
                           "POST /r3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n" +
                           get("/r4") + closing);
    ASSERT_EQ(s.origin.requests.size(), 5U) << seen;
    EXPECT_EQ(s.origin.requests[1].body, "abc");
    EXPECT_EQ(s.origin.requests[2].body, "de");
    std::size_t at = 0;
    for (auto part : {"\r\n\r\nr1", "\r\n\r\nr2", "\r\n\r\nr3", "\r\n\r\nr4", "\r\n\r\nla"}) {
        at = seen.find(part, at);
        EXPECT_NE(at, std::string::npos) << part << " in " << seen;
    }
}

TEST(Session, CarriesChunksAndTrailersBothWays) {
    session s;
    s.origin.on_request = [](const received&) {
        return reply{
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nSum: 1\r\nSet-Cookie: "
            "no\r\n\r\n"};
    };
    auto seen = s.converse(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: Sum\r\nConnection: close\r\n\r\n"
        "5\r\nhello\r\n6;e=1\r\n world\r\n0\r\nSum: 2\r\nAuthorization: no\r\n\r\n");
    ASSERT_EQ(s.origin.requests.size(), 1U) << seen;
    EXPECT_EQ(s.origin.requests[0].body, "hello world");
    EXPECT_EQ(s.origin.requests[0].trailers, "Sum: 2\r\n");
    EXPECT_NE(seen.find("\r\n\r\n3\r\nabc\r\n0\r\nSum: 1\r\n\r\n"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("Set-Cookie"), std::string::npos);
}

TEST(Session, StreamsABodyThatComesBitByBit) {
    session s;
    auto client = s.connect();
    std::string request = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    std::string body;
    for (int i = 0; i < 20; ++i) {
        request += "4\r\nbit" + std::string(1, static_cast<char>('a' + i)) + "\r\n";
        body += "bit" + std::string(1, static_cast<char>('a' + i));
    }
    request += "0\r\n\r\n";
    for (char c : request) {
        s.send(client, std::string(1, c));
        s.turn_until([&, turns = 0]() mutable { return ++turns > 3; });
    }
    ASSERT_TRUE(s.turn_until([&] { return occurrences(client->seen, "\r\n\r\nok") == 1; })) << client->seen;
    EXPECT_EQ(s.origin.requests.at(0).body, body);
}

TEST(Session, StreamsLargeBodiesBothWays) {
    session s;
    std::string large(3'000'000, 'x');
    s.origin.on_request = [](const received& r) {
        return reply{"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(r.body.size()) + "\r\n\r\n" + r.body};
    };
    auto client = s.connect();
    s.send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n" + large);
    ASSERT_TRUE(s.turn_until([&] { return client->seen.size() > large.size(); }));
    EXPECT_TRUE(client->seen.ends_with("xxxx"));
    EXPECT_EQ(s.path->metrics.request_bytes.value() + s.path->metrics.response_bytes.value(), 6'000'000U);
}

TEST(Session, SpeaksHttp10WithAnHttp10Client) {
    session s;
    s.origin.on_request = [](const received&) {
        return reply{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
    };
    auto seen = s.converse("GET / HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(seen.ends_with("\r\n\r\nabc")) << seen;
    EXPECT_EQ(seen.find("chunked"), std::string::npos) << seen;
    EXPECT_NE(s.origin.requests.at(0).head.find("GET / HTTP/1.1\r\nHost: "), std::string::npos);

    s.origin.on_request = [](const received&) { return reply{"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", true}; };
    auto client = s.connect();
    s.send(client, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("ok"); }));
    EXPECT_NE(client->seen.find("Connection: keep-alive\r\n"), std::string::npos) << client->seen;
    EXPECT_FALSE(client->ended);
}

TEST(Session, DelimitsABodyThatEndsWithTheConnection) {
    session s;
    s.origin.on_request = [](const received&) { return reply{"HTTP/1.1 200 OK\r\n\r\nall of it", true}; };
    auto client = s.connect();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("\r\n0\r\n\r\n"); })) << client->seen;
    EXPECT_NE(client->seen.find("9\r\nall of it\r\n"), std::string::npos) << client->seen;
    EXPECT_FALSE(client->ended) << "the client's connection goes on";
}

TEST(Session, PassesAnEarlyAnswerOnWhileTheClientStillUploads) {
    session s;
    s.origin.on_head = [](const received&) {
        return std::string{"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig"};
    };
    auto client = s.connect();
    s.send(client, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nonly the beginning");
    ASSERT_TRUE(s.turn_until([&] { return client->ended; })) << client->seen;
    EXPECT_TRUE(client->seen.starts_with("HTTP/1.1 413 ")) << client->seen;
    EXPECT_TRUE(client->seen.ends_with("big"));
    EXPECT_NE(client->seen.find("Connection: close\r\n"), std::string::npos) << client->seen;
    client->stream.close();
    EXPECT_TRUE(s.turn_until_idle());
    EXPECT_EQ(s.role.fixed->idle(), 0U) << "a half-fed connection is never used again";
}

TEST(Session, PassesExpectAndItsAnswerThrough) {
    session s;
    s.origin.on_head = [](const received& r) {
        EXPECT_NE(r.head.find("Expect: 100-continue\r\n"), std::string::npos);
        return std::string{"HTTP/1.1 100 Continue\r\n\r\n"};
    };
    auto client = s.connect();
    s.send(client, "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
    ASSERT_TRUE(s.turn_until([&] { return client->seen == "HTTP/1.1 100 Continue\r\n\r\n"; })) << client->seen;
    s.send(client, "body");
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("ok"); })) << client->seen;
    EXPECT_EQ(s.origin.requests.at(0).body, "body");
}

TEST(Session, HasNoBodyForHeadAnd304) {
    session s;
    s.origin.on_request = [](const received& r) {
        return reply{r.method == "HEAD" ? "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
                                        : "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"};
    };
    auto seen = s.converse("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get() + closing);
    EXPECT_EQ(occurrences(seen, "Content-Length: 1000\r\n"), 3U) << seen;
    EXPECT_EQ(s.origin.connections, 1);
}

TEST(Session, PassesInterimAnswersOnButNotToHttp10) {
    session s;
    s.origin.on_head = [](const received&) { return std::string{"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"}; };
    EXPECT_TRUE(s.converse(closing).starts_with("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 "));
    EXPECT_TRUE(s.converse("GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 "));
}

TEST(Session, TunnelsAWebSocket) {
    session s;
    s.origin.on_request = [](const received& r) {
        EXPECT_NE(r.head.find("Connection: Upgrade\r\nUpgrade: websocket\r\n"), std::string::npos) << r.head;
        return reply{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello",
                     true};
    };
    auto seen = s.converse(get("/ws", "Connection: Upgrade\r\nUpgrade: websocket\r\n") + "frames");
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 101 ")) << seen;
    EXPECT_TRUE(seen.ends_with("\r\n\r\nhello")) << seen;
    EXPECT_TRUE(s.turn_until_idle());
    EXPECT_EQ(s.path->metrics.tunnels[static_cast<std::size_t>(exchange::tunnel_kind::websocket)].value(), 1U);
}

TEST(Session, RefusesALoopByItsOwnVia) {
    session s;
    auto seen = s.converse(get("/", "Via: " + s.setup->via_in + "\r\n"));
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 508 ")) << seen;
    seen = s.converse(get("/", "Via: " + s.setup->via_out + "\r\nConnection: close\r\n"));
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 200 ")) << "copied from inbound to outbound or back it is no loop: " << seen;
}

TEST(Session, RoutesOutboundRequestsByHost) {
    session s([](config::settings& c) { c.outbound.unknown_host = config::unknown_host::refuse; });
    listener_role out;
    out.kind = listener_kind::outbound;
    out.name = "outbound";
    out.bound = {boost::asio::ip::address_v4::loopback(), 7901};
    std::swap(s.role, out);
    auto answer_to = [&](const std::string& host) {
        return s.converse("GET /x HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    };
    EXPECT_TRUE(answer_to("STOCK:80").starts_with("HTTP/1.1 200 "));
    EXPECT_TRUE(answer_to("elsewhere.example").starts_with("HTTP/1.1 403 "));
    EXPECT_TRUE(answer_to("127.0.0.1:7901").starts_with("HTTP/1.1 421 "));
    EXPECT_TRUE(answer_to("localhost:7901").starts_with("HTTP/1.1 421 "));
    EXPECT_TRUE(answer_to("").starts_with("HTTP/1.1 421 "));
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 5U);
    for (const auto& span : spans) EXPECT_EQ(span.kind, tracing::span_kind::client);
    std::swap(s.role, out);
}

TEST(Session, GivesEachAttemptASpanOfItsOwn) {
    session s;
    auto inbound = s.role;
    s.role.kind = listener_kind::outbound;
    s.role.fixed = nullptr;
    auto client = s.connect();
    auto request = [](const std::string& path) { return "GET " + path + " HTTP/1.1\r\nHost: stock\r\n\r\n"; };
    s.send(client, request("/1"));
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("ok"); }));
    s.origin.on_request = [](const received& r) {
        return r.connection == 0 ? reply{"", true} : reply{"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"};
    };
    s.send(client, request("/2"));
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("second"); })) << client->seen;
    client->stream.close();
    ASSERT_TRUE(s.turn_until_idle());
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 3U);
    EXPECT_EQ(spans[1].trace, spans[2].trace);
    EXPECT_NE(spans[1].span, spans[2].span);
    EXPECT_EQ(spans[1].status, tracing::status_code::error);
    EXPECT_EQ(spans[2].status, tracing::status_code::unset);
    EXPECT_NE(tracing::find_attribute(spans[2].attributes, "http.request.resend_count"), nullptr);
    EXPECT_NE(s.origin.requests[1].head.find(spans[1].span.hex()), std::string::npos);
    EXPECT_NE(s.origin.requests[2].head.find(spans[2].span.hex()), std::string::npos);
    s.role = inbound;
}

}  // namespace
}  // namespace outrider::http
