// What records leave for chains; one path, a scripted broker.

#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {
namespace {

using place = config::value_source::place;

void collecting(config::settings& settings, config::kafka_cluster&) {
    settings.tracing.collector = "http://collector:4318";
    settings.tracing.sampler = config::sampler::always_off;
    settings.keys["order"].sources = {{place::json, "/orderId"}, {place::kafka_key, ""}};
}

TEST(KafkaSessionCapture, ASendTellsTheKeysOfItsRecords) {
    kafka_session s{collecting};
    s.broker.on_frame = [](const got_frame& of) {
        return broker_reply{answer(of.correlation(), produce_answer_body(of.version(), "orders", 1, 0))};
    };
    auto client = s.connect();
    const plain_record one{0, 0, "key-1", R"({"orderId":"4711-0815"})", {}};
    const plain_record two{0, 1, "key-2", "plain", {}};
    s.converse(client, request(0, 7, 1, produce_body(7, -1, "orders", {batch_of({one, two})})), 1);
    ASSERT_EQ(s.broker.frames.size(), 1U);
    const auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U) << "recorded although the sampler says no";
    const auto* orders = tracing::find_attribute(spans[0].attributes, "chain.key.order");
    ASSERT_NE(orders, nullptr);
    const auto& values = std::get<tracing::attribute_value::array>(orders->data);
    ASSERT_EQ(values.size(), 2U);
    EXPECT_EQ(std::get<std::string>(values[0].data), "4711-0815");
    EXPECT_EQ(std::get<std::string>(values[1].data), "key-2");
    EXPECT_NE(s.broker.frames[0].bytes.find("outrider=" + spans[0].span.hex()), std::string::npos)
        << "the tracestate beside the traceparent";
    EXPECT_NE(tracing::find_attribute(spans[0].attributes, "outrider.echo"), nullptr);
}

TEST(KafkaSessionCapture, AFetchTellsTheKeysOfEachRecordApart) {
    for (const auto mode : {config::record_trace::inject_uncompressed, config::record_trace::derive}) {
        kafka_session s{[mode](config::settings& settings, config::kafka_cluster& cluster) {
            collecting(settings, cluster);
            cluster.trace = {{"*", mode}};
        }};
        const std::string context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
        const auto records = batch_of({plain_record{0, 0, "key-1", "plain", {{"traceparent", context}}},
                                       plain_record{0, 1, "key-2", R"({"orderId":"4711-0815"})", {}}});
        s.broker.on_frame = [&](const got_frame& of) {
            return broker_reply{answer(of.correlation(), fetch_answer_body(of.version(), "orders", records, 85))};
        };
        auto client = s.connect();
        s.converse(client, request(1, 11, 2), 1);
        const auto spans = s.spans();
        const bool derived = mode == config::record_trace::derive;
        ASSERT_EQ(spans.size(), derived ? 1U : 2U) << "contexts are not looked for where they are derived";
        if (!derived) {
            EXPECT_EQ(spans[0].name, "process orders");
            EXPECT_EQ(tracing::text_attribute(spans[0].attributes, "chain.key.order"), "key-1");
        }
        const auto& poll = spans.back().attributes;
        const auto* orders = tracing::find_attribute(poll, "chain.key.order");
        ASSERT_NE(orders, nullptr);
        EXPECT_EQ(std::get<tracing::attribute_value::array>(orders->data).size(), 2U);
        EXPECT_EQ(tracing::find_attribute(poll, "outrider.echo") != nullptr, derived);
    }
}

/// The golden batches hold orders 0 to 19, of which 16 are told: those that carry no context first.
void expect_sixteen_orders(const tracing::span_data& of) {
    const auto* orders = tracing::find_attribute(of.attributes, "chain.key.order");
    ASSERT_NE(orders, nullptr) << of.name;
    const auto& values = std::get<tracing::attribute_value::array>(orders->data);
    ASSERT_EQ(values.size(), 16U);
    EXPECT_EQ(std::get<std::string>(values[0].data), "0");
    const auto* left_out = tracing::find_attribute(of.attributes, "outrider.captured.left_out");
    ASSERT_NE(left_out, nullptr);
    EXPECT_EQ(std::get<std::int64_t>(left_out->data), 4);
}

