#include "tracing/hex.hpp"

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

TEST(Hex, ReadsExactlyTwoDigitsPerByte) {
    std::array<std::uint8_t, 2> bytes{};
    EXPECT_TRUE(read_hex("09af", bytes));
    EXPECT_EQ(bytes, (std::array<std::uint8_t, 2>{0x09, 0xaf}));
    for (auto bad : {"", "0", "09a", "09af0", "09ag", "0x09", "09a ", "\xff\xff\xff\xff"})
        EXPECT_FALSE(read_hex(bad, bytes)) << bad;
}

TEST(Hex, AdmitsCapitalsOnlyWhereTheFormatDoes) {
    std::array<std::uint8_t, 1> byte{};
    EXPECT_FALSE(read_hex("AF", byte));
    EXPECT_TRUE(read_hex("AF", byte, hex_case::any));
    EXPECT_EQ(byte[0], 0xaf);
}

TEST(Hex, PadsShortIdsOnTheLeft) {
    std::array<std::uint8_t, 2> bytes{};
    EXPECT_TRUE(read_padded_hex("abc", bytes));
    EXPECT_EQ(bytes, (std::array<std::uint8_t, 2>{0x0a, 0xbc}));
    EXPECT_FALSE(read_padded_hex("", bytes));
    EXPECT_FALSE(read_padded_hex("12345", bytes));
}

}  // namespace
}  // namespace outrider::tracing
