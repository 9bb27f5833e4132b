#include "tracing/otlp.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <protozero/pbf_writer.hpp>

#include "tests/unit/tracing/sample_spans.hpp"
#include "tracing/base64.hpp"

namespace outrider::tracing {
namespace {

std::vector<span_data> sample() {
    auto other = full_span();
    other.span = sample_span_id(3);
    other.parent = {};
    other.kind = span_kind::client;
    other.status = status_code::unset;
    other.status_message.clear();
    other.origin = sample_origin("stock");
    return {full_span(), other};
}

void expect_same(const std::vector<span_data>& got, const std::vector<span_data>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(same_span(got[i], want[i])) << i;
}

constexpr std::string_view one_span_json =
    R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"orders"}},)"
    R"({"key":"host.name","value":{"stringValue":"h1"}}]},"scopeSpans":[{"scope":{"name":"outrider","version":"1"},"spans":[{)"
    R"("traceId":"abababababababababababababababab","spanId":"0000000000000002","traceState":"a=1",)"
    R"("parentSpanId":"0000000000000001","flags":769,"name":"GET /café","kind":2,)"
    R"("startTimeUnixNano":"1700000000000000001","endTimeUnixNano":"1700000000012345678","attributes":[)"
    R"({"key":"text","value":{"stringValue":"v\"\n"}},{"key":"yes","value":{"boolValue":true}},)"
    R"({"key":"int","value":{"intValue":"-9007199254740993"}},{"key":"double","value":{"doubleValue":0.1}},)"
    R"({"key":"bytes","value":{"bytesValue":"AP8="}},)"
    R"({"key":"array","value":{"arrayValue":{"values":[{"intValue":"1"},{"stringValue":"two"}]}}},)"
    R"({"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}},)"
    R"({"key":"none","value":{}}],"droppedAttributesCount":3,)"
    R"("events":[{"timeUnixNano":"1700000000000000500","name":"retry",)"
    R"("attributes":[{"key":"why","value":{"stringValue":"503"}}],"droppedAttributesCount":1}],"droppedEventsCount":4,)"
    R"("links":[{"traceId":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","spanId":"0000000000000009","traceState":"b=2",)"
    R"("attributes":[{"key":"kind","value":{"stringValue":"cause"}}],"droppedAttributesCount":2,"flags":768}],)"
    R"("droppedLinksCount":5,"status":{"message":"refused","code":2}}]}]}]})";

TEST(OtlpJson, IsWrittenAsTheSpecificationShowsIt) { EXPECT_EQ(encode_otlp_json({full_span()}), one_span_json); }

TEST(OtlpJson, ComesBackUnchanged) {
    auto decoded = decode_otlp_json(encode_otlp_json(sample()));
    ASSERT_TRUE(decoded);
    expect_same(decoded->spans, sample());
}

TEST(OtlpProtobuf, ComesBackUnchanged) {
    auto decoded = decode_otlp(encode_otlp(sample()));
    ASSERT_TRUE(decoded);
    expect_same(decoded->spans, sample());
    EXPECT_EQ(decoded->rejected, 0U);
}

TEST(OtlpProtobuf, KeepsWhatIsEmptyInsideOfValues) {
    using array = attribute_value::array;
    auto span = full_span();
    attribute_value nothing;
    span.attributes = {{"holes", attribute_value{array{nothing, attribute_value{std::string{"two"}}, nothing}}},
                       {"empty", attribute_value{array{}}},
                       {"nested", attribute_value{array{attribute_value{array{}}}}},
                       {"map", attribute_value{attribute_value::key_values{}}}};
    auto back = decode_otlp(encode_otlp({span}));
    ASSERT_TRUE(back.has_value());
    EXPECT_TRUE(same_span(back->spans.at(0), span));
}

TEST(OtlpProtobuf, AgreesWithJson) { EXPECT_EQ(otlp_to_json(encode_otlp({full_span()})).value(), one_span_json); }

TEST(OtlpProtobuf, GroupsNeighboursOfOneOrigin) {
    auto spans = sample();
    spans[1].origin = spans[0].origin;
    auto one = encode_otlp_json(spans);
    EXPECT_EQ(one.find("scopeSpans"), one.rfind("scopeSpans"));
    auto decoded = decode_otlp(encode_otlp(spans));
    EXPECT_EQ(decoded->spans[0].origin, decoded->spans[1].origin) << "one object is shared";
}

