// Where the server listens, whom it lets in, and how it stops.

#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/raw_http_client.hpp"
#include "tests/unit/sidecar/net/echo_server.hpp"

namespace outrider::net {
namespace {

using namespace std::chrono_literals;
using outrider::test::raw_http_client;

TEST(HttpServer, NamesAddressSettingAndReasonWhenThePortIsInUse) {
    http_server first{loopback(), echo};
    auto options = loopback();
    options.listen.port = first.port();
    options.setting = "admin";
    try {
        http_server second{options, echo};
        FAIL() << "bound twice";
    } catch (const listen_error& error) {
        EXPECT_EQ(error.what(),
                  "cannot listen on 127.0.0.1:" + std::to_string(first.port()) + " (admin): Address already in use");
    }
}

TEST(HttpServer, NamesAHostThatCannotBeListenedOn) {
    auto options = loopback();
    options.listen = {"192.0.2.1", 0};
    EXPECT_THROW((http_server{options, echo}), listen_error);
}

TEST(HttpServer, ListensOnLocalhostAndOnIpv6) {
    auto options = loopback();
    options.listen = {"localhost", 0};
    http_server by_name{options, echo};
    raw_http_client client{by_name.port()};
    EXPECT_EQ(client.get("/").status, 200);
    options.listen = {"::1", 0};
    try {
        http_server ipv6{options, echo};
        EXPECT_EQ(ipv6.address(), "[::1]:" + std::to_string(ipv6.port()));
    } catch (const listen_error&) {
        GTEST_SKIP() << "no IPv6 loopback here";
    }
}

TEST(HttpServer, LetsTheLongestIdleConnectionMakeRoomForANewOne) {
    auto options = loopback();
    options.connections = 2;
    http_server server{options, echo};
    raw_http_client first{server.port()};
    raw_http_client second{server.port()};
    EXPECT_EQ(second.get("/").status, 200);
    EXPECT_EQ(first.get("/").status, 200);  // now the second has waited longer
    raw_http_client third{server.port()};
    EXPECT_EQ(third.get("/").status, 200);
    EXPECT_TRUE(second.at_end());
    EXPECT_EQ(first.get("/").status, 200);
}

/// Whoever holds all places with requests that never come must not keep a probe out.
TEST(HttpServer, LetsAHeadThatDoesNotComeMakeRoomForANewConnection) {
    auto options = loopback();
    options.connections = 2;
    http_server server{options, echo};
    raw_http_client first{server.port()}, second{server.port()};
    for (auto* slow : {&first, &second}) slow->send("GET / HTTP/1.1\r\n");
    eventually([&] { return server.counters().open == 2; });
    // Their bytes may be on their way still; then they are idle, and make room as such.
    for (int probe = 0; probe < 5; ++probe) EXPECT_EQ(raw_http_client{server.port()}.get("/").status, 200) << probe;
    EXPECT_EQ(server.counters().refused, 0u);
    EXPECT_TRUE(first.at_end());
}

TEST(HttpServer, TurnsAConnectionAwayWhenAllPlacesAreBusy) {
    auto options = loopback();
    options.connections = 1;
    http_server server{options, echo};
    raw_http_client busy{server.port()};
    busy.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    EXPECT_EQ(busy.receive().status, 100);
    raw_http_client late{server.port()};
    EXPECT_EQ(late.get("/").status, 503);
    EXPECT_EQ(server.counters().refused, 1u);
    busy.send("ok");
    EXPECT_EQ(busy.receive().body, "POST / [] ok");
}

TEST(HttpServer, StopLetsARunningRequestEndAndClosesIdleConnectionsAtOnce) {
    std::promise<void> entered, go;
    http_server server{loopback(), [&](const server_request& request) {
                           entered.set_value();
                           go.get_future().wait();
                           return echo(request);
                       }};
    raw_http_client idle{server.port()};
    raw_http_client busy{server.port()};
    busy.send(get("/slow"));
    entered.get_future().wait();
    std::thread stopper{[&] { server.stop(5s); }};
    go.set_value();
    const auto answer = busy.receive();
    EXPECT_EQ(answer.body, "GET /slow [] ");
    EXPECT_TRUE(idle.at_end());
    stopper.join();
    EXPECT_EQ(server.counters().open, 0u);
    EXPECT_THROW(raw_http_client{server.port()}, std::runtime_error);
}

TEST(HttpServer, StopCutsWhatDoesNotEndWithinTheGracePeriod) {
    http_server server{loopback(), echo};
    raw_http_client client{server.port()};
    client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
    EXPECT_EQ(client.receive().status, 100);
    server.stop(10ms);
    EXPECT_TRUE(client.at_end());
    server.stop(10ms);
}

TEST(HttpServer, ServesWhatWaitsInTheAcceptQueueBeforeItStops) {
    std::promise<void> entered, go;
    std::atomic<int> calls{0};
    http_server server{loopback(), [&](const server_request& request) {
                           if (calls++ == 0) {
                               entered.set_value();
                               go.get_future().wait();
                           }
                           return echo(request);
                       }};
    raw_http_client blocking{server.port()};
    blocking.send(get("/first"));
    entered.get_future().wait();
    raw_http_client queued{server.port()};  // the server's thread is busy: only the kernel has accepted this one
    queued.send(get("/queued"));
    std::thread stopper{[&] { server.stop(5s); }};
    go.set_value();
    EXPECT_EQ(blocking.receive().status, 200);
    EXPECT_EQ(queued.receive().body, "GET /queued [] ");
    stopper.join();
}

}  // namespace
}  // namespace outrider::net
