#include "sidecar/collector/chain_forwarder.hpp"

#include <map>
#include <set>
#include <thread>

#include <gmock/gmock.h>

#include "sidecar/collector/chain_pipeline.hpp"
#include "sidecar/collector/chain_search.hpp"
#include "sidecar/net/inflate.hpp"
#include "tests/support/http_receiver.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/collector/orders.hpp"
#include "tracing/otlp.hpp"

namespace outrider::collector {
namespace {

using namespace std::chrono_literals;
using outrider::test::http_receiver;
using outrider::test::sidecar_spans;
using tracing::span_data;
using tracing::trace_id;

class ChainForwarder : public test::orders {
  protected:
    ~ChainForwarder() override { close(); }

    void open() {
        options.url = receiver.url("");
        store = std::make_unique<trace_store>(store_limits{});
        if (keeps) log = std::make_unique<span_log>(span_log_options{folder / "spans.db", 64 << 20, 1h});
        forward = std::make_unique<chain_forwarder>(options);
        pipeline = std::make_unique<chain_pipeline>(*store, pipeline_options{}, log.get(), forward.get(), time.clock());
        pipeline->restore();
    }
    void close() {
        if (forward) forward->stop(10s);
        pipeline.reset();
        forward.reset();
        log.reset();
    }
    void take(const std::vector<span_data>& spans) {
        ASSERT_TRUE(pipeline->take(spans, log_row::protobuf, tracing::encode_otlp(spans)).taken);
    }
    void pass(std::chrono::milliseconds span) { orders::pass(*pipeline, span); }
    /// What the receiver got, after all of it has been delivered.
    std::vector<span_data> delivered() {
        forward->stop(10s);
        std::vector<span_data> all;
        for (const auto& request : receiver.requests()) {
            const auto body =
                request.header("content-encoding") == "gzip" ? *net::inflate(request.body, 1 << 26) : request.body;
            auto decoded = tracing::decode_otlp(body);
            for (auto& span : decoded->spans) all.push_back(std::move(span));
        }
        return all;
    }