TEST(OtlpProtobuf, IsMalformedOrShorterAtEveryTruncation) {
    auto whole = encode_otlp({full_span()});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        std::string copy = whole.substr(0, size);  // its own buffer, so that a read beyond it is seen
        auto decoded = decode_otlp(copy);
        EXPECT_TRUE(!decoded || decoded->spans.empty()) << size;
    }
}

TEST(OtlpProtobuf, SurvivesEveryChangedByte) {
    auto whole = encode_otlp({full_span()});
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (unsigned char change : {0x01, 0x80, 0xff}) {
            auto copy = whole;
            copy[at] = static_cast<char>(static_cast<unsigned char>(copy[at]) ^ change);
            auto decoded = decode_otlp(copy);
            if (decoded) {
                EXPECT_FALSE(encode_otlp_json(decoded->spans).empty());
            }
        }
    }
}

TEST(OtlpJson, IsMalformedAtEveryTruncation) {
    for (std::size_t size = 0; size < one_span_json.size(); ++size) {
        EXPECT_EQ(decode_otlp_json(std::string{one_span_json.substr(0, size)}).error(), decode_error::malformed)
            << size;
    }
}

TEST(Otlp, OfNothingIsNothing) {
    EXPECT_TRUE(decode_otlp("")->spans.empty());
    EXPECT_TRUE(decode_otlp_json("{}")->spans.empty());
    EXPECT_EQ(encode_otlp({}), "");
    EXPECT_EQ(encode_otlp_json({}), R"({"resourceSpans":[]})");
}

TEST(Otlp, RejectsSpansWithoutIdsAndKeepsTheOthers) {
    auto spans = sample();
    spans[0].trace = {};
    auto decoded = decode_otlp(encode_otlp(spans));
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->rejected, 1U);
    EXPECT_EQ(decoded->spans.size(), 1U);
    decoded = decode_otlp_json(encode_otlp_json(spans));
    EXPECT_EQ(decoded->rejected, 1U);
    EXPECT_EQ(decoded->spans.size(), 1U);
}

TEST(Otlp, DropsLinksWithoutIds) {
    auto span = full_span();
    span.links.push_back({});
    for (const auto& decoded : {decode_otlp(encode_otlp({span})), decode_otlp_json(encode_otlp_json({span}))}) {
        EXPECT_EQ(decoded->spans[0].links.size(), 1U);
        EXPECT_EQ(decoded->spans[0].dropped_links, 6U);
    }
}

TEST(Otlp, BoundsTheItemsOfASpanAndCountsTheRest) {
    auto span = full_span();
    span.dropped_attributes = span.dropped_events = span.dropped_links = 0;
    span.events.resize(5, span.events[0]);
    span.links.resize(5, span.links[0]);
    decode_limits limits;
    limits.items = 2;
    for (const auto& decoded :
         {decode_otlp(encode_otlp({span}), limits), decode_otlp_json(encode_otlp_json({span}), limits)}) {
        const auto& got = decoded->spans[0];
        EXPECT_EQ(got.attributes.size(), 2U);
        EXPECT_EQ(got.dropped_attributes, 6U);
        EXPECT_EQ(got.events.size(), 2U);
        EXPECT_EQ(got.dropped_events, 3U);
        EXPECT_EQ(got.links.size(), 2U);
        EXPECT_EQ(got.dropped_links, 3U);
    }
}

std::vector<span_data> nested(unsigned depth) {
    auto span = full_span();
    attribute_value value{std::int64_t{1}};
    for (unsigned i = 0; i < depth; ++i) {
        attribute_value::array list;
        list.push_back(std::move(value));
        value = attribute_value{std::move(list)};
    }
    span.attributes = {{"deep", std::move(value)}};
    return {span};
}

