// Requests on connections that rules of the kernel brought here: where each of them goes.

#include <gtest/gtest.h>

#include "sidecar/net/address.hpp"
#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {
namespace {

/// A session whose next connections were going to `to`, out of the application.
struct intercepted_session : session {
    explicit intercepted_session(listener_kind kind, std::function<void(config::settings&)> configure = {})
        : session(std::move(configure)), fixed(role) {
        role.kind = kind;
        role.intercepted = true;
        role.fixed = nullptr;
    }
    ~intercepted_session() { role = fixed; }

    std::string answer_to(const std::string& target, const std::string& host) {
        auto pair = net::connected_pair(worker.get_executor());
        const auto where = net::tcp_endpoint{boost::asio::ip::address_v4::loopback(), origin.port()};
        auto to = path->router.intercepted(where, role.kind, net::steady_clock::now());
        path->accept(std::move(pair.second), {}, role, std::move(to));
        auto client = reading(std::move(pair.first));
        send(client, "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(turn_until([&] { return client->ended; }));
        return client->seen;
    }

    listener_role fixed;
};

TEST(InterceptedSession, GoesWhereTheClientWasGoingWhateverHostSays) {
    intercepted_session s{listener_kind::outbound};
    for (const std::string host : {"elsewhere.example", "169.254.169.254", "127.0.0.1:1", "localhost", ""})
        EXPECT_TRUE(s.answer_to("/x", host).starts_with("HTTP/1.1 200 ")) << host;
    ASSERT_EQ(s.origin.requests.size(), 5U);
    EXPECT_NE(s.origin.requests[0].head.find("Host: elsewhere.example\r\n"), std::string::npos);
    EXPECT_NE(s.origin.requests[0].head.find("traceparent: "), std::string::npos);
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 5U);
    EXPECT_EQ(spans[0].kind, tracing::span_kind::client);
}

TEST(InterceptedSession, GoesToTheUpstreamThatHostNames) {
    intercepted_session s{listener_kind::outbound, [](config::settings& c) {
                              config::upstream nowhere;
                              nowhere.endpoints.push_back({{"127.0.0.1", 1}, false});
                              c.upstreams.emplace("billing", nowhere);
                          }};
    EXPECT_TRUE(s.answer_to("/x", "billing").starts_with("HTTP/1.1 502 "));
    EXPECT_TRUE(s.answer_to("/x", "BILLING:80").starts_with("HTTP/1.1 502 "));
    EXPECT_TRUE(s.answer_to("/x", "other").starts_with("HTTP/1.1 200 "));
    EXPECT_EQ(s.origin.requests.size(), 1U);
}

TEST(InterceptedSession, RefusesUnknownHostsWhereThatIsSet) {
    intercepted_session s{listener_kind::outbound,
                          [](config::settings& c) { c.outbound.unknown_host = config::unknown_host::refuse; }};
    EXPECT_TRUE(s.answer_to("/x", "elsewhere.example").starts_with("HTTP/1.1 403 "));
    EXPECT_TRUE(s.origin.requests.empty());
}

TEST(InterceptedSession, BringsEveryCallerToTheApplication) {
    intercepted_session s{listener_kind::inbound, [](config::settings& c) {
                              config::upstream nowhere;
                              nowhere.endpoints.push_back({{"127.0.0.1", 1}, false});
                              c.upstreams.emplace("billing", nowhere);
                          }};
    EXPECT_TRUE(s.answer_to("/x", "billing").starts_with("HTTP/1.1 200 "));
    auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(spans[0].kind, tracing::span_kind::server);
}

TEST(InterceptedSession, AnswersNoConnect) {
    intercepted_session s{listener_kind::outbound};
    auto pair = net::connected_pair(s.worker.get_executor());
    const auto where = net::tcp_endpoint{boost::asio::ip::address_v4::loopback(), s.origin.port()};
    s.path->accept(std::move(pair.second), {}, s.role,
                   s.path->router.intercepted(where, s.role.kind, net::steady_clock::now()));
    auto client = s.reading(std::move(pair.first));
    s.send(client, "CONNECT stock:80 HTTP/1.1\r\nHost: stock:80\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_TRUE(client->seen.starts_with("HTTP/1.1 403 ")) << client->seen;
}

TEST(InterceptedSession, SharesPoolsByDestinationUpToABound) {
    intercepted_session s{listener_kind::outbound};
    auto& router = s.path->router;
    auto at = [&](std::uint16_t port, listener_kind kind) {
        return router.intercepted({boost::asio::ip::address_v4::loopback(), port}, kind, net::steady_clock::now());
    };
    auto first = at(1, listener_kind::outbound);
    EXPECT_EQ(at(1, listener_kind::outbound), first);
    EXPECT_NE(at(1, listener_kind::inbound), first);
    EXPECT_NE(at(2, listener_kind::outbound), first);
    for (std::uint16_t port = 3; port < 1'000; ++port) (void)at(port, listener_kind::outbound);
    EXPECT_NE(at(1, listener_kind::outbound), first) << "forgotten, and made anew";
}

}  // namespace
}  // namespace outrider::http
