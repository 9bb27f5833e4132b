#include "sidecar/kafka/node_address.hpp"

#include <gtest/gtest.h>

namespace outrider::kafka {
namespace {

constexpr auto broker = node_kind::broker;
constexpr auto controller = node_kind::controller;

std::uint32_t ip(unsigned a, unsigned b, unsigned c, unsigned d) { return a << 24 | b << 16 | c << 8 | d; }

TEST(AddressPlan, LoopbackGivesEveryNodeAnAddressOfItsOwn) {
    auto plan = address_plan::loopback(19092);
    EXPECT_EQ(plan.advertise({broker, 0}), (host_port{"127.1.0.0", 19092}));
    EXPECT_EQ(plan.advertise({broker, 1}), (host_port{"127.1.0.1", 19092}));
    EXPECT_EQ(plan.advertise({broker, 70000}), (host_port{"127.2.17.112", 19092}));
    EXPECT_EQ(plan.advertise({controller, 1}), (host_port{"127.128.0.1", 19092}));
}

TEST(AddressPlan, LoopbackReadsTheNodeBackFromTheAddress) {
    auto plan = address_plan::loopback(19092);
    EXPECT_EQ(plan.node_of(ip(127, 1, 0, 1)), (node_key{broker, 1}));
    EXPECT_EQ(plan.node_of(ip(127, 127, 255, 255)), (node_key{broker, (1 << 23) - (1 << 16) - 1}));
    EXPECT_EQ(plan.node_of(ip(127, 128, 0, 0)), (node_key{controller, 0}));
}

TEST(AddressPlan, OtherAddressesAreTheBootstrapAddress) {
    auto plan = address_plan::loopback(19092);
    for (auto address : {ip(127, 0, 0, 1), ip(127, 0, 255, 255), ip(127, 255, 255, 255), ip(126, 255, 255, 255),
                         ip(128, 0, 0, 0), ip(10, 0, 0, 1), 0U, 0xffffffffU})
        EXPECT_EQ(plan.node_of(address), std::nullopt) << address;
}

TEST(AddressPlan, LoopbackEndsWhereTheNetworkDoes) {
    auto plan = address_plan::loopback(19092);
    EXPECT_EQ(plan.advertise({broker, (1 << 23) - (1 << 16) - 1}), (host_port{"127.127.255.255", 19092}));
    EXPECT_EQ(plan.advertise({broker, (1 << 23) - (1 << 16)}), std::nullopt);
    EXPECT_EQ(plan.advertise({controller, (1 << 23) - 2}), (host_port{"127.255.255.254", 19092}));
    EXPECT_EQ(plan.advertise({controller, (1 << 23) - 1}), std::nullopt);
    EXPECT_EQ(plan.advertise({broker, -1}), std::nullopt);
}

TEST(AddressPlan, PortsCountFromTheBase) {
    auto plan = address_plan::ports({"sidecar", 20000});
    EXPECT_EQ(plan.advertise({broker, 3}), (host_port{"sidecar", 20003}));
    EXPECT_EQ(plan.node_of_port(20003), (node_key{broker, 3}));
    EXPECT_EQ(plan.advertise({broker, 45535}), (host_port{"sidecar", 65535}));
    EXPECT_EQ(plan.advertise({broker, 45536}), std::nullopt);
    EXPECT_EQ(plan.advertise({broker, 0x7fffffff}), std::nullopt);
    EXPECT_EQ(plan.advertise({broker, -1}), std::nullopt);
    EXPECT_EQ(plan.node_of_port(19999), std::nullopt);
    EXPECT_EQ(plan.node_of_port(65536), std::nullopt);
    EXPECT_EQ(plan.node_of(ip(127, 1, 0, 1)), std::nullopt);
}

TEST(AddressPlan, PortsStandForBrokersOnly) {
    EXPECT_EQ(address_plan::ports({"sidecar", 20000}).advertise({controller, 3}), std::nullopt);
}

TEST(AddressPlan, ABrokerBeyondLoopbackTakesAPortWhereARangeIsGiven) {
    auto beyond = (1 << 23) - (1 << 16);
    auto plan = address_plan::loopback(19092, port_range{"sidecar", 1 - beyond + 20000});
    EXPECT_EQ(plan.advertise({broker, beyond}), (host_port{"sidecar", 20001}));
    EXPECT_EQ(plan.advertise({broker, 4}), (host_port{"127.1.0.4", 19092}));
    EXPECT_EQ(address_plan::loopback(19092).node_of_port(19092), std::nullopt);
}

}  // namespace
}  // namespace outrider::kafka