TEST(Otlp, BoundsTheDepthOfValues) {
    EXPECT_TRUE(decode_otlp(encode_otlp(nested(15))));
    EXPECT_TRUE(decode_otlp_json(encode_otlp_json(nested(15))));
    EXPECT_EQ(decode_otlp(encode_otlp(nested(16))).error(), decode_error::too_deep);
    EXPECT_EQ(decode_otlp_json(encode_otlp_json(nested(16))).error(), decode_error::too_deep);
    EXPECT_EQ(decode_otlp(encode_otlp(nested(2000))).error(), decode_error::too_deep);
    EXPECT_EQ(decode_otlp_json(encode_otlp_json(nested(2000))).error(), decode_error::too_deep);
    EXPECT_EQ(decode_otlp_json(std::string(1'000'000, '[')).error(), decode_error::too_deep);
}

TEST(Otlp, BoundsTheMemoryThatSmallEncodingsTake) {
    decode_limits limits;
    limits.memory = 100'000;
    auto span = full_span();
    span.attributes.assign(1000, attribute{});
    EXPECT_EQ(decode_otlp(encode_otlp({span}), limits).error(), decode_error::too_large);
    EXPECT_EQ(decode_otlp_json(encode_otlp_json({span}), limits).error(), decode_error::too_large);
    EXPECT_TRUE(decode_otlp(encode_otlp({span})));
}

