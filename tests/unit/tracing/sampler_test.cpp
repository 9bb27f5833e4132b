#include "tracing/sampler.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::tracing {
namespace {

using namespace std::chrono_literals;

const sampler::time_point t0{1h};

sampler make(std::string_view name, double argument = 1) { return sampler{parse_sampler(name, argument).value()}; }

trace_id with_low_bits(sampling_bits bits) {
    trace_id id;
    id.bytes.fill(0x11);
    for (std::size_t i = 0; i < 7; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(bits >> 8 * i);
    return id;
}

extracted with_parent(bool sampled, std::string_view tracestate = {}) {
    extracted from;
    from.format = context_format::w3c;
    from.parent.trace = with_low_bits(0);
    from.parent.span.bytes.fill(1);
    from.parent.flags = sampled ? flag_sampled : 0;
    from.sampling_decided = true;
    from.tracestate[0] = tracestate;
    from.tracestate_lines = tracestate.empty() ? 0 : 1;
    return from;
}

TEST(SamplerNames, AreThoseOfOpenTelemetryAndOurs) {
    for (auto name : {"always_on", "always_off", "traceidratio", "rate_limited"}) {
        ASSERT_TRUE(parse_sampler(name, 0.5)) << name;
        EXPECT_FALSE(parse_sampler(name, 0.5)->parent_based) << name;
        EXPECT_TRUE(parse_sampler("parentbased_" + std::string{name}, 0.5)->parent_based) << name;
    }
    EXPECT_EQ(parse_sampler("parentbased_traceidratio", 0.25)->argument, 0.25);
    for (auto name : {"", "ALWAYS_ON", "parentbased_", "jaeger_remote"}) EXPECT_FALSE(parse_sampler(name, 1)) << name;
}

TEST(Sampler, AlwaysOnAndAlwaysOffIgnoreTheCaller) {
    EXPECT_TRUE(make("always_on").decide(with_low_bits(0), with_parent(false), t0).sampled);
    EXPECT_FALSE(make("always_off").decide(with_low_bits(~0ULL), with_parent(true), t0).sampled);
}

TEST(Sampler, ParentBasedKeepsTheCallersDecisionAndItsTracestate) {
    for (auto name :
         {"parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio", "parentbased_rate_limited"}) {
        for (bool sampled : {false, true}) {
            auto decision = make(name, 0.5).decide(with_low_bits(7), with_parent(sampled, "ot=th:8"), t0);
            EXPECT_EQ(decision.sampled, sampled) << name;
            EXPECT_FALSE(decision.ot) << name;
        }
    }
}

TEST(Sampler, ParentBasedDecidesItselfWhereTheCallerDidNot) {
    auto deferred = with_parent(false);
    deferred.sampling_decided = false;
    EXPECT_TRUE(make("parentbased_always_on").decide(with_low_bits(0), deferred, t0).sampled);
    EXPECT_FALSE(make("parentbased_always_off").decide(with_low_bits(0), {}, t0).sampled);
}

TEST(Sampler, ParentBasedObeysADecisionWithoutIds) {
    extracted denied;
    denied.format = context_format::b3_single;
    denied.sampling_decided = true;
    EXPECT_FALSE(make("parentbased_always_on").decide(with_low_bits(0), denied, t0).sampled);
}

TEST(Threshold, IsOfTheProbabilityToFourDigits) {
    EXPECT_EQ(threshold_of(1), 0U);
    EXPECT_EQ(threshold_of(2), 0U);
    EXPECT_EQ(threshold_of(0.5), 0x80000000000000U);
    EXPECT_EQ(threshold_of(0.25), 0xc0000000000000U);
    EXPECT_EQ(threshold_of(0.1), 0xe6660000000000U);
    EXPECT_EQ(threshold_of(0.01), 0xfd70a000000000U);
    EXPECT_EQ(threshold_of(1.0 / static_cast<double>(sampling_range)), sampling_range - 1);
    for (double none : {0.0, -1.0, 1e-30, std::numeric_limits<double>::quiet_NaN()})
        EXPECT_FALSE(threshold_of(none)) << none;
}

TEST(RatioSampler, KeepsFromTheThresholdOnAndSaysSo) {
    auto half = make("traceidratio", 0.5);
    EXPECT_FALSE(half.decide(with_low_bits(0x7fffffffffffff), {}, t0).sampled);
    auto kept = half.decide(with_low_bits(0x80000000000000), {}, t0);
    EXPECT_TRUE(kept.sampled);
    EXPECT_EQ(kept.ot, "th:8");
    EXPECT_EQ(make("traceidratio", 0.1).decide(with_low_bits(0xffffffffffffff), {}, t0).ot, "th:e666");
    EXPECT_EQ(make("traceidratio", 1).decide(with_low_bits(0), {}, t0).ot, "th:0");
    EXPECT_FALSE(make("traceidratio", 0).decide(with_low_bits(0xffffffffffffff), {}, t0).sampled);
}

TEST(RatioSampler, OfAHigherRatioKeepsAllThatALowerOneKeeps) {
    auto tenth = make("traceidratio", 0.1), half = make("traceidratio", 0.5);
    id_generator ids{5};
    int kept = 0;
    for (int i = 0; i < 20000; ++i) {
        auto id = ids.new_trace_id();
        bool by_tenth = tenth.decide(id, {}, t0).sampled;
        kept += by_tenth;
        EXPECT_TRUE(!by_tenth || half.decide(id, {}, t0).sampled);
    }
    EXPECT_NEAR(kept, 2000, 200);
}

TEST(RatioSampler, TakesTheRandomnessOfTracestateBeforeThatOfTheId) {
    auto half = make("traceidratio", 0.5);
    auto decision = half.decide(with_low_bits(0), with_parent(false, "a=1,ot=p:8;rv:ffffffffffffff;th:4"), t0);
    EXPECT_TRUE(decision.sampled);
    EXPECT_EQ(decision.ot, "th:8;p:8;rv:ffffffffffffff");
    decision = half.decide(with_low_bits(~0ULL), with_parent(true, "ot=rv:00000000000000;th:4"), t0);
    EXPECT_FALSE(decision.sampled);
    EXPECT_EQ(decision.ot, "rv:00000000000000");
    EXPECT_TRUE(half.decide(with_low_bits(~0ULL), with_parent(true, "ot=rv:0000"), t0).sampled)
        << "a malformed rv is no rv";
}

TEST(Sampler, CorrectsAStaleThreshold) {
    EXPECT_EQ(make("always_on").decide(with_low_bits(0), with_parent(true, "ot=th:8"), t0).ot, "th:0");
    EXPECT_FALSE(make("always_on").decide(with_low_bits(0), with_parent(true, "ot=rv:00000000000000"), t0).ot);
    EXPECT_EQ(make("always_off").decide(with_low_bits(0), with_parent(true, "ot=th:8"), t0).ot, "");
    EXPECT_EQ(make("rate_limited", 1).decide(with_low_bits(0), with_parent(true, "ot=th:8;x:1"), t0).ot, "x:1");
    EXPECT_FALSE(make("traceidratio", 0.5).decide(with_low_bits(~0ULL), with_parent(true, "ot=th:8"), t0).ot)
        << "nothing to change";
}

TEST(OtMember, KeepsTheRandomnessWhenTheRestDoesNotFit) {
    auto value = "x:" + std::string(220, 'y') + ";rv:0123456789abcd";
    EXPECT_EQ(with_threshold(value, sampling_bits{0x12345678}), "th:00000012345678;rv:0123456789abcd");
    EXPECT_EQ(parse_ot("th:00000012345678").threshold, 0x12345678U);
}

TEST(OtMember, PassesOverWhatIsMalformed) {
    for (auto value :
         {"", ";;;", "th", "th:", "th:xyz", "th:123456789012345", "rv:123", "rv:0123456789ABCD", ":", "a:b:c"}) {
        EXPECT_FALSE(parse_ot(value).threshold) << value;
        EXPECT_FALSE(parse_ot(value).randomness) << value;
    }
}

int taken(rate_gate& gate, rate_gate::time_point at, int tries) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += gate.take(at);
    return count;
}

TEST(RateGate, GivesOneSecondsWorthAndThenTheRate) {
    rate_gate gate{10};
    EXPECT_EQ(taken(gate, t0, 100), 10);
    EXPECT_EQ(taken(gate, t0 + 99ms, 100), 0);
    EXPECT_EQ(taken(gate, t0 + 100ms, 100), 1);
    EXPECT_EQ(taken(gate, t0 + 500ms, 100), 4);
    EXPECT_EQ(taken(gate, t0 + 1h, 100), 10);
}

TEST(RateGate, GivesOneForARateBelowOne) {
    rate_gate gate{0.1};
    EXPECT_EQ(taken(gate, t0, 100), 1);
    EXPECT_EQ(taken(gate, t0 + 9s, 100), 0);
    EXPECT_EQ(taken(gate, t0 + 10s, 100), 1);
}

TEST(RateGate, GivesNothingForNoRate) {
    for (double rate : {0.0, -5.0, std::numeric_limits<double>::quiet_NaN()}) {
        rate_gate gate{rate};
        EXPECT_EQ(taken(gate, t0, 10), 0) << rate;
    }
}

TEST(RateGate, BearsAClockThatStepsBackAndExtremeRates) {
    rate_gate gate{1};
    EXPECT_EQ(taken(gate, t0, 2), 1);
    EXPECT_EQ(taken(gate, t0 - 30min, 2), 0);
    rate_gate rare{1e-300};
    EXPECT_EQ(taken(rare, t0, 10), 1);
    rate_gate often{1e300};
    EXPECT_EQ(taken(often, t0, 1000), 1000);
}

TEST(RateGate, IsExactAcrossThreads) {
    rate_gate gate{1000};
    std::atomic<int> total{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { total += taken(gate, t0, 2000); });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(total, 1000);
}

}  // namespace
}  // namespace outrider::tracing
