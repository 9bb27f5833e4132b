#include "sidecar/collector/key_index.hpp"

#include <set>

#include <gmock/gmock.h>

namespace outrider::collector {
namespace {

TEST(KeyIndex, FindsWhatWasAddedAndForgetsWhatHasGone) {
    key_index index{{1, 2}};
    std::set<std::uint32_t> gone;
    const auto alive = [&](const key_index::entry& one) { return !gone.contains(one.birth); };
    for (std::uint32_t i = 1; i <= 5'000; ++i)
        for (int times = 0; times < 3; ++times) index.add("order", std::to_string(i % 1'000), i, i, alive);
    auto found = index.find("order", "7");
    EXPECT_EQ(found.size(), 5u);
    for (const auto& one : found) EXPECT_EQ(one.trace % 1'000, 7u);
    EXPECT_TRUE(index.find("customer", "7").empty());
    for (std::uint32_t i = 1; i <= 4'000; ++i) gone.insert(i);
    for (std::uint32_t i = 5'001; i <= 8'000; ++i) index.add("order", std::to_string(i % 1'000), i, i, alive);
    found = index.find("order", "7");
    EXPECT_EQ(found.size(), 4u);
    for (const auto& one : found) EXPECT_GT(one.trace, 4'000u);
}

TEST(KeyIndex, TakesTwelveBytesForAKeyOfATrace) {
    key_index index{{1, 2}};
    constexpr std::uint32_t count = 100'000;
    for (std::uint32_t i = 1; i <= count; ++i)
        index.add("order", std::to_string(i), i, i, [](const key_index::entry&) { return true; });
    EXPECT_LT(index.memory(), count * 20u);
}

TEST(KeyIndex, IsNotSlowWhenAllHaveTheSameKey) {
    key_index index{{1, 2}};
    for (std::uint32_t i = 1; i <= 100'000; ++i)
        index.add("tenant", "one", i, i, [](const key_index::entry&) { return true; });
    EXPECT_EQ(index.find("tenant", "one").size(), 100'000u);
}

}  // namespace
}  // namespace outrider::collector
