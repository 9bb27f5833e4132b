#include "tracing/flows/flow_set.hpp"

#include <array>

#include <gmock/gmock.h>

#include "tests/unit/tracing/flows/flow_spans.hpp"

namespace outrider::flows::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// One flow that has been looked at for an hour, and a clock.
class one_flow {
  public:
    explicit one_flow(const flow_text& text, flow_set_options options = {}) : set(options) {
        std::vector<flow> flows;
        flows.push_back(must_compile(text));
        set.load(std::move(flows), zero - 3'600 * second);
        set.advance(zero - 100 * ms);
    }
    /// An event of order 1 at that time after zero, which arrives a tenth of a second later.
    void comes(const char* topic, std::int64_t at, const char* service = "orders") {
        arrives(sent(topic, "1", zero + at, service), zero + at + 100 * ms);
    }
    void arrives(const tracing::span_data& span, unix_ns at) {
        until(at);
        set.observe(span, at);
    }
    void until(unix_ns at) {
        pass(set, now, at);
        now = std::max(now, at);
    }
    std::uint64_t ended(run_outcome how) const {
        return set.checkers().front()->outcomes()[static_cast<std::size_t>(how)];
    }

    flow_set set;
    unix_ns now = zero;
};

TEST(Flows, SayNothingOfARunThatIsAsExpected) {
    one_flow flow{lettered("a -> b | c end within 5s -> d within 5s")};
    flow.comes("a", 0);
    flow.comes("b", second);
    EXPECT_EQ(flow.set.checkers().front()->running(), 1);
    flow.comes("d", 2 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
    EXPECT_EQ(flow.ended(run_outcome::completed), 1);
    EXPECT_EQ(flow.set.checkers().front()->running(), 0);
}

TEST(Flows, EndWhereAnAlternativeSaysSo) {
    one_flow flow{lettered("a -> b | c end within 5s -> d within 5s")};
    flow.comes("a", 0);
    flow.comes("c", second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
    EXPECT_EQ(flow.ended(run_outcome::completed), 1);
}

TEST(Flows, TellWhatIsStuckWithinTwoSecondsAndNotBeforeItCanBeKnown) {
    one_flow flow{lettered("a -> b within 5s -> c within 5s")};
    flow.comes("a", 0);
    flow.until(zero + 6 * second + 400 * ms);
    EXPECT_THAT(told(flow.set), IsEmpty());
    flow.until(zero + 7 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("stuck b of 1"));
    EXPECT_TRUE(flow.set.checkers().front()->recent().front().open);
}

TEST(Flows, TakeBackWhatWasStuckWhenItComes) {
    one_flow flow{lettered("a -> b within 5s")};
    flow.comes("a", 0);
    flow.comes("b", 9 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("(stuck b of 1)", "late b of 1"));
    EXPECT_EQ(flow.ended(run_outcome::faulty), 1);
    const auto& step = flow.set.checkers().front()->steps()[1];
    EXPECT_EQ(step.told[0], 1);
    EXPECT_EQ(step.retracted[0], 1);
}

TEST(Flows, TakeBackWhatCameInTimeAndWasOnlyDeliveredLate) {
    one_flow flow{lettered("a -> b within 5s")};
    flow.comes("a", 0);
    flow.arrives(sent("b", "1", zero + second), zero + 300 * second);
    flow.until(zero + 400 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("(stuck b of 1)"));
}

TEST(Flows, SayNothingOfWhatComesHoursLater) {
    one_flow flow{lettered("a -> b within 5s -> c within 5s")};
    flow.comes("a", 0);
    flow.comes("b", second);
    flow.comes("c", 2 * second);
    flow.until(zero + 3'000 * second);
    EXPECT_EQ(flow.set.runs(), 0);
    flow.arrives(sent("b", "1", zero + 2 * second), zero + 7'200 * second);
    flow.until(zero + 7'300 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
}

TEST(Flows, TellWhatIsMissingWhenALaterStepCame) {
    one_flow flow{lettered("a -> b within 5s -> c within 5s")};
    flow.comes("a", 0);
    flow.comes("c", 2 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("missing b of 1"));
    EXPECT_EQ(flow.ended(run_outcome::faulty), 1);
}

TEST(Flows, TellOfARunWhoseFirstStepIsMissing) {
    one_flow flow{lettered("a -> b within 5s -> c within 5s")};
    flow.comes("b", 0);
    flow.comes("c", second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("missing a of 1"));
}

TEST(Flows, IgnoreRunsThatBeganBeforeAnybodyLooked) {
    flow_set set;
    std::vector<flow> flows;
    flows.push_back(must_compile(lettered("a -> b within 5s -> c within 5s")));
    set.load(std::move(flows), zero);
    set.observe(sent("b", "1", zero + second), zero + second);
    pass(set, zero + second, zero + 30 * second);
    EXPECT_THAT(told(set), IsEmpty());
}

TEST(Flows, IgnoreRunsWithoutAFirstStepWhenToldSo) {
    auto text = lettered("a -> b within 5s");
    text.unstarted = unstarted_run::ignored;
    one_flow flow{text};
    flow.comes("b", 0);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
}

TEST(Flows, TellWhatCameTwice) {
    one_flow flow{lettered("a -> b | c within 5s")};
    flow.comes("a", 0);
    flow.comes("a", second);
    flow.comes("b", 2 * second);
    flow.comes("c", 3 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("duplicate a of 1", "duplicate b | c of 1"));
}

TEST(Flows, TakeASpanThatIsDeliveredTwiceForOne) {
    one_flow flow{lettered("a -> b within 5s")};
    const auto span = sent("a", "1", zero);
    flow.arrives(span, zero + 100 * ms);
    flow.arrives(span, zero + 200 * ms);
    EXPECT_THAT(told(flow.set), IsEmpty());
}

TEST(Flows, TakeWhatAnApplicationsOwnInstrumentTellsForTheSameEvent) {
    one_flow flow{lettered("a -> b within 5s")};
    flow.comes("a", 0);
    auto own = sent("a", "1", zero);
    own.origin = origin_of("orders", "io.opentelemetry.kafka");
    flow.arrives(own, zero + 200 * ms);
    EXPECT_THAT(told(flow.set), IsEmpty());
}

TEST(Flows, CountRepeats) {
    one_flow flow{lettered("a -> b x 2..3 within 5s -> c within 5s")};
    flow.comes("a", 0);
    flow.comes("b", second);
    flow.until(zero + 7 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("stuck b x 2..3 of 1")) << "one of two is not enough";
    one_flow well{lettered("a -> b x 2..3 within 5s -> c within 5s")};
    well.comes("a", 0);
    for (int i = 1; i <= 3; ++i) well.comes("b", i * second);
    well.comes("c", 4 * second);
    well.until(zero + 60 * second);
    EXPECT_THAT(told(well.set), IsEmpty());
    well.comes("b", 61 * second);
    EXPECT_THAT(told(well.set), ElementsAre("duplicate b x 2..3 of 1"));
}

TEST(Flows, LetWhatIsInBracketsComeInAnyOrder) {
    one_flow flow{lettered("a -> (b & c) within 5s -> d within 5s")};
    flow.comes("a", 0);
    flow.comes("c", second);
    flow.comes("b", 2 * second);
    flow.comes("d", 3 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
    EXPECT_EQ(flow.ended(run_outcome::completed), 1);
}

TEST(Flows, DoNotMissWhatNeedNotCome) {
    one_flow flow{lettered("a -> b x 0..1 within 5s -> c within 5s")};
    flow.comes("a", 0);
    flow.comes("c", 2 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
    EXPECT_EQ(flow.ended(run_outcome::completed), 1);
}

TEST(Flows, TellWhatCameBeforeItsTime) {
    one_flow flow{lettered("a -> b within 5s -> c within 5s")};
    flow.comes("a", 0);
    flow.comes("c", second);
    flow.comes("b", 2 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("out_of_order c of 1"));
}

TEST(Flows, DoNotTakeClocksThatDifferForDisorder) {
    one_flow flow{lettered("a -> b within 5s")};
    flow.comes("a", 100 * ms);
    flow.comes("b", 20 * ms);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
}

TEST(Flows, TellWhatCameAfterTheEnd) {
    one_flow flow{lettered("a -> b | c end within 5s -> d within 5s")};
    flow.comes("a", 0);
    flow.comes("c", second);
    flow.comes("d", 2 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("out_of_order d of 1"));
}

TEST(Flows, TellWhatWasNotUndone) {
    one_flow flow{lettered("a -> b | c within 5s -> d within 5s", {{"c", "e within 3s"}})};
    flow.comes("a", 0);
    flow.comes("c", second);
    flow.until(zero + 4 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
    flow.until(zero + 6 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("lost_compensation e of 1"));
    flow.comes("e", 10 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("(lost_compensation e of 1)", "late e of 1"));
}

TEST(Flows, EndWithWhatUndoesThem) {
    one_flow flow{lettered("a -> b within 5s -> d within 5s", {{"f", "e within 3s"}})};
    flow.comes("a", 0);
    flow.comes("f", second);
    flow.comes("e", 2 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
    EXPECT_EQ(flow.ended(run_outcome::compensated), 1);
}

TEST(Flows, BeginAgainOnlyWhenTheyRecur) {
    auto text = lettered("a -> b within 5s");
    for (const bool recurring : {false, true}) {
        text.recurring = recurring;
        one_flow flow{text};
        flow.comes("a", 0);
        flow.comes("b", second);
        flow.comes("a", 20 * second);
        flow.comes("b", 21 * second);
        flow.until(zero + 60 * second);
        EXPECT_EQ(told(flow.set).size(), recurring ? 0 : 2);
        EXPECT_EQ(flow.ended(run_outcome::completed), recurring ? 2 : 1);
    }
}

TEST(Flows, WaitForARequestThatIsToldOfWhenItIsOver) {
    auto text = lettered("asked -> b within 5s");
    text.events["asked"].kind = event_kind::inbound;
    text.events["asked"].path = "/orders";
    one_flow flow{text};
    flow.comes("b", 2 * second);
    auto span = asked(tracing::span_kind::server, "POST", "/orders", 201, zero + second, zero + 9 * second);
    span.attributes.push_back(text_of("chain.key.order", "1"));
    flow.arrives(span, zero + 9 * second + 100 * ms);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
}

TEST(Flows, HoldBackAfterAPauseOfTheirOwn) {
    one_flow flow{lettered("a -> b within 5s")};
    flow.comes("a", 0);
    flow.set.advance(zero + 30 * second);
    EXPECT_THAT(told(flow.set), IsEmpty()) << "what came meanwhile has not been read yet";
    flow.set.observe(sent("b", "1", zero + second), zero + 31 * second);
    pass(flow.set, zero + 31 * second, zero + 60 * second);
    EXPECT_THAT(told(flow.set), IsEmpty());
}

TEST(Flows, WaitLongerWhenSpansComeLate) {
    one_flow flow{lettered("a -> b within 5s")};
    flow.arrives(sent("b", "2", zero), zero + 4 * second);  // another run shows how late they come
    flow.arrives(sent("a", "1", zero + 4 * second), zero + 4 * second + 100 * ms);
    flow.arrives(sent("b", "1", zero + 8 * second), zero + 12 * second);
    flow.until(zero + 60 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("missing a of 2"));
}

TEST(Flows, FollowChainsThatMergeAndPart) {
    auto text = lettered("a -> b within 5s -> c within 5s");
    text.by.clear();
    std::map<tracing::trace_id, tracing::trace_id> names;
    flow_set set{{}, [&](const tracing::trace_id& trace) {
                     const auto known = names.find(trace);
                     return known == names.end() ? trace : known->second;
                 }};
    std::vector<flow> flows;
    flows.push_back(must_compile(text));
    set.load(std::move(flows), zero - 3'600 * second);
    const auto a = sent("a", "", zero), b = sent("b", "", zero + second), c = sent("c", "", zero + 2 * second);
    for (const auto* span : {&a, &b, &c}) set.observe(*span, zero + 2 * second);
    names[b.trace] = a.trace;
    set.regroup(std::array{b.trace}, zero + 2 * second);
    names[c.trace] = a.trace;
    set.regroup(std::array{c.trace}, zero + 2 * second);
    EXPECT_EQ(set.runs(), 1);
    EXPECT_EQ(set.checkers().front()->outcomes()[static_cast<std::size_t>(run_outcome::completed)], 1);
    names[c.trace] = c.trace;  // decided anew
    set.regroup(std::array{a.trace}, zero + 3 * second);
    EXPECT_EQ(set.runs(), 2);
    pass(set, zero + 3 * second, zero + 30 * second);
    EXPECT_THAT(told(set), testing::UnorderedElementsAre("stuck c of " + a.trace.hex(), "missing a of " + c.trace.hex(),
                                                         "missing b of " + c.trace.hex()));
}

TEST(Flows, OfOneRestartTellNothingTwice) {
    one_flow flow{lettered("a -> b within 5s -> c within 5s")};
    flow.set.begin_restoring(zero);
    flow.set.observe(sent("a", "1", zero), zero + 100 * ms);
    flow.set.observe(sent("a", "2", zero + 40 * second), zero + 40 * second + 100 * ms);
    flow.set.end_restoring(zero + 41 * second, zero + 43 * second);
    const auto& counted = flow.set.checkers().front()->steps()[1].told[0];
    EXPECT_THAT(told(flow.set), ElementsAre("stuck b of 1")) << "shown, as before";
    EXPECT_EQ(counted, 0) << "counted before";
    flow.set.observe(sent("b", "2", zero + 42 * second), zero + 44 * second);
    pass(flow.set, zero + 43 * second, zero + 70 * second);
    EXPECT_THAT(told(flow.set), ElementsAre("stuck b of 1", "stuck c of 2")) << "what ran went on";
    EXPECT_EQ(counted, 0);
}

TEST(Flows, ThatAreAsTheyWereKeepTheirRunsWhenTheyAreReadAgain) {
    one_flow flow{lettered("a -> b within 5s")};
    flow.comes("a", 0);
    auto other = lettered("a -> c within 5s");
    other.name = "other";
    for (const bool same : {true, false}) {
        std::vector<outrider::flows::flow> again;
        again.push_back(must_compile(other));
        if (same) again.push_back(must_compile(lettered("a -> b within 5s")));
        const auto before = flow.set.version();
        flow.set.load(std::move(again), zero + second);
        EXPECT_NE(flow.set.version(), before);
        EXPECT_EQ(flow.set.runs(), same ? 1 : 0);
    }
}

TEST(Flows, ForgetTheOldestWhenThereIsNoRoom) {
    flow_set_options options;
    options.most_runs = 100;
    one_flow flow{lettered("a -> b within 5s"), options};
    for (int i = 0; i < 1'000; ++i) flow.set.observe(sent("a", std::to_string(i), zero), zero + 100 * ms);
    EXPECT_LE(flow.set.runs(), 132);
    EXPECT_GE(flow.set.counters().evicted, 868);
    EXPECT_EQ(flow.set.checkers().front()->find("0"), nullptr);
    EXPECT_NE(flow.set.checkers().front()->find("999"), nullptr);
}

TEST(Flows, BoundWhatOneRunMayTake) {
    one_flow flow{lettered("a -> b within 5s")};
    for (int i = 0; i < 3'000; ++i) flow.set.observe(sent("a", "1", zero + i * ms), zero + 4 * second);
    const auto* run = flow.set.checkers().front()->find("1");
    ASSERT_NE(run, nullptr);
    EXPECT_EQ(run->events.size(), 200);
    EXPECT_EQ(run->left_out, 2'800);
    flow.set.observe(sent("a", std::string(100'000, 'x'), zero), zero + 5 * second);
    EXPECT_EQ(flow.set.runs(), 1);
    EXPECT_EQ(flow.set.counters().left_out, 1);
}

TEST(Flows, TakeASpanOfManyMessagesForAnEventOfEach) {
    one_flow flow{lettered("a -> b within 5s")};
    auto span = sent("a", "", zero);
    tracing::attribute_value::array orders;
    for (const char* order : {"1", "2", "3"}) orders.emplace_back(std::string{order});
    span.attributes.back() = {"chain.key.order", tracing::attribute_value{orders}};
    flow.arrives(span, zero + 100 * ms);
    EXPECT_EQ(flow.set.runs(), 3);
}

}  // namespace
}  // namespace outrider::flows::test
