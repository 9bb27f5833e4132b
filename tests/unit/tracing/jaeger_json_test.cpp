#include "tracing/jaeger_json.hpp"

#include <gtest/gtest.h>

#include "tests/unit/tracing/sample_spans.hpp"

namespace outrider::tracing {
namespace {

constexpr std::string_view one_trace =
    R"({"data":[{"traceID":"abababababababababababababababab","spans":[{"traceID":"abababababababababababababababab",)"
    R"("spanID":"0000000000000002","flags":1,"operationName":"GET /café","references":[)"
    R"({"refType":"CHILD_OF","traceID":"abababababababababababababababab","spanID":"0000000000000001"},)"
    R"({"refType":"FOLLOWS_FROM","traceID":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","spanID":"0000000000000009"}],)"
    R"("startTime":1700000000000000,"duration":12345,"tags":[{"key":"otel.scope.name","type":"string","value":"outrider"},)"
    R"({"key":"otel.scope.version","type":"string","value":"1"},{"key":"text","type":"string","value":"v\"\n"},)"
    R"({"key":"yes","type":"bool","value":true},{"key":"int","type":"int64","value":"-9007199254740993"},)"
    R"({"key":"double","type":"float64","value":0.1},{"key":"bytes","type":"binary","value":"AP8="},)"
    R"({"key":"array","type":"string","value":"[1,\"two\"]"},{"key":"map","type":"string","value":"{\"k\":\"v\"}"},)"
    R"({"key":"none","type":"string","value":""},{"key":"span.kind","type":"string","value":"server"},)"
    R"({"key":"otel.status_code","type":"string","value":"ERROR"},{"key":"error","type":"bool","value":true},)"
    R"({"key":"otel.status_description","type":"string","value":"refused"},)"
    R"({"key":"w3c.tracestate","type":"string","value":"a=1"}],"logs":[{"timestamp":1700000000000000,"fields":[)"
    R"({"key":"event","type":"string","value":"retry"},{"key":"why","type":"string","value":"503"}]}],)"
    R"("processID":"p1","warnings":null}],"processes":{"p1":{"serviceName":"orders","tags":[)"
    R"({"key":"host.name","type":"string","value":"h1"}]}},"warnings":null}],"total":0,"limit":0,"offset":0,"errors":null})";

std::string encode_one(const span_data& span) { return encode_jaeger_json(std::span<const span_data>{&span, 1}); }

TEST(JaegerJson, IsWrittenAsJaegerConvertsOtlp) { EXPECT_EQ(encode_one(full_span()), one_trace); }

TEST(JaegerJson, ComesBackInMicroseconds) {
    auto answer = decode_jaeger_json(one_trace);
    ASSERT_TRUE(answer);
    ASSERT_EQ(answer->spans.size(), 1U);
    auto want = full_span();
    want.start_unix_ns = 1'700'000'000'000'000'000;
    want.end_unix_ns = 1'700'000'000'012'345'000;
    want.flags = 1;
    want.attributes[5] = text("array", "[1,\"two\"]");
    want.attributes[6] = text("map", "{\"k\":\"v\"}");
    want.attributes[7] = text("none", "");
    want.dropped_attributes = want.dropped_events = want.dropped_links = 0;
    want.events[0].unix_ns = 1'700'000'000'000'000'000;
    want.events[0].dropped_attributes = 0;
    want.links[0].tracestate.clear();
    want.links[0].attributes.clear();
    want.links[0].dropped_attributes = want.links[0].flags = 0;
    EXPECT_TRUE(same_span(answer->spans[0], want)) << encode_otlp_json(answer->spans) << "\n"
                                                   << encode_otlp_json({want});
}

TEST(JaegerJson, IsMalformedAtEveryTruncation) {
    for (std::size_t size = 0; size < one_trace.size(); ++size) {
        EXPECT_EQ(decode_jaeger_json(std::string{one_trace.substr(0, size)}).error(), decode_error::malformed) << size;
    }
}

