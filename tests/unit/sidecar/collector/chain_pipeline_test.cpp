#include "sidecar/collector/chain_pipeline.hpp"

#include <gmock/gmock.h>

#include "sidecar/collector/chain_search.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/collector/orders.hpp"
#include "tracing/otlp.hpp"

namespace outrider::collector {
namespace {

using namespace std::chrono_literals;
using outrider::test::sidecar_spans;
using testing::AnyOf;
using tracing::span_data;
using tracing::trace_id;

class ChainPipeline : public test::orders {
  protected:
    ChainPipeline() { make(); }

    void make(span_log* log = nullptr, store_limits limits = {}) {
        pipeline.reset();
        store = std::make_unique<trace_store>(limits);
        pipeline = std::make_unique<chain_pipeline>(*store, options, log, nullptr, time.clock());
        if (log != nullptr) pipeline->restore();
    }
    intake_result take(const std::vector<span_data>& spans) {
        return pipeline->take(spans, log_row::protobuf, tracing::encode_otlp(spans));
    }
    void pass(std::chrono::milliseconds span) { orders::pass(*pipeline, span); }
    void expect_that_counters_add_up() const {
        const auto now = store->counters();
        EXPECT_EQ(now.received, now.stored + now.replaced + now.evicted + now.dropped);
        EXPECT_EQ(now.stored + now.evicted, now.waiting + now.settled + now.unsettled_evicted);
    }