TEST(Otlp, ChargesForAResourceUnderEachScope) {
    std::string bytes;
    {
        protozero::pbf_writer out{bytes};
        protozero::pbf_writer resource_spans{out, 1};
        resource resource_with_text;
        resource_with_text.attributes.push_back(text("k", std::string(10'000, 'v')));
        resource_spans.add_message(1, encode_resource(resource_with_text));
        for (int i = 0; i < 100; ++i) resource_spans.add_message(2, std::string{});
    }
    decode_limits limits;
    limits.memory = 500'000;
    EXPECT_EQ(decode_otlp(bytes, limits).error(), decode_error::too_large);
}

TEST(OtlpProtobuf, SkipsUnknownFieldsAndFieldsOfAnotherType) {
    std::string bytes;
    {
        protozero::pbf_writer out{bytes};
        out.add_uint64(1, 7);
        protozero::pbf_writer resource_spans{out, 1};
        resource_spans.add_string(1000, "future");
        protozero::pbf_writer scope_spans{resource_spans, 2};
        scope_spans.add_fixed32(2, 1);
        protozero::pbf_writer span{scope_spans, 2};
        auto full = full_span();
        span.add_bytes(1, reinterpret_cast<const char*>(full.trace.bytes.data()), 16);
        span.add_bytes(2, reinterpret_cast<const char*>(full.span.bytes.data()), 8);
        span.add_uint64(5, 5);
        span.add_string(7, "no time");
        span.add_enum(6, 77);
        span.add_fixed64(8, 9);
        span.add_string(99, "future");
    }
    auto decoded = decode_otlp(bytes);
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->spans.size(), 1U);
    EXPECT_EQ(decoded->spans[0].name, "");
    EXPECT_EQ(decoded->spans[0].kind, span_kind::internal);
    EXPECT_EQ(decoded->spans[0].start_unix_ns, 0U);
    EXPECT_EQ(decoded->spans[0].end_unix_ns, 9U);
}

TEST(OtlpProtobuf, ReplacesWhatIsNotUtf8) {
    auto span = full_span();
    span.name = "a\xff";
    EXPECT_EQ(decode_otlp(encode_otlp({span}))->spans[0].name, "a\xEF\xBF\xBD");
}

std::string with_span_json(std::string_view members) {
    return R"({"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"ABABABABABABABABABABABABABABABAB","spanId":"0000000000000002")" +
           std::string{members} + "}]}]}]}";
}

TEST(OtlpJson, TakesNamesNumbersAndStringsAlike) {
    auto decoded = decode_otlp_json(with_span_json(
        R"(,"kind":"SPAN_KIND_CLIENT","startTimeUnixNano":1700000000000000001,"endTimeUnixNano":"5","parentSpanId":"",)"
        R"("status":{"code":"STATUS_CODE_ERROR"},"future":{"a":[1]},"name":null,"attributes":[)"
        R"({"key":"i","value":{"intValue":7}},{"key":"d","value":{"doubleValue":"NaN"}},{"key":"e","value":{"doubleValue":3}},)"
        R"({"key":"none"}])"));
    ASSERT_TRUE(decoded);
    const auto& span = decoded->spans.at(0);
    EXPECT_EQ(span.trace, sample_trace(0xab));
    EXPECT_FALSE(span.parent.valid());
    EXPECT_EQ(span.kind, span_kind::client);
    EXPECT_EQ(span.start_unix_ns, 1'700'000'000'000'000'001U);
    EXPECT_EQ(span.end_unix_ns, 5U);
    EXPECT_EQ(span.status, status_code::error);
    EXPECT_EQ(std::get<std::int64_t>(span.attributes[0].value.data), 7);
    EXPECT_TRUE(std::isnan(std::get<double>(span.attributes[1].value.data)));
    EXPECT_EQ(std::get<double>(span.attributes[2].value.data), 3.0);
}

TEST(OtlpJson, WritesWhatIsNoNumberAsText) {
    auto span = full_span();
    span.attributes = {{"n", attribute_value{std::nan("")}}, {"i", attribute_value{-INFINITY}}};
    auto text = encode_otlp_json({span});
    EXPECT_NE(text.find(R"({"doubleValue":"NaN"})"), std::string::npos);
    EXPECT_NE(text.find(R"({"doubleValue":"-Infinity"})"), std::string::npos);
    EXPECT_TRUE(decode_otlp_json(text));
}

TEST(OtlpJson, IsMalformedWhenAMemberHasTheWrongType) {
    for (auto text : {"[]", "1", "null", R"({"resourceSpans":{}})", R"({"resourceSpans":[1]})",
                      R"({"resourceSpans":[{"scopeSpans":1}]})", R"({"resourceSpans":[{"resource":[]}]})"}) {
        EXPECT_EQ(decode_otlp_json(text).error(), decode_error::malformed) << text;
    }
    for (auto members :
         {R"(,"name":1)", R"(,"kind":[])", R"(,"kind":1.5)", R"(,"startTimeUnixNano":"x")",
          R"(,"startTimeUnixNano":-1)", R"(,"startTimeUnixNano":"12 ")", R"(,"startTimeUnixNano":1e30)",
          R"(,"attributes":[1])", R"(,"attributes":[{"key":"k","value":{"boolValue":"true"}}])",
          R"(,"attributes":[{"key":"k","value":{"intValue":"9223372036854775808"}}])",
          R"(,"attributes":[{"key":"k","value":{"intValue":9223372036854775808}}])",
          R"(,"attributes":[{"key":"k","value":{"bytesValue":"A"}}])", R"(,"status":7)", ",\"name\":\"\xff\""}) {
        EXPECT_EQ(decode_otlp_json(with_span_json(members)).error(), decode_error::malformed) << members;
    }
}

TEST(OtlpJson, SaysWhatIsMalformed) {
    const auto said = [](std::string_view text) { return describe(decode_otlp_json(text).error()); };
    EXPECT_EQ(said(" "), "malformed message: it is empty");
    EXPECT_EQ(said(R"({"resourceSpans":[)"), "malformed message: the JSON ends too early, after 18 bytes");
    EXPECT_EQ(said(R"({"resourceSpans":x})"), "malformed message: no JSON at byte 18");
    EXPECT_EQ(said("[]"), "malformed message: an object with 'resourceSpans' is of type array");
    EXPECT_EQ(said(R"({"resourceSpans":"x"})"), "malformed message: 'resourceSpans' is of type string, not array");
    EXPECT_EQ(said(with_span_json(R"(,"name":1)")),
              "malformed message: 'name' is of type number, not string, in span 1 of the request");
    EXPECT_EQ(said(with_span_json(R"(,"startTimeUnixNano":"yesterday")")),
              "malformed message: 'startTimeUnixNano' is no whole number of 64 bits without a sign, in span 1 of the "
              "request");
    EXPECT_EQ(said(with_span_json(R"(,"attributes":[{"key":"k","value":{"intValue":"x"}}])")),
              "malformed message: 'intValue' is no whole number of 64 bits, in span 1 of the request");
}

TEST(OtlpRequest, WrapsWhatTheEncoderWrote) {
    std::string entries;
    span_encoder encoder{entries};
    span_context own;
    own.trace = sample_trace(1);
    own.span = sample_span_id(2);
    own.flags = flag_sampled;
    for (int i = 0; i < 2; ++i) {
        encoder.begin(own, sample_span_id(3), true, "a=1", "GET", span_kind::client, 10, 20);
        encoder.attribute("s", "x");
        encoder.attribute("i", std::int64_t{-3});
        encoder.attribute("d", 2.5);
        encoder.attribute("b", false);
        encoder.event("e", 11, "k", "v");
        encoder.link(own);
        encoder.status(status_code::error, "why");
        encoder.end();
    }
    auto from = sample_origin("orders")->resource;
    auto decoded = decode_otlp(otlp_request(from, entries));
    ASSERT_TRUE(decoded);
    ASSERT_EQ(decoded->spans.size(), 2U);
    const auto& span = decoded->spans[1];
    EXPECT_EQ(span.origin->resource, from);
    EXPECT_EQ(span.origin->scope_name, "outrider");
    EXPECT_EQ(span.trace, own.trace);
    EXPECT_EQ(span.parent, sample_span_id(3));
    EXPECT_EQ(span.flags, 0x301U);
    EXPECT_EQ(span.attributes.size(), 4U);
    EXPECT_EQ(*find_attribute(span.attributes, "i"), attribute_value{std::int64_t{-3}});
    EXPECT_EQ(*find_attribute(span.attributes, "b"), attribute_value{false});
    EXPECT_EQ(span.events.at(0).attributes.at(0), text("k", "v"));
    EXPECT_EQ(span.links.at(0).flags, 0x301U);
    EXPECT_EQ(span.status_message, "why");
    auto json = decode_otlp_json(otlp_request_json(from, entries));
    ASSERT_TRUE(json);
    expect_same(json->spans, decoded->spans);
    EXPECT_EQ(otlp_request_json(from, "garbage"), "");
}

TEST(ExportResponse, ComesBackInBothFormats) {
    export_response partial{7, "too late"};
    EXPECT_EQ(decode_export_response(encode_export_response(partial)).value(), partial);
    EXPECT_EQ(encode_export_response_json(partial),
              R"({"partialSuccess":{"rejectedSpans":"7","errorMessage":"too late"}})");
    EXPECT_EQ(decode_export_response_json(encode_export_response_json(partial)).value(), partial);
    EXPECT_EQ(decode_export_response_json(R"({"partialSuccess":{"rejectedSpans":7}})")->rejected_spans, 7);
}

TEST(ExportResponse, IsPlainSuccessWhenEmpty) {
    EXPECT_EQ(encode_export_response({}), "");
    EXPECT_EQ(encode_export_response_json({}), "{}");
    EXPECT_EQ(decode_export_response("").value(), export_response{});
    EXPECT_EQ(decode_export_response_json("").value(), export_response{});
    EXPECT_EQ(decode_export_response_json(R"({"partialSuccess":null})").value(), export_response{});
}

TEST(ExportResponse, IsMalformedWhenItIsSomethingElse) {
    EXPECT_FALSE(decode_export_response("<html>"));
    EXPECT_FALSE(decode_export_response_json("<html>"));
    EXPECT_FALSE(decode_export_response_json(R"({"partialSuccess":1})"));
    auto whole = encode_export_response({7, "too late"});
    for (std::size_t size = 1; size < whole.size(); ++size)
        EXPECT_FALSE(decode_export_response(whole.substr(0, size))) << size;
}

TEST(Base64, ComesBackAtEveryLength) {
    std::string bytes;
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(decode_base64(encode_base64(bytes)), bytes);
        bytes += static_cast<char>(i * 37 + 200);
    }
    EXPECT_EQ(encode_base64("foob"), "Zm9vYg==");
    EXPECT_EQ(decode_base64("Zm9vYg"), "foob");
    EXPECT_EQ(decode_base64("_-8"), decode_base64("/+8="));
    for (auto bad : {"A", "A===", "Zm9v!", "Zm9vYg=", "=", "Zm=v"}) EXPECT_FALSE(decode_base64(bad)) << bad;
}

TEST(SpanData, KnowsItsServiceAndItsSize) {
    auto span = full_span();
    EXPECT_EQ(service_of(span), "orders");
    auto before = memory_of(span);
    span.attributes.push_back(text("k", std::string(1000, 'v')));
    EXPECT_GE(memory_of(span), before + 1000);
    span.origin = nullptr;
    EXPECT_EQ(service_of(span), "unknown_service");
}

}  // namespace
}  // namespace outrider::tracing
