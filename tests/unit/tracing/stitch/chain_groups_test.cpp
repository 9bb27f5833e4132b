#include "tracing/stitch/chain_groups.hpp"

#include <set>

#include <gtest/gtest.h>

#include "tests/unit/tracing/stitch/stitch_spans.hpp"

namespace outrider::tracing {
namespace {

/// The root of a trace (by default its span 1) has its cause in another; 0: it has none.
decision caused(std::uint64_t trace, std::uint64_t by, std::uint64_t root = 1) {
    decision known;
    known.root = {trace_of(trace), id_of(root)};
    if (by != 0) known.cause = {{trace_of(by), id_of(77)}, link_source::timing, 0.9F};
    return known;
}

std::set<trace_id> traces(std::initializer_list<std::uint64_t> numbers) {
    std::set<trace_id> all;
    for (auto each : numbers) all.insert(trace_of(each));
    return all;
}

std::set<trace_id> traces_of(const chain_groups& groups, std::uint64_t trace) {
    const auto all = groups.traces_of(trace_of(trace));
    return {all.begin(), all.end()};
}

TEST(ChainGroups, LeaveATraceAlone) {
    chain_groups groups;
    EXPECT_FALSE(groups.apply(caused(1, 0)));
    EXPECT_FALSE(groups.apply(caused(1, 1))) << "a cause in its own trace";
    EXPECT_EQ(groups.chain_of(trace_of(1)), trace_of(1));
    EXPECT_EQ(traces_of(groups, 1), traces({1}));
    EXPECT_EQ(groups.memory(), 0u);
}

TEST(ChainGroups, AreNamedByTheTraceWithoutACauseInWhateverOrderTheyGrow) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        chain_groups groups;
        for (const auto& each : shuffled<decision>({caused(2, 5), caused(3, 2), caused(4, 2), caused(1, 4)}, seed))
            EXPECT_TRUE(groups.apply(each));
        for (std::uint64_t trace = 1; trace <= 5; ++trace) {
            EXPECT_EQ(groups.chain_of(trace_of(trace)), trace_of(5));
            EXPECT_EQ(traces_of(groups, trace), traces({1, 2, 3, 4, 5}));
            EXPECT_EQ(groups.traces_of(trace_of(trace)).front(), trace_of(5));
        }
    }
}

TEST(ChainGroups, SayThatNothingChangedWhenTheyAreToldAgain) {
    chain_groups groups;
    EXPECT_TRUE(groups.apply(caused(2, 1)));
    EXPECT_FALSE(groups.apply(caused(2, 1)));
}

TEST(ChainGroups, MoveATraceWithAllThatHangsFromIt) {
    chain_groups groups;
    groups.apply(caused(2, 1));
    groups.apply(caused(3, 2));
    groups.apply(caused(4, 1));
    EXPECT_TRUE(groups.apply(caused(2, 9)));
    EXPECT_EQ(traces_of(groups, 3), traces({2, 3, 9}));
    EXPECT_EQ(groups.chain_of(trace_of(3)), trace_of(9));
    EXPECT_EQ(traces_of(groups, 1), traces({1, 4}));
    EXPECT_TRUE(groups.apply(caused(2, 0)));
    EXPECT_EQ(traces_of(groups, 3), traces({2, 3}));
    EXPECT_EQ(groups.chain_of(trace_of(9)), trace_of(9));
}

TEST(ChainGroups, RefuseCircles) {
    chain_groups groups;
    groups.apply(caused(2, 1));
    groups.apply(caused(3, 2));
    EXPECT_FALSE(groups.apply(caused(1, 3)));
    EXPECT_EQ(groups.chain_of(trace_of(1)), trace_of(1));
    EXPECT_EQ(traces_of(groups, 1), traces({1, 2, 3}));
}