void collecting_orders(config::settings& settings, config::kafka_cluster& cluster) {
    collecting(settings, cluster);
    settings.keys["order"].sources = {{place::json, "/order"}};
}

class PackedRecords : public ::testing::TestWithParam<const char*> {};

TEST_P(PackedRecords, AreUnpackedForChainsOnTheirWayToTheBrokerAndNotChanged) {
    kafka_session s{collecting_orders};
    s.broker.on_frame = [](const got_frame& of) {
        return broker_reply{answer(of.correlation(), produce_answer_body(of.version(), "orders", 1, 0))};
    };
    auto client = s.connect();
    const auto asked = request(0, 7, 1, produce_body(7, -1, "orders", {golden(GetParam())}));
    s.converse(client, asked, 1);
    ASSERT_EQ(s.broker.frames.size(), 1U);
    EXPECT_EQ(framed(s.broker.frames[0].bytes), asked);
    const auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    expect_sixteen_orders(spans[0]);
}

TEST_P(PackedRecords, AreUnpackedForChainsOnTheirWayToTheConsumer) {
    kafka_session s{collecting_orders};
    s.broker.on_frame = [](const got_frame& of) {
        return broker_reply{
            answer(of.correlation(), fetch_answer_body(of.version(), "orders", golden(GetParam()), 20))};
    };
    auto client = s.connect();
    s.converse(client, request(1, 11, 2), 1);
    const auto spans = s.spans();
    ASSERT_FALSE(spans.empty());
    expect_sixteen_orders(spans.back());
}

TEST_P(PackedRecords, ThatAreDamagedPassAndTellNothing) {
    auto batch = golden(GetParam());
    batch.resize(batch.size() - 9);
    batch = sealed(std::move(batch));
    kafka_session s{collecting_orders};
    s.broker.on_frame = [](const got_frame& of) {
        return broker_reply{answer(of.correlation(), produce_answer_body(of.version(), "orders", 1, 0))};
    };
    auto client = s.connect();
    const auto asked = request(0, 7, 1, produce_body(7, -1, "orders", {batch}));
    s.converse(client, asked, 1);
    ASSERT_EQ(s.broker.frames.size(), 1U);
    EXPECT_EQ(framed(s.broker.frames[0].bytes), asked);
    for (const auto& each : s.spans()) EXPECT_EQ(tracing::find_attribute(each.attributes, "chain.key.order"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(KafkaSessionCapture, PackedRecords,
                         ::testing::Values("gzip", "snappy", "snappy_raw", "lz4", "zstd"));

/// The client wakes as soon as the bytes are written, and what it sends then may be seen by another worker.
TEST(KafkaSessionCapture, AFetchEndsBeforeTheClientCanAnswer) {
    for (const std::size_t size : {10U, 200'000U}) {
        kafka_session s;
        const std::string context = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        const auto records = batch_of({plain_record{0, 0, "key", std::string(size, 'v'), {{"traceparent", context}}}});
        s.broker.on_frame = [&](const got_frame& of) {
            return broker_reply{answer(of.correlation(), fetch_answer_body(11, "orders", records, 85))};
        };
        std::uint64_t written = 0;
        s.client_faults = std::make_shared<test::fault_plan>();
        s.client_faults->after_write = [&] {
            written = static_cast<std::uint64_t>(
                std::chrono::nanoseconds{std::chrono::system_clock::now().time_since_epoch()}.count());
            std::this_thread::sleep_for(std::chrono::milliseconds{50});
        };
        auto client = s.connect();
        s.converse(client, request(1, 11, 1), 1);
        const auto spans = s.spans();
        ASSERT_EQ(spans.size(), 2U);
        constexpr std::uint64_t clocks_ns = 10'000'000;
        EXPECT_LT(spans[0].end_unix_ns, written + clocks_ns) << size;
        EXPECT_LT(spans[1].end_unix_ns, written + clocks_ns) << size;
    }
}

}  // namespace
}  // namespace outrider::kafka::testing
