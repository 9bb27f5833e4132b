#include "tracing/ids.hpp"

#include <set>

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

TEST(Ids, AreInvalidOnlyWhenAllZero) {
    trace_id trace;
    span_id span;
    EXPECT_FALSE(trace.valid());
    EXPECT_FALSE(span.valid());
    for (std::size_t i = 0; i < 16; ++i) {
        trace_id one;
        one.bytes[i] = 1;
        EXPECT_TRUE(one.valid()) << i;
    }
    span.bytes[7] = 1;
    EXPECT_TRUE(span.valid());
    EXPECT_EQ(span.hex(), "0000000000000001");
}

TEST(IdGenerator, RepeatsItselfForTheSameSeedOnly) {
    id_generator one{7}, same{7}, other{8};
    auto first = one.new_trace_id();
    EXPECT_EQ(first, same.new_trace_id());
    EXPECT_NE(first, other.new_trace_id());
}

TEST(IdGenerator, IsSeededByTheSystem) { EXPECT_NE(id_generator{}.next(), id_generator{}.next()); }

// The first words of xoshiro256** for the state {1, 2, 3, 4} are published with the algorithm; through our seeding only
// the distribution can be seen from outside: every bit of an id is set about half of the time.
TEST(IdGenerator, SetsEveryBitHalfOfTheTime) {
    id_generator ids{1};
    std::array<int, 128> set{};
    constexpr int rounds = 4000;
    for (int round = 0; round < rounds; ++round) {
        auto id = ids.new_trace_id();
        for (std::size_t bit = 0; bit < set.size(); ++bit) set[bit] += id.bytes[bit / 8] >> (bit % 8) & 1;
    }
    for (auto count : set) {
        EXPECT_GT(count, rounds * 45 / 100);
        EXPECT_LT(count, rounds * 55 / 100);
    }
}

TEST(IdGenerator, DoesNotRepeat) {
    id_generator ids{3};
    std::set<span_id> seen;
    for (int i = 0; i < 10000; ++i) EXPECT_TRUE(seen.insert(ids.new_span_id()).second);
}

}  // namespace
}  // namespace outrider::tracing
