// What becomes of connections while the sidecar drains.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {
namespace {

TEST(Session, ClosesIdleConnectionsSoonAndBusyOnesAfterTheirExchangeWhenDraining) {
    session s;
    auto idle = s.connect(), busy = s.connect();
    s.send(idle, get());
    ASSERT_TRUE(s.turn_until([&] { return idle->seen.ends_with("ok"); }));
    s.origin.on_head = [](const received&) { return std::string{"HTTP/1.1 100 Continue\r\n\r\n"}; };
    s.send(busy, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab");
    ASSERT_TRUE(s.turn_until([&] { return !busy->seen.empty(); }));
    s.path->drain();
    ASSERT_TRUE(s.turn_until([&] { return idle->ended; }));
    EXPECT_FALSE(busy->ended);
    s.send(busy, "cd");
    ASSERT_TRUE(s.turn_until([&] { return busy->ended; }));
    EXPECT_TRUE(busy->seen.ends_with("ok")) << busy->seen;
    EXPECT_NE(busy->seen.find("Connection: close\r\n"), std::string::npos);
    busy->stream.close();
    idle->stream.close();
}

TEST(Session, AnswersARequestThatCrossesTheBeginningOfADrain) {
    session s;
    auto client = s.connect();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return client->seen.ends_with("ok"); }));
    client->seen.clear();
    s.path->drain();
    s.send(client, get());
    ASSERT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_TRUE(client->seen.starts_with("HTTP/1.1 200 ")) << client->seen;
    EXPECT_NE(client->seen.find("Connection: close\r\n"), std::string::npos);
    client->stream.close();
}

TEST(Session, LeavesTheCallsOfTheApplicationAloneWhileOnlyItsCallersAreToldToGo) {
    session s;
    auto caller = s.connect();
    listener_role out;
    out.kind = listener_kind::upstream;
    out.fixed = s.role.fixed;
    auto application = s.connect(out);
    for (const auto& each : {caller, application}) s.send(each, get());
    ASSERT_TRUE(s.turn_until([&] { return caller->seen.ends_with("ok") && application->seen.ends_with("ok"); }));
    EXPECT_EQ(s.path->metrics.inbound_open.value(), 1U);
    s.path->drain_inbound();
    ASSERT_TRUE(s.turn_until([&] { return caller->ended; }));
    EXPECT_FALSE(application->ended);
    application->seen.clear();
    s.send(application, get());
    ASSERT_TRUE(s.turn_until([&] { return application->seen.ends_with("ok"); }));
    EXPECT_EQ(application->seen.find("Connection: close\r\n"), std::string::npos);
    s.path->drain();
    ASSERT_TRUE(s.turn_until([&] { return application->ended; }));
    for (auto& each : {caller, application}) each->stream.close();
}

}  // namespace
}  // namespace outrider::http
