// Upstreams whose members change while exchanges are under way.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using member_list = std::vector<config::upstream_endpoint>;

/// A session with the listener of an upstream that is discovered.
struct discovered_session : session {
    discovered_session()
        : session([](config::settings& settings) {
              auto& stock = settings.upstreams["stock"];
              stock.endpoints.clear();
              stock.discover.emplace().by = config::directory::dns;
          }) {
        role.kind = listener_kind::upstream;
        role.name = "upstream:stock";
        role.fixed = path->router.named("stock");
    }
    /// As every worker does when a registry has news.
    void use(const member_list& members, const std::string& why_none = {}) {
        const auto now = setup->endpoints.replace("stock", members, why_none, net::steady_clock::now());
        path->router.take_over("stock", *now);
    }
    config::upstream_endpoint member() { return {{"127.0.0.1", origin.port()}, false}; }
    config::upstream_endpoint member(const origin_server& of) { return {{"127.0.0.1", of.port()}, false}; }
    config::upstream_endpoint nobody() { return {{"127.0.0.1", 1}, false}; }
};

const std::string get = "GET / HTTP/1.1\r\nHost: stock\r\n\r\n";

TEST(SessionMembers, WithoutAnyTheCallerIsToldWhy) {
    discovered_session s;
    s.use({}, "etcd can't be asked: connection refused");
    const auto seen = s.converse(get);
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 503")) << seen;
    EXPECT_NE(seen.find("no endpoint of upstream 'stock' is known: etcd can't be asked: connection refused"),
              std::string::npos)
        << seen;
    EXPECT_NE(seen.find("Proxy-Status: outrider; error=destination_unavailable\r\n"), std::string::npos) << seen;
    const auto code = static_cast<std::size_t>(exchange::failure_code::no_endpoint);
    EXPECT_EQ(s.path->metrics.failures[code].value(), 1U);
}

TEST(SessionMembers, BeforeTheFirstAnswerOfARegistryThatIsSaidToo) {
    discovered_session s;
    EXPECT_NE(s.converse(get).find("is known: its registry has not answered yet"), std::string::npos);
}

TEST(SessionMembers, AConnectionOfOneThatStaysIsUsedOn) {
    discovered_session s;
    s.use({s.member()});
    EXPECT_TRUE(s.converse(get).starts_with("HTTP/1.1 200"));
    s.use({s.nobody(), s.member()});
    s.use({s.member()});
    EXPECT_TRUE(s.converse(get).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(s.origin.connections, 1);
}

TEST(SessionMembers, IdleConnectionsOfOneThatWentAreClosed) {
    discovered_session s;
    s.use({s.member()});
    EXPECT_TRUE(s.converse(get).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(s.role.fixed->idle(), 1U);
    s.use({s.nobody()});
    EXPECT_EQ(s.role.fixed->idle(), 0U);
    EXPECT_TRUE(s.turn_until([&] { return s.origin.ended == 1; }));
}

TEST(SessionMembers, AnExchangeUnderWayEndsAtTheOneThatWent) {
    discovered_session s;
    s.use({s.member()});
    bool asked = false;
    s.origin.on_request = [&](const received&) {
        asked = true;
        s.use({s.nobody()});  // in the middle of it
        return reply{"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlast"};
    };
    const auto seen = s.converse(get);
    EXPECT_TRUE(asked);
    EXPECT_TRUE(seen.ends_with("last")) << seen;
    // Its connection is not kept, and what was under way was given back.
    EXPECT_EQ(s.role.fixed->idle(), 0U);
    EXPECT_TRUE(s.turn_until([&] { return s.origin.ended == 1; }));
}

TEST(SessionMembers, AnUploadUnderWayEndsAtTheOneThatWent) {
    discovered_session s;
    s.use({s.member()});
    auto client = s.connect();
    s.send(client, "POST / HTTP/1.1\r\nHost: stock\r\nContent-Length: 10\r\n\r\n12345");
    ASSERT_TRUE(s.turn_until([&] { return s.origin.connections == 1; }));
    s.use({});
    s.use({s.nobody()});
    s.send(client, "67890");
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("ok"); })) << client->seen;
    EXPECT_EQ(s.origin.requests.front().body, "1234567890");
    client->stream.close();
}

