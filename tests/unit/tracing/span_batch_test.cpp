#include "tracing/span_batch.hpp"

#include <gtest/gtest.h>

#include "tests/unit/tracing/sample_spans.hpp"

namespace outrider::tracing {
namespace {

/// Its places, and whether it has what only some spans have, tell them apart.
span_data numbered(std::uint8_t number) {
    auto span = number % 3 == 0 ? full_span() : span_data{};
    span.trace = sample_trace(0x11);
    span.span = sample_span_id(number);
    span.name = "span " + std::to_string(number);
    for (std::uint8_t i = 0; i < number % 5; ++i) span.attributes.push_back(text("key" + std::to_string(i), span.name));
    span.origin = sample_origin(number % 2 == 0 ? "orders" : "stock");
    return span;
}

std::vector<span_data> several(std::uint8_t count) {
    std::vector<span_data> spans;
    for (std::uint8_t i = 1; i <= count; ++i) spans.push_back(numbered(i));
    return spans;
}

void expect_same(std::span<const span_view> views, const std::vector<span_data>& spans) {
    ASSERT_EQ(views.size(), spans.size());
    for (std::size_t i = 0; i < spans.size(); ++i) EXPECT_TRUE(same_span(copy_of(views[i]), spans[i])) << i;
}

TEST(SpanBatch, GivesEachSpanItsOwnLists) {
    const auto spans = several(20);
    span_batch batch;
    ASSERT_FALSE(batch.decode(batch.keep(encode_otlp(spans))));
    expect_same(batch.spans(), spans);
}

TEST(SpanBatch, IsUsedAgain) {
    span_batch batch;
    for (const std::uint8_t count : {20, 3, 0, 7}) {
        const auto spans = several(count);
        ASSERT_FALSE(batch.decode(batch.keep(encode_otlp(spans))));
        expect_same(batch.spans(), spans);
        EXPECT_EQ(batch.rejected(), 0u);
    }
}

TEST(SpanBatch, TakesOverWhatWasDecodedAlready) {
    span_batch batch;
    ASSERT_FALSE(batch.decode(batch.keep(encode_otlp(several(4)))));
    batch.take(several(9));
    expect_same(batch.spans(), several(9));
    ASSERT_FALSE(batch.decode(batch.keep(encode_otlp(several(2)))));
    expect_same(batch.spans(), several(2));
}

TEST(SpanBatch, LeavesOutSpansWithoutIdsAndWhatTheyHad) {
    auto spans = several(9);
    spans[2].span = {};  // a full one
    spans[5].trace = {};
    span_batch batch;
    ASSERT_FALSE(batch.decode(batch.keep(encode_otlp(spans))));
    EXPECT_EQ(batch.rejected(), 2u);
    spans.erase(spans.begin() + 5);
    spans.erase(spans.begin() + 2);
    expect_same(batch.spans(), spans);
}

TEST(SpanBatch, PutsRightWhatIsNoUtf8AndLeavesTheRestWhereItIs) {
    auto span = numbered(1);
    span.name = "a\xff";
    span.attributes = {text("caf\xc3\xa9", "\xc3\xa9"), text("k\xc3", "v")};
    span_batch batch;
    const auto request = batch.keep(encode_otlp({span}));
    ASSERT_FALSE(batch.decode(request));
    const auto& view = batch.spans()[0];
    EXPECT_EQ(view.name, "a\xEF\xBF\xBD");
    EXPECT_EQ(view.attributes[0].value.text(), "\xc3\xa9");
    EXPECT_GE(view.attributes[0].key.data(), request.data());
    EXPECT_LT(view.attributes[0].key.data(), request.data() + request.size());
    EXPECT_EQ(view.attributes[1].key, "k\xEF\xBF\xBD");
}

TEST(SpanBatch, SaysWhatIsMalformed) {
    span_batch batch;
    const auto whole = encode_otlp(several(5));
    const auto said = [&](std::string_view request) { return describe(*batch.decode(batch.keep(request))); };
    EXPECT_EQ(said(whole.substr(0, whole.size() - 1)),
              "malformed message: it ends too early, or a length in it is wrong; spans before: 4");
    EXPECT_EQ(said(whole + '\x0a'),
              "malformed message: it ends too early, or a length in it is wrong; spans before: 5");
    EXPECT_EQ(said(std::string(20, '\xff')),
              "malformed message: it has a number of more than 64 bits; spans before: 0");
    EXPECT_EQ(said("\x0b"), "malformed message: it is no protobuf; spans before: 0");
}

TEST(SpanBatch, IsEmptyAfterWhatCannotBeDecoded) {
    span_batch batch;
    const auto request = encode_otlp(several(5));
    for (std::size_t cut = 0; cut < request.size(); ++cut) {
        if (batch.decode(batch.keep(request.substr(0, cut)))) {
            EXPECT_TRUE(batch.spans().empty());
        }
    }
    decode_limits limits;
    limits.memory = 1'000;
    EXPECT_EQ(batch.decode(batch.keep(request), limits), decode_error::too_large);
    EXPECT_TRUE(batch.spans().empty());
}

TEST(SpanBatch, KnowsItsMemory) {
    span_batch batch;
    const auto before = batch.memory();
    auto span = numbered(1);
    span.attributes.push_back(text("long", std::string(100'000, 'x')));
    ASSERT_FALSE(batch.decode(batch.keep(encode_otlp({span}))));
    EXPECT_GE(batch.memory(), before + 100'000);
    EXPECT_LE(batch.memory(), before + 110'000);
    batch.take({span});
    EXPECT_GE(batch.memory(), before + 200'000) << "the request's memory is kept";
}

TEST(ValueView, TellsOnlyWhatItIs) {
    const attribute_value list{attribute_value::array{attribute_value{true}}};
    for (const auto& value : {value_view{}, value_view::of(true), value_view::of(std::int64_t{7}), value_view::of(0.5),
                              value_view::of_bytes("raw"), value_view{list}}) {
        EXPECT_EQ(value.text(), "");
        EXPECT_EQ(value.whole(-1), value.is() == value_view::type::whole ? 7 : -1);
        EXPECT_EQ(value.truth(), value.is() == value_view::type::truth);
        EXPECT_EQ(value.array() != nullptr, value.is() == value_view::type::nested);
    }
    EXPECT_EQ(copy_of(value_view{list}), list);
}

}  // namespace
}  // namespace outrider::tracing
