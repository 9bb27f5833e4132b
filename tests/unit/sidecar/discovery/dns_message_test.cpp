#include "sidecar/discovery/dns_message.hpp"

#include <gtest/gtest.h>

#include "tests/support/dns_server.hpp"

namespace outrider::discovery {
namespace {

using namespace outrider::test;

std::optional<dns_answer> parse(const std::string& bytes, dns_type asked) {
    return parse_dns_answer({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, asked);
}

std::string addresses() {
    return dns_message(1, "stock.internal", 1,
                       {a_record("stock.internal", "10.0.0.1", 30), a_record("stock.internal", "10.0.0.2", 20)});
}

std::string services() {
    return dns_message(1, "_http._tcp.stock", 33,
                       {srv_record_of("_http._tcp.stock", 10, 8080, "s1.stock", 60, 5),
                        srv_record_of("_http._tcp.stock", 20, 8081, "s2.stock", 50),
                        srv_record_of("_http._tcp.stock", 30, 0, "", 70)});
}

TEST(DnsMessage, ReadsAddresses) {
    const auto read = parse(addresses(), dns_type::a);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->addresses, (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(read->ttl, 20U);
    const auto six = parse(dns_message(1, "s", 28, {aaaa_record("s", "fd00::1")}), dns_type::aaaa);
    EXPECT_EQ(six->addresses, std::vector<std::string>{"fd00::1"});
}

TEST(DnsMessage, ReadsServices) {
    const auto read = parse(services(), dns_type::srv);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->services,
              (std::vector<srv_record>{{10, 5, 8080, "s1.stock"}, {20, 0, 8081, "s2.stock"}, {30, 0, 0, ""}}));
    EXPECT_EQ(read->ttl, 50U);
}

TEST(DnsMessage, AnAliasCountsForTheTimeToLive) {
    const auto read =
        parse(dns_message(1, "s", 1, {cname_record("s", "t", 7), a_record("t", "10.0.0.1", 60)}), dns_type::a);
    EXPECT_EQ(read->addresses.size(), 1U);
    EXPECT_EQ(read->ttl, 7U);
}

TEST(DnsMessage, PassesOverWhatWasNotAskedFor) {
    const auto mixed = dns_message(1, "s", 28, {a_record("s", "10.0.0.1", 1), aaaa_record("s", "fd00::1", 60)});
    const auto read = parse(mixed, dns_type::aaaa);
    EXPECT_EQ(read->addresses, std::vector<std::string>{"fd00::1"});
    EXPECT_EQ(read->ttl, 60U);
}

TEST(DnsMessage, ATimeWithItsHighestBitIsZero) {
    EXPECT_EQ(parse(dns_message(1, "s", 1, {a_record("s", "10.0.0.1", 0x80000000)}), dns_type::a)->ttl, 0U);
}

TEST(DnsMessage, CutOffAnywhereIsMalformedOrComplete) {
    for (const auto& [whole, type] : {std::pair{addresses(), dns_type::a}, {services(), dns_type::srv}})
        for (std::size_t size = 0; size < whole.size(); ++size)
            EXPECT_FALSE(parse(whole.substr(0, size), type)) << size;
}

TEST(DnsMessage, ANameThatPointsInCirclesEnds) {
    auto bytes = dns_message(1, "s", 33, {{"s", 33, 1, std::string{"\0\0\0\0\0\x50\xc0\x25", 8}}});
    EXPECT_FALSE(parse(bytes, dns_type::srv)) << "to itself";
    bytes = dns_message(1, "s", 33, {{"s", 33, 1, std::string{"\0\0\0\0\0\x50\xc0\xff", 8}}});
    EXPECT_FALSE(parse(bytes, dns_type::srv)) << "forward";
    bytes = dns_message(1, "s", 33, {{"s", 33, 1, std::string{"\0\0\0\0\0\x50\xc0\x0c", 8}}});
    EXPECT_EQ(parse(bytes, dns_type::srv)->services.front().target, "s");
}

TEST(DnsMessage, RefusesWhatHasNotTheFormOfItsType) {
    EXPECT_FALSE(parse(dns_message(1, "s", 1, {{"s", 1, 1, "12345"}}), dns_type::a));
    EXPECT_FALSE(parse(dns_message(1, "s", 28, {{"s", 28, 1, "1234"}}), dns_type::aaaa));
    EXPECT_FALSE(parse(dns_message(1, "s", 33, {{"s", 33, 1, "12345"}}), dns_type::srv));
    const auto more = srv_record_of("s", 1, 1, "a").data + "x";
    EXPECT_FALSE(parse(dns_message(1, "s", 33, {{"s", 33, 1, more}}), dns_type::srv));
    EXPECT_FALSE(parse(dns_message(1, "s", 33, {{"s", 33, 1, std::string{"\0\0\0\0\0\x50\x80", 7}}}), dns_type::srv));
    std::string longest;
    for (int i = 0; i < 5; ++i) longest += std::string{"\x3f"} + std::string(63, 'x');
    EXPECT_FALSE(parse(dns_message(1, "s", 33, {{"s", 33, 1, std::string(6, '\0') + longest + '\0'}}), dns_type::srv));
}

}  // namespace
}  // namespace outrider::discovery
