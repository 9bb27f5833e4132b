#include "sidecar/kafka/frame_memory.hpp"

#include <gtest/gtest.h>

namespace outrider::kafka {
namespace {

constexpr std::size_t megabyte = 1U << 20;

TEST(FrameMemory, GivesWhatIsLargeEnoughAgain) {
    frame_memory memory;
    auto small = memory.take_held(100'000), large = memory.take_held(megabyte);
    EXPECT_GE(small.size, 100'000U);
    EXPECT_GE(large.size, megabyte);
    auto* first = large.bytes.get();
    memory.give_back(std::move(large));
    memory.give_back(std::move(small));
    EXPECT_EQ(memory.take_held(megabyte).bytes.get(), first);
}

TEST(FrameMemory, TakesTheOneThatWasUsedLast) {
    frame_memory memory;
    auto one = memory.take_held(megabyte), other = memory.take_held(megabyte);
    auto* last = other.bytes.get();
    memory.give_back(std::move(one));
    memory.give_back(std::move(other));
    EXPECT_EQ(memory.take_held(megabyte).bytes.get(), last);
}

TEST(FrameMemory, TextsComeBackEmpty) {
    frame_memory memory;
    auto text = memory.take_text(megabyte);
    text = "something";
    auto* bytes = text.data();
    memory.give_back(std::move(text));
    auto again = memory.take_text(megabyte);
    EXPECT_TRUE(again.empty());
    EXPECT_EQ(again.data(), bytes);
}

/// A block is told by what stands in it, since an allocator may give the same address again.
TEST(SpareBuffers, FreesWhatNobodyNeededSinceTheLastTrim) {
    spare_buffers<std::string> spare;
    spare.give_back(std::string(1'000, 'a'));
    spare.give_back(std::string(1'000, 'b'));
    spare.trim();
    EXPECT_EQ(spare.take(1'000).front(), 'b');
    spare.give_back(std::string(1'000, 'c'));
    spare.trim();
    EXPECT_EQ(spare.take(1'000).front(), 'c');
    EXPECT_TRUE(spare.take(0).empty());
}

TEST(SpareBuffers, KeepsFewAndNoneThatIsHuge) {
    spare_buffers<std::string> spare;
    for (int i = 0; i < 10; ++i) spare.give_back(std::string(1'000, 'a'));
    spare.give_back(std::string(8 * megabyte, 'h'));
    int kept = 0;
    while (!spare.take(1).empty()) ++kept;
    EXPECT_EQ(kept, 4);
}

TEST(SpareBuffers, WhatIsTooSmallMakesRoom) {
    spare_buffers<std::string> spare;
    for (int i = 0; i < 4; ++i) spare.give_back(std::string(1'000, 's'));
    EXPECT_TRUE(spare.take(2'000).empty());
    spare.give_back(std::string(2'000, 'l'));
    EXPECT_EQ(spare.take(2'000).front(), 'l');
}

}  // namespace
}  // namespace outrider::kafka