TEST(ChainGroups, JoinTheCausesOfSeveralRootsOfOneTrace) {
    chain_groups groups;
    groups.apply(caused(5, 3, 1));
    groups.apply(caused(5, 2, 2));
    EXPECT_EQ(traces_of(groups, 3), traces({2, 3, 5}));
    EXPECT_EQ(groups.chain_of(trace_of(3)), trace_of(2)) << "the least of those without a cause";
    EXPECT_TRUE(groups.apply(caused(5, 0, 2)));
    EXPECT_EQ(groups.chain_of(trace_of(5)), trace_of(3));
    EXPECT_EQ(traces_of(groups, 2), traces({2}));
}

TEST(ChainGroups, KeepTheirNameUntilAllThatWasCausedIsForgotten) {
    chain_groups groups;
    groups.apply(caused(2, 1));
    groups.apply(caused(3, 1));
    groups.forget(trace_of(1));
    EXPECT_EQ(groups.chain_of(trace_of(3)), trace_of(1));
    groups.forget(trace_of(2));
    groups.forget(trace_of(2));
    EXPECT_EQ(traces_of(groups, 3), traces({1, 3}));
    groups.forget(trace_of(3));
    EXPECT_EQ(groups.chain_of(trace_of(3)), trace_of(3));
    EXPECT_EQ(groups.chain_of(trace_of(2)), trace_of(2));
}

TEST(ChainGroups, TakeNoMoreMemoryForChainsThatComeAndGo) {
    chain_groups groups;
    std::size_t after_a_while = 0;
    for (std::uint64_t i = 1; i <= 20'000; ++i) {
        groups.apply(caused(3 * i, 3 * i + 1));
        groups.apply(caused(3 * i + 2, 3 * i));
        if (i > 100) {
            groups.forget(trace_of(3 * (i - 100)));
            groups.forget(trace_of(3 * (i - 100) + 2));
        }
        if (i == 1'000) after_a_while = groups.memory();
    }
    EXPECT_EQ(groups.memory(), after_a_while);
}

TEST(ChainGroups, TakeAboutSixtyBytesForATrace) {
    chain_groups groups;
    for (std::uint64_t i = 0; i < 40'000; ++i) groups.apply(caused(2 * i + 2, 2 * i + 1));
    EXPECT_LT(groups.memory() / 80'000, 100u) << "in vectors that have just grown";
}

TEST(ChainGroups, AreBoundedInSizeAndInCausesOfOneTrace) {
    chain_groups groups;
    for (std::uint64_t i = 2; i < chain_groups::most_traces + 100; ++i) groups.apply(caused(i, 1));
    EXPECT_EQ(groups.traces_of(trace_of(1)).size(), chain_groups::most_traces);
    chain_groups wide;
    for (std::uint64_t i = 2; i < 1'000; ++i) wide.apply(caused(1, i, i));
    EXPECT_EQ(wide.traces_of(trace_of(1)).size(), chain_groups::most_causes + 1);
}

/// Compares with what the causes that were told last say, for trees.
TEST(ChainGroups, AgreeWithTheirDecisionsAfterAnyChanges) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
        id_generator random{seed};
        chain_groups groups;
        std::map<std::uint64_t, std::uint64_t> causes;
        for (int step = 0; step < 200; ++step) {
            const auto trace = 2 + random.next() % 30, cause = random.next() % trace;  // no circles
            groups.apply(caused(trace, cause));
            causes[trace] = cause;
            if (step % 5 != 0) continue;
            std::map<std::uint64_t, std::set<trace_id>> chains;
            const auto top = [&](std::uint64_t at) {
                while (causes.contains(at) && causes[at] != 0) at = causes[at];
                return at;
            };
            for (std::uint64_t each = 1; each < 32; ++each) chains[top(each)].insert(trace_of(each));
            for (std::uint64_t each = 1; each < 32; ++each) {
                ASSERT_EQ(groups.chain_of(trace_of(each)), trace_of(top(each))) << seed << " " << step;
                ASSERT_EQ(traces_of(groups, each), chains[top(each)]) << seed << " " << step;
            }
        }
    }
}

}  // namespace
}  // namespace outrider::tracing