    pipeline_options options;
    std::unique_ptr<trace_store> store;
    std::unique_ptr<chain_pipeline> pipeline;
};

TEST_F(ChainPipeline, MakesOneChainOfServicesThatHandNoContextOn) {
    take(order(1));
    pass(3s);
    for (const std::uint8_t trace : {1, 2, 3}) {
        const auto chain = store->chain(sidecar_spans::trace(1, trace));
        EXPECT_EQ(chain.id, sidecar_spans::trace(1, 1)) << "named by its first root";
        EXPECT_EQ(chain.spans.size(), 5u);
        EXPECT_EQ(chain.traces.size(), 3u);
        EXPECT_TRUE(chain.decided);
    }
    const auto shown = shown_chain(store->chain(sidecar_spans::trace(1, 3)));
    for (const auto& span : shown) {
        EXPECT_EQ(span.trace, sidecar_spans::trace(1, 1));
        EXPECT_EQ(tracing::find_attribute(span.attributes, "outrider.echo"), nullptr);
    }
    expect_that_counters_add_up();
}

TEST_F(ChainPipeline, DecidesAChainWithinTwoSecondsOfItsLastSpan) {
    constexpr std::uint64_t count = 1'000;
    for (std::uint64_t i = 1; i <= count; ++i) {
        auto spans = order(i);
        // The sidecars send when they like, within half a second.
        for (std::size_t from = 0; from < spans.size(); ++from) {
            take({spans[from]});
            if ((i + from) % 7 == 0) pass(100ms);
        }
    }
    pass(3s);
    const auto now = pipeline->counters();
    const auto within = std::find(decision_latency::bounds.begin(), decision_latency::bounds.end(), 2.0);
    std::uint64_t all = 0, in_time = 0;
    for (std::size_t i = 0; i < now.latency.counts.size(); ++i) {
        all += now.latency.counts[i];
        if (i <= static_cast<std::size_t>(within - decision_latency::bounds.begin())) in_time += now.latency.counts[i];
    }
    EXPECT_GE(all, count);
    EXPECT_GE(static_cast<double>(in_time), 0.99 * static_cast<double>(all));
    EXPECT_EQ(now.chains_given_up, 0u);
    EXPECT_EQ(store->counters().waiting, 0u);
}

TEST_F(ChainPipeline, JoinsALateSpanToItsChainAndCountsIt) {
    auto spans = order(1);
    const auto late = spans.front();  // what stock answered
    spans.erase(spans.begin());
    take(spans);
    pass(5s);
    EXPECT_TRUE(store->chain(late.trace).decided);
    take({late});
    EXPECT_FALSE(store->chain(late.trace).decided);
    pass(5s);
    const auto chain = store->chain(late.trace);
    EXPECT_EQ(chain.id, sidecar_spans::trace(1, 1));
    EXPECT_EQ(chain.spans.size(), 5u);
    EXPECT_TRUE(chain.decided);
    EXPECT_EQ(store->counters().late, 1u);
    expect_that_counters_add_up();
}

TEST_F(ChainPipeline, HoldsASpanInFewBytes) {
    constexpr std::uint64_t count = 4'000;
    for (std::uint64_t i = 1; i <= count; ++i) {
        take(order(i));
        if (i % 10 == 0) pass(100ms);
    }
    pass(3s);
    const auto held = store->counters();
    ASSERT_EQ(held.stored, count * sidecar_spans::per_order);
    const auto stitching = pipeline->counters().stitching;
    const auto spans = static_cast<double>(held.stored);
    const auto all = static_cast<double>(held.bytes) / spans +
                     static_cast<double>(stitching.bytes) / static_cast<double>(stitching.held);
    EXPECT_LE(all, 400) << held.bytes / held.stored << " in the store";
}

/// Each of a trace of its own, and each but the first came of the one before.
std::vector<span_data> one_after_the_other(std::uint32_t first, std::uint32_t count) {
    std::vector<span_data> spans;
    for (std::uint32_t i = first; i < first + count; ++i) {
        spans.push_back(test::span(i, i));
        if (i > first)
            spans.back().links.push_back({test::trace_number(i - 1), test::span_number(i - 1), {}, {}, 0, 0});
    }
    return spans;
}

// If each trace of a chain asked for all of its traces, these would hardly end.
TEST_F(ChainPipeline, MakesTheDigestOfAChainOfVeryManyTracesOnce) {
    constexpr std::uint32_t count = 20'000;
    take(one_after_the_other(1, count));
    pass(3s);
    ASSERT_EQ(store->chain(test::trace_number(9)).traces.size(), count);
    pipeline->digests().note_reader(static_cast<std::uint64_t>(time.unix_ns));
    pass(20s);
    EXPECT_GT(pipeline->digests().memory(), 0u);
}

TEST_F(ChainPipeline, SettlesAChainThatGrewOfLargeOnesOnce) {
    constexpr std::uint32_t count = 20'000;
    take(one_after_the_other(1, count));
    pass(1s);
    take(one_after_the_other(count + 1, count));
    pass(200ms);
    auto bridge = test::span(2 * count + 1, 2 * count + 1);
    bridge.links.push_back({test::trace_number(count), test::span_number(count), {}, {}, 0, 0});
    auto former = one_after_the_other(count + 1, 1).front();
    former.links.push_back({bridge.trace, bridge.span, {}, {}, 0, 0});
    former.span = test::span_number(2 * count + 2);
    take({bridge, former});
    pass(5s);
    const auto chain = store->chain(test::trace_number(9));
    EXPECT_EQ(chain.traces.size(), 2 * count + 1);
    EXPECT_TRUE(chain.decided);
    EXPECT_EQ(pipeline->counters().chains_settled, 1u);
    expect_that_counters_add_up();
}

TEST_F(ChainPipeline, LetsTheOldestChainGoWholeWhenThereIsNoRoom) {
    make(nullptr, {.bytes = 300'000, .trace_bytes = 30'000, .traces = 100'000});
    std::uint64_t newest = 0;
    for (std::uint64_t i = 1; i <= 1'000; ++i) {
        take(order(i));
        pass(100ms);
        newest = i;
    }
    pass(3s);
    expect_that_counters_add_up();
    EXPECT_LE(store->counters().bytes, 300'000u);
    EXPECT_GT(store->counters().evicted, 1'000u);
    EXPECT_TRUE(store->chain(sidecar_spans::trace(1, 1)).spans.empty());
    std::size_t held = 0;
    for (std::uint64_t i = newest; i > 0; --i) {
        const auto spans = store->chain(sidecar_spans::trace(i, 1)).spans.size();
        EXPECT_THAT(spans, AnyOf(0u, 5u)) << "order " << i;
        held += spans;
    }
    EXPECT_EQ(held, store->counters().stored);
}

TEST_F(ChainPipeline, LetsChainsGoThatAreTooOld) {
    make(nullptr, {.keep = 10s});
    take(order(1));
    pass(5s);
    take(order(2));
    pass(4s);
    EXPECT_EQ(store->counters().traces, 6u);
    pass(3s);
    EXPECT_EQ(store->counters().traces, 3u);
    EXPECT_EQ(store->chain(sidecar_spans::trace(2, 1)).spans.size(), 5u);
    pass(10s);
    EXPECT_EQ(store->counters().traces, 0u);
    expect_that_counters_add_up();
}

TEST_F(ChainPipeline, AsksSendersToWaitWhenItCannotFollow) {
    options.queue_bytes = 10'000;
    make();
    intake_result answer{true};
    for (std::uint64_t i = 1; i < 100 && answer.taken; ++i) answer = take(order(i));
    EXPECT_FALSE(answer.taken);
    EXPECT_EQ(pipeline->counters().busy_refusals, 1u);
    pipeline->step();
    EXPECT_TRUE(take(order(200)).taken);
    expect_that_counters_add_up();
}

TEST_F(ChainPipeline, SumsUpWhoTalksToWhom) {
    for (std::uint64_t i = 1; i <= 10; ++i) take(order(i));
    pass(3s);
    const auto topology = pipeline->topology(15min);
    EXPECT_EQ(topology.chains, 10u);
    std::vector<std::string> places;
    for (const auto& one : topology.nodes)
        if (one.at.kind == tracing::place_kind::service) places.push_back(one.at.name);
    EXPECT_THAT(places, testing::IsSupersetOf({"frontend", "orders", "stock"}));
}

TEST_F(ChainPipeline, FindsChainsByKeyServiceAndTime) {
    for (std::uint64_t i = 1; i <= 10; ++i) take(order(i));
    pass(3s);
    digest_shelf shelf{1 << 20};
    chain_query query;
    query.key = "order", query.value = "7";
    auto found = find_chains(*store, shelf, query, begin_ns, 1'000'000);
    ASSERT_EQ(found.chains.size(), 1u);
    EXPECT_EQ(found.chains[0].id, sidecar_spans::trace(7, 1));
    EXPECT_EQ(found.chains[0].digest.spans, 5u);
    EXPECT_EQ(found.chains[0].digest.services, 3u);
    EXPECT_EQ(found.chains[0].digest.service, "frontend");
    EXPECT_EQ(found.chains[0].digest.inferred, 2u);
    EXPECT_TRUE(found.chains[0].decided);
    query = {};
    query.service = "stock", query.limit = 3;
    found = find_chains(*store, shelf, query, begin_ns, 1'000'000);
    ASSERT_EQ(found.chains.size(), 3u);
    EXPECT_EQ(found.chains[0].id, sidecar_spans::trace(10, 1)) << "most recent first";
    query = {};
    query.end_ns = begin_ns + 3 * 50'000'000 + 1'000'000;
    EXPECT_EQ(find_chains(*store, shelf, query, begin_ns, 1'000'000).chains.size(), 3u);
    query = {};
    query.errors_only = true;
    EXPECT_TRUE(find_chains(*store, shelf, query, begin_ns, 1'000'000).chains.empty());
    query = {};
    EXPECT_FALSE(find_chains(*store, shelf, query, begin_ns, 6).cut_off) << "nothing has to be read again";
    digest_shelf empty{1 << 20};
    EXPECT_TRUE(find_chains(*store, empty, query, begin_ns, 6).cut_off) << "the search has a bound";
}

TEST_F(ChainPipeline, MakesDigestsWhileSomebodyLooksAtLists) {
    for (std::uint64_t i = 1; i <= 10; ++i) take(order(i));
    pass(3s);
    EXPECT_EQ(pipeline->digests().memory(), 0u) << "nobody looks";
    pipeline->digests().note_reader(static_cast<std::uint64_t>(time.unix_ns));
    pass(1s);
    EXPECT_FALSE(find_chains(*store, pipeline->digests(), {}, begin_ns, 0).cut_off) << "nothing has to be read";
    take(order(11));
    pass(8s);
    EXPECT_FALSE(find_chains(*store, pipeline->digests(), {}, begin_ns, 0).cut_off) << "nor of what came later";
}

class ChainPipelineWithLog : public ChainPipeline {
  protected:
    ChainPipelineWithLog() { restart(); }
    ~ChainPipelineWithLog() override {
        pipeline.reset();
        log.reset();
    }
    /// As after a kill: nothing is brought to an end.
    void restart() {
        pipeline.reset();
        log.reset();
        log = std::make_unique<span_log>(span_log_options{folder / "spans.db", bytes, 1h});
        make(log.get());
    }

    outrider::test::temporary_folder folder;
    std::uint64_t bytes = 64 << 20;
    std::unique_ptr<span_log> log;
};

TEST_F(ChainPipelineWithLog, HasTheSameChainsAfterARestart) {
    for (std::uint64_t i = 1; i <= 50; ++i) take(order(i));
    pass(3s);
    std::map<trace_id, trace_id> before;
    for (std::uint64_t i = 1; i <= 50; ++i)
        for (const std::uint8_t trace : {1, 2, 3}) {
            const auto id = sidecar_spans::trace(i, trace);
            before[id] = store->chain(id).id;
        }
    restart();
    EXPECT_EQ(store->counters().stored, 250u);
    for (const auto& [trace, chain] : before) EXPECT_EQ(store->chain(trace).id, chain) << "at once";
    pass(5s);
    for (const auto& [trace, chain] : before)
        EXPECT_EQ(store->chain(trace).id, chain) << "and when all is decided anew";
    expect_that_counters_add_up();
}

TEST_F(ChainPipelineWithLog, StitchesOnAfterARestart) {
    auto spans = order(1);
    take({spans[0], spans[1], spans[2]});  // stock, and what orders saw
    restart();
    take({spans[3], spans[4]});
    pass(5s);
    EXPECT_EQ(store->chain(sidecar_spans::trace(1, 3)).id, sidecar_spans::trace(1, 1));
    EXPECT_EQ(store->chain(sidecar_spans::trace(1, 3)).spans.size(), 5u);
}

TEST_F(ChainPipelineWithLog, LoadsWhatIsNotTooOldOnly) {
    take(order(1));
    time.pass(59min);
    take(order(2));
    time.pass(2min);
    restart();
    EXPECT_TRUE(store->chain(sidecar_spans::trace(1, 1)).spans.empty());
    EXPECT_EQ(store->chain(sidecar_spans::trace(2, 1)).spans.size(), 1u) << "not stitched yet";
    EXPECT_EQ(store->counters().stored, 5u);
}

TEST_F(ChainPipelineWithLog, TakesNothingThatItCannotStore) {
    bytes = 1 << 20;
    restart();
    std::vector<span_data> large = order(1);
    large[0].name = std::string(2 << 20, 'x');
    const auto answer = take(large);
    EXPECT_FALSE(answer.taken);
    EXPECT_THAT(answer.reason, testing::HasSubstr("could not be stored"));
    EXPECT_EQ(pipeline->counters().log_refusals, 1u);
    EXPECT_EQ(store->counters().received, 0u);
}

}  // namespace
}  // namespace outrider::collector
