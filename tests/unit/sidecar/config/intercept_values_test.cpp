#include "sidecar/config/intercept_values.hpp"

#include "sidecar/config/print.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

TEST(InterceptValues, ReadDestinationsThatAreLeftOut) {
    excluded_destination out;
    for (const auto* text : {"10.0.0.0/8", "10.0.0.1", "10.0.0.0/8:5432", "fd00::/8", "::1", "[fd00::/8]:443", "22"}) {
        EXPECT_EQ(parse_excluded_destination(text, out), "") << text;
        EXPECT_EQ(out.text(), text);
    }
    EXPECT_EQ(parse_excluded_destination("[fd00::1]:443", out), "");
    EXPECT_EQ(out, (excluded_destination{"fd00::1", 443}));
    for (const auto* text :
         {"", "0", "65536", "10.0.0.0/33", "10.0.0/8", "10.0.0.1:0", "10.0.0.1:x", "10.0.0.1:", "fd00::/129",
          "[fd00::1]", "[fd00::1]:", "stock", "10.0.0.0/8 ; flush ruleset", "10.0.0.0/", "*", "/8"})
        EXPECT_NE(parse_excluded_destination(text, out), "") << text;
}

TEST(InterceptValues, ReadMarksInBothBases) {
    std::uint32_t mark = 0;
    EXPECT_EQ(parse_mark("0x539", mark), "");
    EXPECT_EQ(mark, 0x539U);
    EXPECT_EQ(parse_mark("4294967295", mark), "");
    EXPECT_EQ(mark_type().type->print(&mark), "0xffffffff");
    for (const auto* text : {"", "0", "0x", "0x0", "-1", "0x1ffffffff", "mark", "0x5 "})
        EXPECT_NE(parse_mark(text, mark), "") << text;
}

TEST(InterceptValues, ReadProtocols) {
    intercepted_protocol out;
    for (const auto* text : {"http", "tcp", "kafka:main"}) {
        EXPECT_EQ(parse_intercepted_protocol(text, out), "") << text;
        EXPECT_EQ(out.text(), text);
    }
    for (const auto* text : {"", "kafka", "kafka:", "HTTP", "udp"})
        EXPECT_NE(parse_intercepted_protocol(text, out), "") << text;
}

TEST(InterceptValues, AreASectionOfTheConfiguration) {
    const auto result = must_load(
        "service: orders\n"
        "kafka: {main: {listen: '127.0.0.1:0', brokers: ['kafka:9092']}}\n"
        "intercept:\n"
        "  outbound: 7915\n"
        "  inbound: 7916\n"
        "  ports_in: [8080, 9090]\n"
        "  ports: {8080: http, 9092: 'kafka:main', 5432: tcp}\n"
        "  loopback: [9090]\n"
        "  exclude_out: [10.0.0.0/8, 22]\n"
        "  uid: 1337\n"
        "  detect: 50ms\n");
    const auto& found = result.value.intercept;
    EXPECT_TRUE(found.any());
    EXPECT_EQ(found.outbound, 7915U);
    EXPECT_EQ(found.ports_in, (std::vector<std::uint32_t>{8080, 9090}));
    EXPECT_EQ(found.ports.at("9092").cluster, "main");
    EXPECT_EQ(found.exclude_out.size(), 2U);
    EXPECT_EQ(found.uid, 1337U);
    EXPECT_EQ(found.detect, milliseconds{50});
    EXPECT_FALSE(must_load(minimal).value.intercept.any());
}

TEST(InterceptValues, CanBeReadBack) {
    const auto first = must_load(
        "service: orders\nintercept: {outbound: 7915, mark: 0x539, ports: {443: tcp}, exclude_out: "
        "['[fd00::/8]:443']}\n");
    const auto second = must_load(print(first));
    EXPECT_EQ(second.value.intercept.mark, 0x539U);
    EXPECT_EQ(second.value.intercept.ports, first.value.intercept.ports);
    EXPECT_EQ(second.value.intercept.exclude_out, first.value.intercept.exclude_out);
    EXPECT_FALSE(second.value.intercept.uid);
}

}  // namespace
}  // namespace outrider::config::test
