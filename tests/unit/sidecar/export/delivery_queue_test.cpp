#include "sidecar/export/delivery_queue.hpp"

#include <gtest/gtest.h>

namespace outrider::exporting {
namespace {

using namespace std::chrono_literals;
constexpr auto memory = delivery_queue::scope::memory;
constexpr auto writing_too = delivery_queue::scope::memory_and_writing;
using Strings = std::vector<std::string>;

std::string entry(const std::string& content) {
    return std::string("\x12") + static_cast<char>(content.size()) + content;
}

Strings contents(const std::vector<parcel_pointer>& parcels) {
    Strings out;
    for (const auto& p : parcels) out.push_back(p->bytes);
    return out;
}

class DeliveryQueue : public testing::Test {
  protected:
    delivery_queue queue{{.parcel_spans = 4, .parcel_bytes = 100, .memory_bytes = 1000}};
    const time_point start = time_point{} + 1h;
};

TEST(SplitAt, CountsEntriesByTheirLengths) {
    const auto entries = entry("one") + entry("") + entry(std::string(100, 'x'));
    EXPECT_EQ(split_at(entries, 0), 0u);
    EXPECT_EQ(split_at(entries, 1), 5u);
    EXPECT_EQ(split_at(entries, 2), 7u);
    EXPECT_EQ(split_at(entries, 3), entries.size());
    EXPECT_EQ(split_at(entries, 9), entries.size());
}

TEST(SplitAt, LeavesWhatIsNoEntryTogether) {
    EXPECT_EQ(split_at("\x12\x7f short", 1), 8u);
    EXPECT_EQ(split_at("\x12", 1), 1u);
    EXPECT_EQ(split_at("\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1), 12u);
}

TEST_F(DeliveryQueue, PutsATrickleTogether) {
    queue.add(entry("a"), 1, start);
    queue.add(entry("b"), 1, start + 1ms);
    const auto batch = queue.take_batch(memory, 10, 1000);
    EXPECT_EQ(contents(batch), Strings{entry("a") + entry("b")});
    EXPECT_EQ(batch[0]->oldest, start);
    EXPECT_EQ(queue.waiting_spans(memory), 0u);
}

TEST_F(DeliveryQueue, CutsWhatExceedsABatch) {
    std::string ten;
    for (int i = 0; i < 10; ++i) ten += entry(std::to_string(i));
    queue.add(ten, 10, start);
    const auto batch = queue.take_batch(memory, 100, 10'000);
    ASSERT_EQ(batch.size(), 3u);
    EXPECT_EQ(batch[0]->spans, 4u);
    EXPECT_EQ(batch[2]->spans, 2u);
    EXPECT_EQ(batch[0]->bytes + batch[1]->bytes + batch[2]->bytes, ten);
}

TEST_F(DeliveryQueue, DoesNotGrowWhatIsUnderWay) {
    queue.add(entry("a"), 1, start);
    const auto batch = queue.take_batch(memory, 10, 1000);
    queue.add(entry("b"), 1, start);
    EXPECT_EQ(contents(batch), Strings{entry("a")});
    EXPECT_EQ(contents(queue.take_batch(memory, 10, 1000)), Strings{entry("b")});
}

TEST_F(DeliveryQueue, ABatchThatFailedComesFirstAgain) {
    for (const auto* name : {"aaaa", "bbbb", "cccc"}) queue.add(entry(name), 4, start);
    auto batch = queue.take_batch(memory, 8, 1000);
    EXPECT_EQ(batch.size(), 2u);
    queue.give_back(batch);
    EXPECT_EQ(queue.waiting_spans(memory), 12u);
    EXPECT_EQ(contents(queue.take_batch(memory, 8, 1000)), contents(batch));
}

TEST_F(DeliveryQueue, TheOldGoToDiskInFlightOrNot) {
    queue.add(entry("old1"), 4, start);
    queue.take_batch(memory, 4, 1000);
    queue.add(entry("old2"), 4, start + 1ms);
    queue.add(entry("new"), 4, start + 1s);
    const auto parcels = queue.take_for_disk(start + 10ms, 1000, 1000);
    EXPECT_EQ(contents(parcels), (Strings{entry("old1"), entry("old2")}));
    EXPECT_TRUE(queue.take_for_disk(start + 10ms, 1000, 1000).empty()) << "once";
    EXPECT_EQ(queue.waiting_spans(memory), 4u);
    queue.written(parcels);
    EXPECT_EQ(contents(queue.take_batch(memory, 100, 1000)), Strings{entry("new")});
}

TEST_F(DeliveryQueue, OverflowGoesToDiskOldestFirst) {
    for (int i = 0; i < 5; ++i) queue.add(entry(std::to_string(i)), 4, start);
    const auto parcels = queue.take_for_disk(start - 1h, 10, 1000);
    EXPECT_EQ(contents(parcels), (Strings{entry("0"), entry("1"), entry("2")}));
    EXPECT_EQ(queue.waiting_spans(memory), 8u);
}

TEST_F(DeliveryQueue, WhatCouldNotBeWrittenWaitsAgain) {
    queue.add(entry("a"), 4, start);
    const auto parcels = queue.take_for_disk(start, 0, 1000);
    queue.not_written(parcels);
    EXPECT_EQ(queue.waiting_spans(memory), 4u);
    EXPECT_EQ(queue.take_batch(memory, 4, 1000).size(), 1u);
}

TEST_F(DeliveryQueue, WhatIsDeliveredWhileBeingWrittenStaysUntilTheWriteEnds) {
    queue.add(entry("a"), 4, start);
    const auto batch = queue.take_batch(memory, 4, 1000);
    const auto parcels = queue.take_for_disk(start, 100, 1000);
    ASSERT_EQ(parcels.size(), 1u);
    EXPECT_TRUE(queue.settled_while_writing().empty());
    queue.settle(batch);
    EXPECT_EQ(queue.settled_while_writing(), batch);
    EXPECT_FALSE(queue.empty());
    queue.written(parcels);
    EXPECT_TRUE(queue.empty());
}

TEST_F(DeliveryQueue, WhatIsBeingWrittenMayBeSentMeanwhile) {
    queue.add(entry("a"), 4, start);
    const auto parcels = queue.take_for_disk(start, 100, 1000);
    EXPECT_EQ(queue.waiting_spans(memory), 0u);
    EXPECT_EQ(queue.waiting_spans(writing_too), 4u);
    EXPECT_FALSE(queue.oldest_waiting(memory));
    EXPECT_EQ(queue.oldest_waiting(writing_too), start);
    EXPECT_TRUE(queue.take_batch(memory, 10, 1000).empty());
    const auto batch = queue.take_batch(writing_too, 10, 1000);
    EXPECT_EQ(batch, parcels);
    queue.settle(batch);
    EXPECT_TRUE(queue.take_batch(writing_too, 10, 1000).empty());
}

TEST_F(DeliveryQueue, AFailedWriteOfWhatIsDeliveredIsTheEndOfIt) {
    queue.add(entry("a"), 4, start);
    const auto batch = queue.take_batch(memory, 4, 1000);
    const auto parcels = queue.take_for_disk(start, 100, 1000);
    queue.settle(batch);
    queue.not_written(parcels);
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.waiting_spans(memory), 0u);
}

TEST_F(DeliveryQueue, ShedsTheOldestThatNobodyUses) {
    for (int i = 0; i < 20; ++i) queue.add(entry(std::string(98, static_cast<char>('a' + i))), 4, start);
    const auto in_flight = queue.take_batch(memory, 4, 1000);
    EXPECT_EQ(queue.shed(), 40u);
    EXPECT_EQ(queue.shed(), 0u);
    EXPECT_EQ(in_flight[0]->bytes[2], 'a');
    EXPECT_EQ(queue.take_batch(memory, 4, 1000)[0]->bytes[2], 'l');
}

TEST_F(DeliveryQueue, TakesChunksOfABufferWhole) {
    tracing::span_buffer buffer(4, 60);
    for (int i = 0; i < 2; ++i) {
        buffer.open()->append(entry(std::string(58, static_cast<char>('a' + i))));
        buffer.close();
    }
    EXPECT_EQ(queue.absorb(buffer), 2u);
    EXPECT_EQ(queue.take_batch(memory, 100, 1000).size(), 2u);
    EXPECT_TRUE(buffer.open()) << "the chunks went back";
}

}  // namespace
}  // namespace outrider::exporting
