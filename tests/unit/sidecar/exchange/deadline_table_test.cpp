#include "sidecar/exchange/deadline_table.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::exchange {
namespace {

using namespace std::chrono_literals;

tracing::trace_id trace(std::uint32_t number) {
    tracing::trace_id out;
    for (std::size_t i = 0; i < 4; ++i) out.bytes[12 + i] = static_cast<std::uint8_t>(number >> (8 * (3 - i)));
    out.bytes[0] = 1;
    return out;
}

constexpr std::uint64_t secret = 42;
const steady_clock::time_point start{1h};

TEST(DeadlineTable, FindsWhatIsUnderWayAndNothingElse) {
    deadline_table table{secret};
    EXPECT_EQ(table.find(trace(1)), std::nullopt);
    auto ticket = table.remember(trace(1), start + 2s, start);
    EXPECT_EQ(table.find(trace(1)), start + 2s);
    EXPECT_EQ(table.find(trace(2)), std::nullopt);
    table.forget(ticket);
    EXPECT_EQ(table.find(trace(1)), std::nullopt);
    EXPECT_EQ(table.size(), 0U);
}

TEST(DeadlineTable, GivesTheLatestOfSeveralExchangesOfOneTrace) {
    deadline_table table{secret};
    auto early = table.remember(trace(1), start + 1s, start);
    auto late = table.remember(trace(1), start + 3s, start);
    auto middle = table.remember(trace(1), start + 2s, start);
    EXPECT_EQ(table.find(trace(1)), start + 3s);
    table.forget(late);
    EXPECT_EQ(table.find(trace(1)), start + 2s);
    table.forget(middle);
    EXPECT_EQ(table.find(trace(1)), start + 1s);
    table.forget(early);
    EXPECT_EQ(table.find(trace(1)), std::nullopt);
}

TEST(DeadlineTable, ForgetsEachOnce) {
    deadline_table table{secret};
    auto first = table.remember(trace(1), start + 1s, start);
    table.forget(first);
    auto second = table.remember(trace(1), start + 2s, start);
    table.forget(first);  // its place is taken by another
    EXPECT_EQ(table.find(trace(1)), start + 2s);
    table.forget(second);
    table.forget(second);
    table.forget({});
    EXPECT_EQ(table.size(), 0U);
}

/// Traces that share a set under `secret`.
std::vector<tracing::trace_id> of_one_set(std::size_t count) {
    deadline_table table{secret};
    std::vector<tracing::trace_id> out{trace(0)};
    const auto wanted = table.remember(trace(0), start + 1s, start).set;
    for (std::uint32_t i = 1; out.size() < count && i < 100'000; ++i) {
        auto ticket = table.remember(trace(i), start + 1s, start);
        if (ticket.set == wanted) out.push_back(trace(i));
        table.forget(ticket);
    }
    return out;
}

TEST(DeadlineTable, AFullSetGivesUpWhatHasExpiredFirst) {
    deadline_table table{secret};
    for (std::size_t i = 0; i + 1 < deadline_table::ways; ++i) table.remember(trace(0), start + 10s, start);
    auto rivals = of_one_set(3);
    ASSERT_EQ(rivals.size(), 3U);
    table.remember(rivals[1], start + 1s, start);
    table.remember(rivals[2], start + 5s, start + 2s);
    EXPECT_EQ(table.find(rivals[1]), std::nullopt) << "expired a second ago";
    EXPECT_EQ(table.find(rivals[2]), start + 5s);
    EXPECT_EQ(table.find(rivals[0]), start + 10s);
    EXPECT_EQ(table.driven_out(), 0U);
    EXPECT_EQ(table.size(), deadline_table::ways);
}

TEST(DeadlineTable, AFullSetGivesUpWhatCameFirstAndCountsIt) {
    deadline_table table{secret};
    auto rivals = of_one_set(2);
    ASSERT_EQ(rivals.size(), 2U);
    auto first = table.remember(rivals[0], start + 9s, start);
    for (std::size_t i = 1; i < deadline_table::ways; ++i) table.remember(rivals[0], start + 4s, start);
    table.remember(rivals[1], start + 5s, start);
    EXPECT_EQ(table.driven_out(), 1U);
    EXPECT_EQ(table.find(rivals[0]), start + 4s);
    table.forget(first);  // takes nobody else along
    EXPECT_EQ(table.size(), deadline_table::ways);
    EXPECT_EQ(table.find(rivals[1]), start + 5s);
}

TEST(DeadlineTable, HoldsThousandsAtOnce) {
    deadline_table table{secret};
    constexpr std::uint32_t many = deadline_table::capacity / 2;
    std::vector<deadline_table::ticket> tickets;
    for (std::uint32_t i = 0; i < many; ++i)
        tickets.push_back(table.remember(trace(i), start + 1s + std::chrono::milliseconds{i}, start));
    EXPECT_LT(table.driven_out(), many / 100) << "sets fill evenly";
    std::uint32_t found = 0;
    for (std::uint32_t i = 0; i < many; ++i)
        if (auto at = table.find(trace(i))) {
            ++found;
            EXPECT_EQ(*at, start + 1s + std::chrono::milliseconds{i});
        }
    EXPECT_EQ(found + table.driven_out(), many);
    for (const auto& each : tickets) table.forget(each);
    EXPECT_EQ(table.size(), 0U);
}

TEST(DeadlineTable, IsRememberedForAsLongAsItsHolderLives) {
    deadline_table table{secret};
    {
        remembered_deadline held;
        held.remember(table, trace(1), start + 1s, start);
        held.remember(table, trace(2), start + 1s, start);
        EXPECT_EQ(table.find(trace(1)), std::nullopt);
        EXPECT_EQ(table.size(), 1U);
    }
    EXPECT_EQ(table.size(), 0U);
}

TEST(DeadlineTable, ThreadsFindTheirOwn) {
    deadline_table table{secret};
    auto work = [&table](std::uint32_t base) {
        for (std::uint32_t i = 0; i < 2'000; ++i) {
            remembered_deadline held;
            auto mine = trace(base + i % 7);
            held.remember(table, mine, start + std::chrono::seconds{base}, start);
            ASSERT_EQ(table.find(mine), start + std::chrono::seconds{base});
        }
    };
    std::thread one{work, 1'000}, other{work, 2'000};
    one.join();
    other.join();
    EXPECT_EQ(table.size(), 0U);
}

}  // namespace
}  // namespace outrider::exchange
