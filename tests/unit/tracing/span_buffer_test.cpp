#include "tracing/span_buffer.hpp"

#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

bool put(span_buffer& buffer, const std::string& entry) {
    auto* out = buffer.open();
    if (!out) return false;
    out->append(entry);
    buffer.close();
    return true;
}

TEST(SpanBuffer, HandsOverWhatWasFlushed) {
    span_buffer buffer;
    put(buffer, "one");
    put(buffer, "two");
    EXPECT_EQ(buffer.take(), nullptr);
    buffer.flush();
    const auto chunk = buffer.take();
    ASSERT_NE(chunk, nullptr);
    EXPECT_EQ(chunk->bytes, "onetwo");
    EXPECT_EQ(chunk->spans, 2u);
    EXPECT_EQ(buffer.take(), nullptr);
}

TEST(SpanBuffer, AnEmptyFlushHandsNothingOver) {
    span_buffer buffer;
    buffer.flush();
    EXPECT_EQ(buffer.take(), nullptr);
    put(buffer, "x");
    buffer.flush();
    buffer.flush();
    EXPECT_NE(buffer.take(), nullptr);
    EXPECT_EQ(buffer.take(), nullptr);
}

TEST(SpanBuffer, HandsAChunkOverWhenItIsFull) {
    span_buffer buffer(4, 10);
    put(buffer, "12345");
    EXPECT_EQ(buffer.take(), nullptr);
    put(buffer, "67890");
    const auto chunk = buffer.take();
    ASSERT_NE(chunk, nullptr);
    EXPECT_EQ(chunk->bytes, "1234567890");
}

TEST(SpanBuffer, ASpanThatWasNeverClosedLeavesNoTrace) {
    span_buffer buffer;
    put(buffer, "kept");
    buffer.open()->append("abandoned");
    put(buffer, "too");
    buffer.open()->append("abandoned again");
    buffer.flush();
    EXPECT_EQ(buffer.take()->bytes, "kepttoo");
    EXPECT_EQ(buffer.finished(), 2u);
}

TEST(SpanBuffer, RefusesAndCountsWhenEveryChunkIsFull) {
    span_buffer buffer(2, 4);
    EXPECT_TRUE(put(buffer, "aaaa"));
    EXPECT_TRUE(put(buffer, "bbbb"));
    EXPECT_FALSE(put(buffer, "cccc"));
    EXPECT_FALSE(put(buffer, "dddd"));
    EXPECT_EQ(buffer.finished(), 2u);
    EXPECT_EQ(buffer.dropped(), 2u);
    buffer.give_back(buffer.take());
    EXPECT_TRUE(put(buffer, "eeee"));
    EXPECT_EQ(buffer.take()->bytes, "bbbb");
    EXPECT_EQ(buffer.take()->bytes, "eeee");
}

TEST(SpanBuffer, FreedSparesCanBeAllocatedAgain) {
    span_buffer buffer(16, 1);
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 16; ++i) EXPECT_TRUE(put(buffer, "x"));
        EXPECT_FALSE(put(buffer, "x"));
        while (auto chunk = buffer.take()) buffer.give_back(std::move(chunk));
    }
    EXPECT_EQ(buffer.dropped(), 3u);
}

TEST(SpanBuffer, AcceptsAChunkWhoseStringWasTakenOut) {
    span_buffer buffer(1, 4);
    put(buffer, "aaaa");
    auto chunk = buffer.take();
    const std::string stolen = std::move(chunk->bytes);
    chunk->bytes = "left over";
    buffer.give_back(std::move(chunk));
    put(buffer, "bbbb");
    EXPECT_EQ(buffer.take()->bytes, "bbbb");
}

TEST(SpanBuffer, StampsTheFirstSpanOfAChunk) {
    span_buffer buffer;
    put(buffer, "first chunk");
    buffer.flush();
    const auto before = std::chrono::steady_clock::now();
    put(buffer, "one");
    const auto after = std::chrono::steady_clock::now();
    put(buffer, "two");
    buffer.flush();
    buffer.take();
    const auto oldest = buffer.take()->oldest;
    EXPECT_GE(oldest, before);
    EXPECT_LE(oldest, after);
}

TEST(SpanBuffer, LosesNothingBetweenTwoThreads) {
    span_buffer buffer(8, 64);
    constexpr std::uint32_t total = 200'000;
    std::uint64_t written = 0;
    std::thread worker([&] {
        for (std::uint32_t i = 0; i < total; ++i) {
            if (!put(buffer, std::to_string(i) + ",")) std::this_thread::yield();
            if (i % 37 == 0) buffer.flush();
        }
        buffer.flush();
        written = buffer.finished();
    });
    std::uint64_t spans = 0, commas = 0;
    auto drain = [&] {
        while (auto chunk = buffer.take()) {
            spans += chunk->spans;
            for (char c : chunk->bytes) commas += c == ',';
            EXPECT_LE(spans, buffer.finished());
            buffer.give_back(std::move(chunk));
        }
    };
    while (buffer.finished() + buffer.dropped() < total) drain();
    worker.join();
    drain();
    EXPECT_EQ(spans, written);
    EXPECT_EQ(commas, written);
    EXPECT_EQ(buffer.finished() + buffer.dropped(), total);
}

}  // namespace
}  // namespace outrider::tracing
