#include "sidecar/http/endpoint_table.hpp"

#include <gtest/gtest.h>

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using member_list = std::vector<config::upstream_endpoint>;

governance::time_point now() { return governance::steady_clock::now(); }

config::upstream_endpoint member(const std::string& host, std::uint16_t port = 80, bool tls = false) {
    return {{host, port}, tls};
}

config::settings discovered() {
    config::settings settings;
    settings.upstreams["stock"].discover.emplace().by = config::directory::dns;
    settings.upstreams["pay"].endpoints = {member("a"), member("b")};
    settings.upstreams["one"].endpoints = {member("a")};
    return settings;
}

TEST(EndpointTable, BeginsWithWhatTheConfigurationLists) {
    endpoint_table table{discovered()};
    EXPECT_EQ(table.find("pay")->list.size(), 2U);
    EXPECT_TRUE(table.find("pay")->balancer);
    EXPECT_FALSE(table.find("one")->balancer);
    EXPECT_TRUE(table.find("stock")->list.empty());
    EXPECT_EQ(table.find("stock")->why_none, "its registry has not answered yet");
    EXPECT_EQ(table.find("other"), nullptr);
}

TEST(EndpointTable, KeepsWhatIsKnownOfMembersThatStay) {
    endpoint_table table{discovered()};
    table.replace("stock", {member("a"), member("b")}, "", now());
    const auto before = table.find("stock");
    const auto chosen = before->balancer->pick({}, now(), {}, 0);
    before->balancer->ended(chosen, governance::outcome::success, 5ms, now(), {});
    const auto stays = before->list[chosen];
    table.replace("stock", {member("c"), stays}, "", now());
    const auto seen = table.find("stock")->balancer->look(now());
    EXPECT_EQ(seen[0].calls, 0U);
    EXPECT_EQ(seen[1].calls, 1U);
}

TEST(EndpointTable, WhatEndsAfterAChangeIsCountedForTheMember) {
    endpoint_table table{discovered()};
    const auto before = table.replace("stock", {member("a")}, "", now());
    (void)before->balancer->pick({}, now(), {}, 0);
    const auto after = table.replace("stock", {member("b"), member("a")}, "", now());
    EXPECT_EQ(after->balancer->look(now())[1].under_way, 1U);
    before->balancer->ended(0, governance::outcome::success, 1ms, now(), {});
    EXPECT_EQ(after->balancer->look(now())[1].under_way, 0U);
}

TEST(EndpointTable, AMemberThatSpeaksTlsNowIsAnotherOne) {
    endpoint_table table{discovered()};
    table.replace("stock", {member("a", 443)}, "", now());
    EXPECT_FALSE(table.find("stock")->tls);
    table.replace("stock", {member("a", 443, true)}, "", now());
    EXPECT_TRUE(table.find("stock")->tls);
    EXPECT_EQ(table.find("stock")->balancer->look(now())[0].calls, 0U);
}

TEST(EndpointTable, AnEmptyListHasAReasonAndNoBalancer) {
    endpoint_table table{discovered()};
    table.replace("stock", {member("a")}, "", now());
    const auto none = table.replace("stock", {}, "DNS has no member of 'stock:80'", now());
    EXPECT_FALSE(none->balancer);
    EXPECT_EQ(none->why_none, "DNS has no member of 'stock:80'");
    EXPECT_TRUE(table.replace("stock", {member("a")}, "", now())->balancer);
}

TEST(EndpointTable, FindsWhereAMemberStands) {
    endpoint_table table{discovered()};
    table.replace("stock", {member("a"), member("b")}, "", now());
    const auto found = table.locate("stock", member("b"));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->index, 1U);
    EXPECT_EQ(found->balancer, table.find("stock")->balancer);
    EXPECT_FALSE(table.locate("stock", member("c")));
    EXPECT_FALSE(table.locate("one", member("a")));
    EXPECT_FALSE(table.locate("other", member("a")));
}

}  // namespace
}  // namespace outrider::http
