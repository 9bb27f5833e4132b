// What records leave for chains; one path, a scripted broker.

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

}  // namespace
}  // namespace outrider::kafka::testing
