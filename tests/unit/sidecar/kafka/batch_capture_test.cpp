#include "sidecar/kafka/batch_capture.hpp"

#include <gtest/gtest.h>

#include "sidecar/kafka/record_injection.hpp"
#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tracing/otlp.hpp"

namespace outrider::kafka {
namespace {

using place = tracing::capture_source::place;
using testing::plain_record;

constexpr const char* parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr const char* other = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203332-01";

tracing::capture_plan order_plan() {
    tracing::capture_settings how;
    how.body_bytes = 8'192;
    how.keys = {{"order", {{place::json, "/orderId"}, {place::record_header, "order"}, {place::record_key, ""}}}};
    return tracing::capture_plan{how};
}

plain_record record(std::optional<std::string> key, std::optional<std::string> value,
                    std::vector<std::pair<std::string, std::optional<std::string>>> headers = {}) {
    plain_record out;
    out.key = std::move(key);
    out.value = std::move(value);
    out.headers = std::move(headers);
    return out;
}

struct BatchCapture : ::testing::Test {
    tracing::capture_plan plan = order_plan();
    tracing::message_capture one{plan};
    std::size_t budget = most_scanned;
    batch_capture seen{one, budget};
    batch_contexts found;

    /// The values of the key, joined by commas; "nothing" where there is no group.
    std::string orders(const tracing::group_capture* of) {
        if (of == nullptr) return "nothing";
        std::string bytes;
        tracing::span_encoder out{bytes};
        tracing::span_context own;
        own.trace.bytes[0] = own.span.bytes[0] = 1;
        out.begin(own, {}, true, {}, "x", tracing::span_kind::producer, 1, 2);
        of->write(out, plan, true);
        out.end();
        const auto span = tracing::decode_otlp(tracing::otlp_request({}, bytes)).value().spans.at(0);
        const auto* value = tracing::find_attribute(span.attributes, "chain.key.order");
        if (value == nullptr) return "";
        if (const auto* text = std::get_if<std::string>(&value->data)) return *text;
        std::string joined;
        for (const auto& each : std::get<tracing::attribute_value::array>(value->data))
            joined += (joined.empty() ? "" : ",") + std::get<std::string>(each.data);
        return joined;
    }
};

TEST_F(BatchCapture, FindsWhereTheRecordHasIt) {
    const auto batch = testing::batch_of({record("k-1", R"({"orderId":"j-1"})", {{"order", "h-1"}}),
                                          record("k-2", "not json", {{"order", "h-2"}}), record("k-3", {}, {}),
                                          record({}, {}, {{"order", {}}})});
    ASSERT_TRUE(collect_contexts(batch, nullptr, {}, found, &seen));
    EXPECT_EQ(orders(seen.of(batch_contexts::most)), "j-1,h-2,k-3");
}

TEST_F(BatchCapture, KeepsTheRecordsOfEachContextApart) {
    const auto batch =
        testing::batch_of({record("k-1", {}, {{"traceparent", parent}}), record("k-2", {}),
                           record("k-3", {}, {{"traceparent", other}}), record("k-4", {}, {{"traceparent", parent}})});
    ASSERT_TRUE(collect_contexts(batch, nullptr, {}, found, &seen));
    ASSERT_EQ(found.distinct.size(), 2U);
    EXPECT_EQ(orders(seen.of(0)), "k-1,k-4");
    EXPECT_EQ(orders(seen.of(1)), "k-3");
    EXPECT_EQ(orders(seen.of(batch_contexts::most)), "k-2");
    const auto all = seen.together();
    EXPECT_EQ(orders(&all), "k-1,k-4,k-2,k-3");
    EXPECT_EQ(seen.of(2), nullptr);
}

TEST_F(BatchCapture, SeesRecordsWhileHeadersAreAdded) {
    const auto batch = testing::batch_of({record("k-1", {})});
    tracing::span_context own;
    own.trace.bytes[0] = own.span.bytes[0] = 1;
    std::string out;
    const auto done =
        inject_context(batch, added_headers{own, "outrider=0100000000000000"}, {}, nullptr, out, &found, &seen);
    ASSERT_EQ(done.outcome, injection_outcome::injected);
    EXPECT_EQ(orders(seen.of(batch_contexts::most)), "k-1");
    EXPECT_EQ(testing::read_records(std::string_view{out}.substr(batch_header_size)).at(0).headers.back(),
              (std::pair<std::string, std::optional<std::string>>{"tracestate", "outrider=0100000000000000"}));
}

TEST_F(BatchCapture, LooksIntoValuesAsFarAsItsBudgetGoes) {
    budget = 30;
    const auto batch =
        testing::batch_of({record("k-1", R"({"orderId":"j-1"})"), record("k-2", R"({"orderId":"j-2"})")});
    ASSERT_TRUE(collect_contexts(batch, nullptr, {}, found, &seen));
    EXPECT_EQ(orders(seen.of(batch_contexts::most)), "j-1,k-2") << "keys are there all the same";
}

TEST_F(BatchCapture, NoTruncationOfABatchIsReadBeyondItsEnd) {
    const auto batch = testing::batch_of({record("k-1", R"({"orderId":"j-1"})", {{"order", "h-1"}})});
    for (std::size_t size = 0; size < batch.size(); ++size) {
        const std::string part = batch.substr(0, size);
        EXPECT_FALSE(collect_contexts(part, nullptr, {}, found, &seen)) << size;
    }
}

}  // namespace
}  // namespace outrider::kafka
