#include "governance/key_table.hpp"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

constexpr hash_secret secret{1, 2};

key_hash numbered(int number) { return keyed_hash(std::to_string(number), secret); }

TEST(KeyTable, FindsWhatWasPut) {
    key_table table{1'000};
    for (int i = 0; i < 1'000; ++i) table.at(numbered(i), 0).put(static_cast<ticks>(i + 1));
    EXPECT_EQ(table.size(), 1'000u);
    for (int i = 0; i < 1'000; ++i) {
        auto place = table.at(numbered(i), 0);
        ASSERT_TRUE(place.known());
        ASSERT_EQ(place.tat(), static_cast<ticks>(i + 1));
    }
    EXPECT_FALSE(table.at(numbered(1'000), 0).known());
    EXPECT_EQ(table.size(), 1'000u) << "who only looks takes no place";
}

TEST(KeyTable, HoldsAMillionKeysIn64Mebibytes) { EXPECT_LE(key_table{1'000'000}.bytes(), std::size_t{64} << 20); }

TEST(KeyTable, TakesThePlaceWithTheOldestTat) {
    key_table table{1};
    auto key = [](std::uint64_t number) { return key_hash{5, number}; };
    for (std::uint64_t i = 0; i < 10; ++i) table.at(key(i), 0).put(1'000 - 10 * i);
    table.at(key(10), 5'000).put(6'000);
    int gone = 0;
    for (std::uint64_t i = 0; i < 10; ++i) {
        if (table.at(key(i), 0).known()) continue;
        ++gone;
        EXPECT_GE(i, 8u) << "the oldest of one of both buckets";
    }
    EXPECT_EQ(gone, 1);
}

TEST(KeyTable, BeginsANewKeyWithTheLatestTatThatItsBucketsForgot) {
    key_table table{1};
    // Every place is used, by keys that differ in nothing that chooses a bucket.
    auto key = [](std::uint64_t number) { return key_hash{5, number}; };
    for (std::uint64_t i = 0; i < 10; ++i) table.at(key(i), 0).put(1'001 + i);
    EXPECT_FALSE(table.at(key(10), 1'001).exists());
    {
        auto place = table.at(key(10), 1'002);
        ASSERT_TRUE(place.exists());
        EXPECT_FALSE(place.known());
        EXPECT_EQ(place.tat(), 0u);
        place.put(5'000);
    }
    EXPECT_EQ(table.at(key(0), 500).tat(), 1'002u) << "whoever's time is behind finds what was forgotten";
    EXPECT_FALSE(table.at(key(0), 500).exists());
    EXPECT_EQ(table.at(key(10), 0).tat(), 5'000u);
    EXPECT_EQ(table.size(), 10u);
}

TEST(KeyTable, RemembersForAKeyWithoutAPlaceWhatItWasGivenElsewhere) {
    key_table table{1};
    auto key = [](std::uint64_t number) { return key_hash{5, number}; };
    for (std::uint64_t i = 0; i < 10; ++i) table.at(key(i), 0).put(1'000);
    {
        auto place = table.at(key(10), 500);
        ASSERT_FALSE(place.exists());
        place.remember(7'000);
    }
    auto place = table.at(key(10), 2'000);
    EXPECT_TRUE(place.exists());
    EXPECT_EQ(place.tat(), 7'000u);
}

}  // namespace
}  // namespace outrider::governance