TEST(SessionMembers, ARetryGoesByTheListOfNow) {
    discovered_session s;
    origin_server other{s.worker.get_executor()};
    governance::policy by;
    by.name = "p";
    by.match.kind = governance::traffic::outbound;
    by.match.upstream = "stock";
    auto& retry = by.retry.emplace();
    retry.statuses = {503};
    retry.attempts = 3;
    retry.backoff = retry.longest_backoff = 1ms;
    s.path->governor.use(governance::policy_set::compile({by}, nullptr, {.now = net::steady_clock::now()}));
    s.use({s.member(), s.nobody()});
    s.use({s.member()});
    s.origin.on_request = [&](const received&) {
        s.use({s.member(other), s.member()});
        return reply{"HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n"};
    };
    EXPECT_TRUE(s.converse(get).starts_with("HTTP/1.1 200"));
    EXPECT_EQ(s.origin.requests.size(), 1U) << "the one that was tried is not tried again, whatever its number";
    EXPECT_EQ(other.requests.size(), 1U);
    for (const auto& each : s.role.fixed->endpoints()->balancer->look(net::steady_clock::now()))
        EXPECT_EQ(each.under_way, 0U);
    s.use({});
    other.stop();
    EXPECT_TRUE(s.turn_until([&] { return other.stopped(); }));
}

TEST(SessionMembers, AListThatBecomesEmptyDoesNotEndARetry) {
    discovered_session s;
    governance::policy by;
    by.name = "p";
    by.match.kind = governance::traffic::outbound;
    by.match.upstream = "stock";
    auto& retry = by.retry.emplace();
    retry.statuses = {503};
    retry.attempts = 2;
    retry.backoff = retry.longest_backoff = 1ms;
    s.path->governor.use(governance::policy_set::compile({by}, nullptr, {.now = net::steady_clock::now()}));
    s.use({s.member()});
    s.origin.on_request = [&](const received&) {
        s.use({}, "gone");
        return reply{s.origin.requests.size() == 1 ? "HTTP/1.1 503 no\r\nContent-Length: 0\r\n\r\n"
                                                   : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"};
    };
    EXPECT_TRUE(s.converse(get).starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(s.converse(get).starts_with("HTTP/1.1 503"));
}

TEST(SessionMembers, AFallbackStandsInWhileNobodyIsKnown) {
    discovered_session s;
    governance::policy by;
    by.name = "p";
    by.match.kind = governance::traffic::outbound;
    by.match.upstream = "stock";
    auto& fallback = by.fallback.emplace();
    fallback.status = 200;
    fallback.body = "unknown";
    fallback.has_body = true;
    s.path->governor.use(governance::policy_set::compile({by}, nullptr, {.now = net::steady_clock::now()}));
    const auto seen = s.converse(get);
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 200")) << seen;
    EXPECT_TRUE(seen.ends_with("unknown")) << seen;
}

TEST(SessionMembers, OurOwnListenersAreNoMembers) {
    discovered_session s;
    const auto own = s.origin.port();
    s.setup->egress.add_own({{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}, own});
    s.use({s.member()});
    const auto seen = s.converse(get);
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 403")) << seen;
    EXPECT_EQ(s.origin.connections, 0);
}

/// Lists change at every request, also while it is under way; no request notices.
TEST(SessionMembers, TwoThousandChangesCostNoRequest) {
    discovered_session s;
    std::vector<std::unique_ptr<origin_server>> others;
    for (int i = 0; i < 3; ++i) others.push_back(std::make_unique<origin_server>(s.worker.get_executor()));
    unsigned change = 0;
    auto next = [&] {
        ++change;
        member_list list;
        for (unsigned i = 0; i < 3; ++i)
            if ((change >> i & 1U) != 0 || i == change % 3) list.push_back(s.member(*others[i]));
        if (change % 5 == 0) list.push_back(s.member());
        s.use(list);
    };
    auto serve = [&](const received&) {
        next();
        return reply{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"};
    };
    s.origin.on_request = serve;
    for (auto& each : others) each->on_request = serve;
    next();
    std::string requests;
    for (int i = 0; i < 100; ++i) requests += get;
    while (change < 2'000) {
        const auto before = change;
        const auto seen = s.converse(requests);
        ASSERT_EQ(occurrences(seen, "HTTP/1.1 200 OK"), 100U) << "after change " << before;
    }
    s.use({});
    for (auto& each : others) each->stop();
    EXPECT_TRUE(s.turn_until(
        [&] { return std::all_of(others.begin(), others.end(), [](auto& each) { return each->stopped(); }); }));
}

}  // namespace
}  // namespace outrider::http
