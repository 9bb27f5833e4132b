#include "tracing/hex.hpp"

#include <string>

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

/// The value of a digit as one would write it down; -1: none.
int value_of(char c, hex_case letters) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F' && letters == hex_case::any) return c - 'A' + 10;
    return -1;
}

TEST(Hex, KnowsEveryOctetAtEveryPlace) {
    for (auto letters : {hex_case::lower, hex_case::any}) {
        for (int octet = 0; octet < 256; ++octet) {
            for (std::size_t place = 0; place < 20; ++place) {
                std::string text = "0123456789abcdef0123";  // a block of digits, and some behind it
                text[place] = static_cast<char>(octet);
                std::array<std::uint8_t, 10> bytes{}, expected{};
                bool good = value_of(text[place], letters) >= 0;
                for (std::size_t i = 0; i < text.size(); ++i)
                    expected[i / 2] =
                        static_cast<std::uint8_t>(expected[i / 2] << 4 | (value_of(text[i], letters) & 15));
                ASSERT_EQ(read_hex(text, bytes, letters), good) << octet << " at " << place;
                if (!good) continue;
                ASSERT_EQ(bytes, expected) << octet << " at " << place;
                std::array<char, 20> again{};
                ASSERT_EQ(write_hex(again.data(), bytes), again.data() + again.size());
                text[place] = hex_digits[value_of(text[place], letters)];
                ASSERT_EQ(std::string_view(again.data(), again.size()), text);
            }
        }
    }
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
