#include "governance/egress.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

destination at(const char* address, std::uint16_t port = 80) {
    destination out;
    out.port = port;
    if (::inet_pton(AF_INET6, address, out.address.data()) == 1) return out;
    out.address[10] = out.address[11] = 0xff;
    EXPECT_EQ(::inet_pton(AF_INET, address, out.address.data() + 12), 1) << address;
    return out;
}

struct judged {
    const char* address;
    egress_refusal why;
};

TEST(EgressPolicy, JudgesByTheAddressNotByTheName) {
    const judged table[] = {
        {"93.184.216.34", egress_refusal::none},
        {"10.0.0.1", egress_refusal::none},
        {"127.0.0.1", egress_refusal::none},
        {"2001:db8::1", egress_refusal::none},
        {"::1", egress_refusal::none},
        {"fd00::1", egress_refusal::none},
        {"169.254.169.254", egress_refusal::link_local},
        {"169.254.0.0", egress_refusal::link_local},
        {"169.254.255.255", egress_refusal::link_local},
        {"169.253.255.255", egress_refusal::none},
        {"169.255.0.0", egress_refusal::none},
        {"fe80::1", egress_refusal::link_local},
        {"febf::1", egress_refusal::link_local},
        {"fec0::1", egress_refusal::none},
        {"fe7f::1", egress_refusal::none},
        {"::ffff:169.254.1.1", egress_refusal::link_local},
        {"0.0.0.0", egress_refusal::unspecified},
        {"::", egress_refusal::unspecified},
        {"::ffff:0.0.0.0", egress_refusal::unspecified},
        {"224.0.0.1", egress_refusal::multicast},
        {"239.255.255.255", egress_refusal::multicast},
        {"255.255.255.255", egress_refusal::multicast},
        {"223.255.255.255", egress_refusal::none},
        {"ff02::1", egress_refusal::multicast},
        {"fd00:ec2::254", egress_refusal::metadata},
        {"fd00:ec2::253", egress_refusal::none},
        {"fd20:ce::254", egress_refusal::metadata},
        {"100.100.100.200", egress_refusal::metadata},
        {"64:ff9b::169.254.169.254", egress_refusal::link_local},
        {"64:ff9b::93.184.216.34", egress_refusal::none},
        {"64:ff9b::100.100.100.200", egress_refusal::metadata},
        {"2002:a9fe:a9fe::1", egress_refusal::link_local},
        {"2002:5db8:d822::1", egress_refusal::none},
        {"::169.254.169.254", egress_refusal::link_local},
    };
    egress_policy policy;
    for (const auto& each : table) EXPECT_EQ(int(policy.judge(at(each.address))), int(each.why)) << each.address;
}

TEST(EgressPolicy, RefusesOurOwnListenersByAddressAndPort) {
    egress_policy policy;
    policy.add_own(at("10.0.0.5", 7901));
    EXPECT_EQ(policy.judge(at("10.0.0.5", 7901)), egress_refusal::own_listener);
    EXPECT_EQ(policy.judge(at("::ffff:10.0.0.5", 7901)), egress_refusal::own_listener);
    EXPECT_EQ(policy.judge(at("64:ff9b::10.0.0.5", 7901)), egress_refusal::own_listener);
    EXPECT_EQ(policy.judge(at("2002:a00:5::", 7901)), egress_refusal::own_listener);
    EXPECT_EQ(policy.judge(at("10.0.0.5", 7902)), egress_refusal::none);
    EXPECT_EQ(policy.judge(at("10.0.0.6", 7901)), egress_refusal::none);
}

TEST(EgressPolicy, TakesEveryLoopbackAddressForTheSame) {
    egress_policy policy;
    policy.add_own(at("127.0.0.1", 7900));
    for (auto address : {"127.0.0.1", "127.0.0.2", "127.255.255.255", "::1", "::ffff:127.0.0.1"})
        EXPECT_EQ(policy.judge(at(address, 7900)), egress_refusal::own_listener) << address;
    EXPECT_EQ(policy.judge(at("128.0.0.1", 7900)), egress_refusal::none);
    EXPECT_EQ(policy.judge(at("::2", 7900)), egress_refusal::none);
}

TEST(EgressPolicy, ReachesAnUnspecifiedListenerThroughLoopback) {
    for (auto any : {"0.0.0.0", "::"}) {
        egress_policy policy;
        policy.add_own(at(any, 8080));
        EXPECT_EQ(policy.judge(at("127.0.0.1", 8080)), egress_refusal::own_listener) << any;
        EXPECT_EQ(policy.judge(at("::1", 8080)), egress_refusal::own_listener) << any;
        EXPECT_EQ(policy.judge(at("127.0.0.1", 8081)), egress_refusal::none) << any;
    }
}

TEST(EgressPolicy, SaysWhyForEveryRefusal) {
    EXPECT_STREQ(describe(egress_refusal::none), "");
    for (auto why : {egress_refusal::own_listener, egress_refusal::link_local, egress_refusal::unspecified,
                     egress_refusal::multicast})
        EXPECT_STRNE(describe(why), "");
}

}  // namespace
}  // namespace outrider::governance