TEST(JaegerJson, SharesProcessesAndKeepsTraces) {
    auto a = full_span(), b = full_span(), c = full_span();
    b.span = sample_span_id(5);
    b.origin = sample_origin("orders");
    c.span = sample_span_id(6);
    c.origin = sample_origin("stock");
    std::vector<span_data> first{a, b, c}, second{c};
    second[0].trace = sample_trace(0x22);
    std::vector<std::span<const span_data>> traces{first, {}, second};
    auto json = encode_jaeger_json(traces);
    EXPECT_NE(json.find("\"p2\":{\"serviceName\":\"stock\""), std::string::npos);
    EXPECT_EQ(json.find("\"p3\""), std::string::npos);
    auto answer = decode_jaeger_json(json);
    ASSERT_EQ(answer->spans.size(), 4U);
    EXPECT_EQ(answer->spans[0].origin, answer->spans[1].origin) << "shared";
    EXPECT_EQ(service_of(answer->spans[3]), "stock");
    EXPECT_EQ(answer->spans[3].trace, sample_trace(0x22));
}

TEST(JaegerJson, ShortensAndPadsIdsOf64Bits) {
    auto span = full_span();
    span.trace = {};
    span.trace.bytes[15] = 7;
    auto json = encode_one(span);
    EXPECT_NE(json.find(R"("traceID":"0000000000000007")"), std::string::npos);
    EXPECT_EQ(decode_jaeger_json(json)->spans.at(0).trace, span.trace);
}

std::string with_span(std::string_view members) {
    return R"({"data":[{"spans":[{"traceID":"ab","spanID":"1","processID":"p1",)" + std::string{members} + "}]}]}";
}

TEST(JaegerJson, ReadsWhatOtherClientsReported) {
    auto span = decode_jaeger_json(with_span(R"("references":[{"refType":"FOLLOWS_FROM","traceID":"ab","spanID":"2"},)"
                                             R"({"refType":"CHILD_OF","traceID":"ab","spanID":"3"},)"
                                             R"({"refType":"CHILD_OF","traceID":"cd","spanID":"4"}],)"
                                             R"("tags":[{"key":"error","type":"string","value":"true"},)"
                                             R"({"key":"n","type":"int64","value":5},{"key":"x","value":true}])"))
                    ->spans.at(0);
    EXPECT_EQ(span.parent, sample_span_id(3));
    ASSERT_EQ(span.links.size(), 2U);
    EXPECT_EQ(span.links[0].span, sample_span_id(2));
    EXPECT_EQ(span.status, status_code::error);
    EXPECT_EQ(*find_attribute(span.attributes, "n"), attribute_value{std::int64_t{5}});
    EXPECT_EQ(service_of(span), "unknown_service") << "the process is not there";
    EXPECT_EQ(decode_jaeger_json(with_span(R"("parentSpanID":"9")"))->spans.at(0).parent, sample_span_id(9));
}

TEST(JaegerJson, SaturatesTimesThatDoNotFit) {
    auto span = decode_jaeger_json(with_span(R"("startTime":18446744073709551615,"duration":18446744073709551615)"))
                    ->spans.at(0);
    EXPECT_EQ(span.start_unix_ns, UINT64_MAX);
    EXPECT_EQ(span.end_unix_ns, UINT64_MAX);
}

TEST(JaegerJson, SaysWhatJaegerSaid) {
    auto answer = decode_jaeger_json(encode_jaeger_error(404, "trace not found"));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(answer->spans.empty());
    EXPECT_EQ(answer->error, "trace not found");
    EXPECT_EQ(encode_jaeger_names({"orders", "st\"ock"}),
              R"({"data":["orders","st\"ock"],"total":2,"limit":0,"offset":0,"errors":null})");
}

TEST(JaegerJson, RejectsSpansWithoutIdsAndMembersOfTheWrongType) {
    EXPECT_EQ(decode_jaeger_json(R"({"data":[{"spans":[{"spanID":"1"}]}]})")->rejected, 1U);
    for (auto text :
         {"[]", R"({"data":{}})", R"({"data":[1]})", R"({"data":[{"spans":1}]})", R"({"data":[{"processes":[]}]})"}) {
        EXPECT_EQ(decode_jaeger_json(text).error(), decode_error::malformed) << text;
    }
    for (auto members :
         {R"("tags":[1])", R"("tags":[{"key":"k","value":[]}])", R"("startTime":-1)", R"("references":{})"}) {
        EXPECT_EQ(decode_jaeger_json(with_span(members)).error(), decode_error::malformed) << members;
    }
    decode_limits limits;
    limits.memory = 100;
    EXPECT_EQ(decode_jaeger_json(one_trace, limits).error(), decode_error::too_large);
}

}  // namespace
}  // namespace outrider::tracing