    http_receiver receiver{[](const outrider::test::received_request&) { return outrider::test::reply{}; }};
    forward_options options;
    bool keeps = false;  ///< a log, in the folder
    outrider::test::temporary_folder folder;
    std::unique_ptr<trace_store> store;
    std::unique_ptr<span_log> log;
    std::unique_ptr<chain_forwarder> forward;
    std::unique_ptr<chain_pipeline> pipeline;
};

TEST_F(ChainForwarder, BringsAChainAsOneTraceEachSpanOnceWithItsService) {
    open();
    take(order(1));
    pass(3s);
    const auto spans = delivered();
    ASSERT_EQ(spans.size(), 5u);
    std::map<std::string, int> services;
    std::set<std::string> originals;
    for (const auto& span : spans) {
        EXPECT_EQ(span.trace, sidecar_spans::trace(1, 1));
        ++services[std::string{tracing::service_of(span)}];
        originals.emplace(tracing::text_attribute(span.attributes, "chain.original_trace_id"));
        EXPECT_EQ(tracing::find_attribute(span.attributes, "outrider.echo"), nullptr);
        EXPECT_EQ(tracing::find_attribute(span.attributes, "chain.sampled.why"), nullptr);
    }
    EXPECT_THAT(services,
                testing::ElementsAre(std::pair{"frontend", 2}, std::pair{"orders", 2}, std::pair{"stock", 1}));
    EXPECT_TRUE(originals.contains(sidecar_spans::trace(1, 3).hex()));
    EXPECT_TRUE(originals.contains(sidecar_spans::trace(1, 1).hex())) << "the chain's own id is one of them";
    EXPECT_FALSE(originals.contains(""));
    EXPECT_EQ(forward->read().delivery.delivered, 5u);
}

TEST_F(ChainForwarder, SamplesWholeChainsByTheirIdAndKeepsWhatFailed) {
    options.share = 0.25;
    open();
    std::set<trace_id> expected, failed;
    for (std::uint64_t i = 1; i <= 200; ++i) {
        auto spans = order(i);
        if (i % 20 == 0) {
            spans[0].status = tracing::status_code::error;
            if (!share_takes(sidecar_spans::trace(i, 1), 0.25)) failed.insert(sidecar_spans::trace(i, 1));
        }
        if (i % 20 == 0 || share_takes(sidecar_spans::trace(i, 1), 0.25)) expected.insert(sidecar_spans::trace(i, 1));
        take(spans);
    }
    pass(3s);
    std::map<trace_id, int> got;
    for (const auto& span : delivered()) {
        ++got[span.trace];
        EXPECT_EQ(tracing::text_attribute(span.attributes, "chain.sampled.why"),
                  failed.contains(span.trace) ? "error" : "")
            << "nobody must count it as sampled";
    }
    EXPECT_EQ(got.size(), expected.size());
    for (const auto& [trace, spans] : got) {
        EXPECT_TRUE(expected.contains(trace));
        EXPECT_EQ(spans, 5);
    }
    const auto now = forward->read();
    EXPECT_EQ(now.chains[static_cast<std::size_t>(keep_reason::error)], failed.size());
    EXPECT_EQ(now.chains[static_cast<std::size_t>(keep_reason::none)], 200 - expected.size());
    EXPECT_EQ(now.sampled_out_spans + now.delivery.delivered, 1'000u);
}

TEST_F(ChainForwarder, KeepsSlowAndStuckChains) {
    options.share = 0;
    options.slow = 500ms;
    open();
    auto slow = order(1), stuck = order(2);
    slow.back().end_unix_ns += 600'000'000;
    auto sent = stuck[2];  // orders sends a record that nobody takes
    sent.parent = sent.span;
    sent.span = test::span_number(99);
    sent.kind = tracing::span_kind::producer;
    sent.name = "send order-placed";
    sent.tracestate.clear();
    sent.start_unix_ns += 1'000'000;
    sent.end_unix_ns = sent.start_unix_ns + 500'000;
    const auto says = [&](std::string key, auto value) {
        sent.attributes.push_back({std::move(key), tracing::attribute_value{std::move(value)}});
    };
    sent.attributes.clear();
    says("messaging.system", std::string{"kafka"});
    says("messaging.operation.type", std::string{"send"});
    says("messaging.destination.name", std::string{"order-placed"});
    says("messaging.destination.partition.id", std::string{"0"});
    says("messaging.kafka.offset", std::int64_t{77});
    stuck.push_back(sent);
    take(slow);
    take(stuck);
    take(order(3));
    time.unix_ns = static_cast<std::int64_t>(begin_ns + 60'000'000'000);
    pass(5s);
    const auto now = forward->read();
    EXPECT_EQ(now.chains[static_cast<std::size_t>(keep_reason::slow)], 1u);
    EXPECT_GE(now.chains[static_cast<std::size_t>(keep_reason::stuck)], 1u);
    EXPECT_GE(now.chains[static_cast<std::size_t>(keep_reason::none)], 1u);
}

/// A record that payment takes, whereupon it asks the bank, or does nothing.
std::vector<span_data> payment(std::uint32_t number, bool goes_on, std::uint64_t at_ns) {
    const auto made = [&](std::uint32_t id, tracing::span_kind kind, const char* service, const char* name) {
        auto one = test::span(number, id, name);
        if (id > 1) one.parent = test::span_number(id - 1);
        one.kind = kind;
        one.origin = test::from_service(service);
        one.start_unix_ns = at_ns + id * 1'000'000;
        one.end_unix_ns = one.start_unix_ns + 500'000;
        return one;
    };
    const auto says = [](span_data& span, const char* key, auto value) {
        span.attributes.push_back({key, tracing::attribute_value{std::move(value)}});
    };
    std::vector<span_data> spans{made(1, tracing::span_kind::producer, "orders", "send stock-reserved"),
                                 made(2, tracing::span_kind::consumer, "payment", "process stock-reserved")};
    for (auto* each : {&spans[0], &spans[1]}) {
        says(*each, "messaging.system", std::string{"kafka"});
        says(*each, "messaging.operation.type", std::string{each == &spans[0] ? "send" : "process"});
        says(*each, "messaging.destination.name", std::string{"stock-reserved"});
        says(*each, "messaging.destination.partition.id", std::string{"0"});
        says(*each, "messaging.kafka.offset", std::int64_t{number});
    }
    spans.push_back(made(3, tracing::span_kind::client, "payment", "POST"));
    says(spans.back(), "peer.service", std::string{"bank"});
    if (!goes_on) spans.pop_back();
    return spans;
}

TEST_F(ChainForwarder, KeepsAChainOfWhichNothingCameWhereSomethingNearlyAlwaysDoes) {
    options.share = 0;
    open();
    time.unix_ns = static_cast<std::int64_t>(begin_ns);
    for (std::uint32_t number = 1; number <= 12; ++number) {
        take(payment(number, number != 1 && number != 12, static_cast<std::uint64_t>(time.unix_ns)));
        pass(500ms);
    }
    pass(3s);
    const auto now = forward->read();
    EXPECT_EQ(now.chains[static_cast<std::size_t>(keep_reason::stuck)], 1U) << "of the first one nobody knew";
    EXPECT_EQ(now.chains[static_cast<std::size_t>(keep_reason::none)], 11U);
    for (const auto& span : delivered()) EXPECT_EQ(span.trace, test::trace_number(12));
    digest_shelf& shelf = pipeline->digests();
    const auto listed = look_up(*store, shelf, test::trace_number(12), static_cast<std::uint64_t>(time.unix_ns), true);
    ASSERT_TRUE(listed.digest);
    EXPECT_TRUE(listed.digest->stuck);
    EXPECT_THAT(listed.digest->verdict, testing::HasSubstr("payment took stock-reserved[0]@12"));
}

TEST_F(ChainForwarder, SendsLateSpansAfterTheirChainUnderItsName) {
    open();
    auto spans = order(1);
    const auto late = spans.front();
    spans.erase(spans.begin());
    take(spans);
    pass(5s);
    take({late});
    pass(5s);
    const auto got = delivered();
    ASSERT_EQ(got.size(), 5u);
    for (const auto& span : got) EXPECT_EQ(span.trace, sidecar_spans::trace(1, 1));
    EXPECT_EQ(got.back().span, late.span);
    EXPECT_EQ(forward->read().late_spans, 1u);
}

TEST_F(ChainForwarder, DropsLateSpansOfAChainThatWasSampledOut) {
    options.share = 0;
    open();
    auto spans = order(1);
    const auto late = spans.front();
    spans.erase(spans.begin());
    take(spans);
    pass(5s);
    take({late});
    pass(5s);
    EXPECT_TRUE(delivered().empty());
    EXPECT_EQ(forward->read().sampled_out_spans, 5u);
    EXPECT_EQ(forward->read().late_spans, 1u);
}

TEST_F(ChainForwarder, SendsNothingTwiceAfterARestart) {
    keeps = true;
    open();
    take(order(1));
    pass(4s);
    auto spans = order(2);
    const auto late = spans.front();
    spans.erase(spans.begin());
    take(spans);
    pass(4s);
    close();
    open();
    pass(12s);
    take({late});
    pass(5s);
    std::map<tracing::span_id, int> times;
    for (const auto& span : delivered()) {
        ++times[span.span];
        EXPECT_THAT(span.trace, testing::AnyOf(sidecar_spans::trace(1, 1), sidecar_spans::trace(2, 1)));
    }
    EXPECT_EQ(times.size(), 10u);
    for (const auto& [span, count] : times) EXPECT_EQ(count, 1);
}

TEST_F(ChainForwarder, ForwardsWhatWaitsWhenItIsStopped) {
    open();
    pipeline->start();
    take(order(1));
    pipeline->stop();
    EXPECT_EQ(delivered().size(), 5u);
}

TEST(ShareTakes, GoesByTheLastBitsOfTheId) {
    trace_id low, high;
    low.bytes[0] = 1;
    high.bytes.fill(0xff);
    for (const double share : {0.001, 0.1, 0.5}) {
        EXPECT_FALSE(share_takes(low, share));
        EXPECT_TRUE(share_takes(high, share));
    }
    EXPECT_TRUE(share_takes(low, 1));
    int taken = 0;
    for (std::uint64_t i = 0; i < 10'000; ++i) taken += share_takes(sidecar_spans::trace(i, 1), 0.1) ? 1 : 0;
    EXPECT_NEAR(taken, 1'000, 150);
}

}  // namespace
}  // namespace outrider::collector
