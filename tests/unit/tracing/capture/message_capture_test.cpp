#include "tracing/capture/message_capture.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tracing/otlp.hpp"
#include "tracing/span_data.hpp"

namespace outrider::tracing {
namespace {

using place = capture_source::place;

constexpr hash_key key{1, 2};

capture_settings echoing(std::size_t values = 16) {
    capture_settings out;
    out.echo_values = values;
    out.body_bytes = 8'192;
    out.key = key;
    out.identities = true;
    return out;
}

/// The attributes that are written, by name; hashes as "N hashes".
std::map<std::string, std::string> attributes(const message_capture& of) {
    std::string bytes;
    span_encoder out{bytes};
    span_context own;
    own.trace.bytes[0] = own.span.bytes[0] = 1;
    out.begin(own, {}, true, {}, "x", span_kind::server, 1, 2);
    of.write(out);
    out.end();
    // A ScopeSpans within a ResourceSpans within a request.
    const auto wrapped = [](std::string_view inner, char tag) {
        std::string whole{tag};
        for (auto size = inner.size();; size >>= 7) {
            whole.push_back(static_cast<char>((size & 0x7f) | (size > 0x7f ? 0x80 : 0)));
            if (size <= 0x7f) break;
        }
        return whole.append(inner);
    };
    const auto request = wrapped(wrapped(bytes, 0x12), 0x0a);
    std::map<std::string, std::string> found;
    const auto decoded = decode_otlp(request, {});
    if (!decoded) ADD_FAILURE() << "not OTLP";
    if (!decoded) return found;
    for (const auto& each : decoded->spans.at(0).attributes) {
        const auto* text = std::get_if<std::string>(&each.value.data);
        const auto* hashes = std::get_if<byte_string>(&each.value.data);
        found[each.key] = text ? *text : hashes ? std::to_string(hashes->bytes.size() / 8) + " hashes" : "?";
    }
    return found;
}

bool hashed(const message_capture& of, std::string_view value) {
    const auto all = of.echo();
    return std::find(all.begin(), all.end(), siphash(key, value)) != all.end();
}

TEST(MessageCapture, FindsTheSegmentBehindItsName) {
    auto how = echoing(0);
    how.keys = {{"order", {{place::path, "order"}}}};
    const capture_plan plan{how};
    message_capture of{plan};
    const auto found = [&](std::string_view path) {
        of.clear();
        of.path(path);
        return attributes(of)["chain.key.order"];
    };
    EXPECT_EQ(found("/orders/4711"), "4711");
    EXPECT_EQ(found("/v1/order/4711/lines"), "4711");
    EXPECT_EQ(found("//orders//a%20b/"), "a b");
    EXPECT_EQ(found("/orders/1/orders/2"), "1") << "the first";
    EXPECT_EQ(found("/orders"), "");
    EXPECT_EQ(found("/Orders/4711"), "") << "paths have case";
    EXPECT_EQ(found("/reorders/4711"), "");
    EXPECT_EQ(found("/orders/%zz"), "%zz");
    EXPECT_EQ(found("/orders/%4"), "%4");
    EXPECT_EQ(found("/orders/%41"), "A");
    EXPECT_EQ(found(""), "");
}

TEST(MessageCapture, TheFirstSourceThatHasAValueCounts) {
    auto how = echoing(0);
    how.keys = {{"order", {{place::path, "order"}, {place::query, "order"}, {place::field, "x-order"}}}};
    const capture_plan plan{how};
    message_capture of{plan};
    of.field("X-Order", "3");
    EXPECT_EQ(attributes(of)["chain.key.order"], "3");
    of.query("a=b&order=2&order=9");
    EXPECT_EQ(attributes(of)["chain.key.order"], "2");
    of.path("/orders/1");
    EXPECT_EQ(attributes(of)["chain.key.order"], "1");
    of.query("order=2");
    EXPECT_EQ(attributes(of)["chain.key.order"], "1");
    of.clear();
    EXPECT_TRUE(attributes(of).empty());
}

TEST(MessageCapture, ReadsJsonOfTheRequestThenOfTheAnswer) {
    auto how = echoing(0);
    how.keys = {{"order", {{place::json, "/orderId"}}}, {"item", {{place::json, "/items/0"}}}};
    const capture_plan plan{how};
    message_capture of{plan};
    EXPECT_TRUE(of.wants_answer());
    of.json(R"({"items":["a"],"orderId":null})", true);
    EXPECT_TRUE(of.wants_answer());
    of.answer(R"({"orderId":4711,"items":["b"]})", true);
    EXPECT_FALSE(of.wants_answer());
    const auto found = attributes(of);
    EXPECT_EQ(found.at("chain.key.order"), "4711");
    EXPECT_EQ(found.at("chain.key.item"), "a");
}

TEST(MessageCapture, KnowsTheIdsOfCloudEvents) {
    const capture_plan plan{echoing(0)};
    message_capture of{plan};
    of.field("Ce-Id", "m-1");
    of.field("ce-causationid", "m-0");
    of.field("CE-CorrelationId", "c-1");
    const auto found = attributes(of);
    EXPECT_EQ(found.at("chain.message_id"), "m-1");
    EXPECT_EQ(found.at("chain.causation_id"), "m-0");
    EXPECT_EQ(found.at("chain.correlation_id"), "c-1");
    of.clear();
    of.record_header("ce_id", "m-2");
    of.record_header("ce_causationid", "m-1");
    of.record_header("ce_correlationid", "c-1");
    EXPECT_EQ(attributes(of),
              (std::map<std::string, std::string>{
                  {"chain.message_id", "m-2"}, {"chain.causation_id", "m-1"}, {"chain.correlation_id", "c-1"}}));
}

TEST(MessageCapture, AConfiguredCorrelationBeatsThatOfCloudEvents) {
    auto how = echoing(0);
    how.correlation = {{place::field, "x-flow"}, {place::record_header, "flow"}};
    const capture_plan plan{how};
    message_capture of{plan};
    of.field("ce-correlationid", "c");
    of.field("x-flow", "f");
    EXPECT_EQ(attributes(of).at("chain.correlation_id"), "f");
}

TEST(MessageCapture, HashesWhatLooksLikeIds) {
    const capture_plan plan{echoing()};
    message_capture of{plan};
    of.path("/orders/4711/v1/lines");
    of.query("page=2&customer=ada%40example.org&q=red+shoes&x=12");
    of.field("X-Order-Id", "o-17");
    of.field("Idempotency-Key", "5f2c");
    of.field("x-correlation", "corr-1");
    of.field("Accept", "application/json");
    of.field("Authorization", "Bearer 12345678");
    of.field("Cookie", "session=12345678");
    of.json(R"({"name":"Ada","mail":"ada@lovelace.org","n":1234,"m":12345,"price":1234.5,"ok":true,"t":"a\u0062cdef"})",
            true);
    for (const auto* value : {"4711", "ada@example.org", "red shoes", "o-17", "5f2c", "corr-1", "ada@lovelace.org",
                              "12345", "1234.5", "abcdef"})
        EXPECT_TRUE(hashed(of, value)) << value;
    EXPECT_EQ(of.echo().size(), 10U) << "and nothing else: neither credentials nor words";
    EXPECT_EQ(attributes(of), (std::map<std::string, std::string>{{"outrider.echo", "10 hashes"}}));
}

TEST(MessageCapture, TheSameValueHashesAlikeWhereverItStands) {
    const capture_plan plan{echoing()};
    message_capture in{plan}, out{plan};
    in.path("/orders/471100");
    out.json(R"({"order":471100})", true);
    ASSERT_EQ(in.echo().size(), 1U);
    EXPECT_EQ(in.echo()[0], out.echo()[0]);
}

TEST(MessageCapture, HasABoundAndNoDoubles) {
    const capture_plan plan{echoing(4)};
    message_capture of{plan};
    of.query("a=11111&b=11111&c=22222");
    EXPECT_EQ(of.echo().size(), 2U);
    of.json(R"(["333333","444444","555555","666666"])", true);
    EXPECT_EQ(of.echo().size(), 4U);
    EXPECT_TRUE(hashed(of, "444444"));
    EXPECT_FALSE(hashed(of, "555555"));
}

TEST(MessageCapture, NeverTouchesHiddenParameters) {
    auto how = echoing();
    how.hidden_query = {"token", "card"};
    how.keys = {{"card", {{place::query, "card"}}}};
    const capture_plan plan{how};
    message_capture of{plan};
    of.query("token=0123456789&%74oken=9876543210&card=4111111111111111&order=4711");
    EXPECT_EQ(of.echo().size(), 1U);
    EXPECT_TRUE(hashed(of, "4711"));
    EXPECT_FALSE(attributes(of).contains("chain.key.card"));
}

TEST(MessageCapture, CutsWhatIsLongAndWritesValidText) {
    auto how = echoing(0);
    how.keys = {{"k", {{place::field, "k"}}}};
    const capture_plan plan{how};
    message_capture of{plan};
    of.field("k", std::string(10'000, 'x'));
    EXPECT_EQ(attributes(of).at("chain.key.k").size(), message_capture::longest_value);
    of.clear();
    of.field("k", "\xff");
    EXPECT_EQ(attributes(of).at("chain.key.k"), "\uFFFD");
}

TEST(MessageCapture, ARecordHasItsKeyItsHeadersAndItsValue) {
    auto how = echoing();
    how.keys = {{"order", {{place::json, "/orderId"}, {place::record_key, ""}}},
                {"who", {{place::record_header, "who"}}}};
    const capture_plan plan{how};
    EXPECT_TRUE(plan.wants_records());
    message_capture of{plan};
    of.record_key("4711");
    of.record_header("who", "ada");
    of.record_header("order-id", "4711");
    EXPECT_EQ(attributes(of).at("chain.key.order"), "4711");
    EXPECT_EQ(attributes(of).at("chain.key.who"), "ada");
    of.json(R"({"orderId":"o-4711"})", true);
    EXPECT_EQ(attributes(of).at("chain.key.order"), "o-4711");
    EXPECT_EQ(of.echo().size(), 2U);
}

TEST(CapturePlan, WantsNothingWhereNothingIsConfigured) {
    EXPECT_FALSE(capture_plan{}.any());
    EXPECT_FALSE(capture_plan{capture_settings{}}.any());
    auto how = echoing(0);
    EXPECT_TRUE(capture_plan{how}.any()) << "ids of CloudEvents";
    EXPECT_FALSE(capture_plan{how}.wants_body());
    EXPECT_FALSE(capture_plan{how}.wants_records());
}

}  // namespace
}  // namespace outrider::tracing
