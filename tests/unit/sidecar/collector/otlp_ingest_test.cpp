#include "sidecar/collector/otlp_ingest.hpp"

#include <gmock/gmock.h>

#include "tests/support/gzipped.hpp"
#include "tests/unit/sidecar/collector/spans.hpp"
#include "tracing/otlp.hpp"

namespace outrider::collector {
namespace {

using net::server_request;
using net::server_response;
using outrider::test::gzipped;
using test::span;
using test::trace_number;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

constexpr std::string_view protobuf = "application/x-protobuf";
constexpr std::string_view json = "application/json";

class OtlpIngest : public testing::Test {
  protected:
    server_response post(std::string body, std::string_view type, net::header_list more = {}) {
        server_request request;
        request.method = "POST";
        request.path = "/v1/traces";
        request.headers = std::move(more);
        request.headers.emplace_back("content-type", type);
        request.body = std::move(body);
        return ingest.handle(request);
    }

    trace_store store{{1 << 20, 20'000, 1'000}};
    test::test_clock time;
    chain_pipeline pipeline{store, {}, nullptr, nullptr, time.clock()};
    otlp_ingest ingest{pipeline, 100'000, 1 << 20};
};

TEST_F(OtlpIngest, TakesProtobufAndAnswersInProtobuf) {
    const auto answer = post(tracing::encode_otlp({span(1, 1), span(1, 2)}), protobuf);
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.content_type, protobuf);
    EXPECT_EQ(tracing::decode_export_response(answer.body)->rejected_spans, 0);
    EXPECT_EQ(store.find(trace_number(1)).spans.size(), 2u);
    EXPECT_EQ(ingest.counters().accepted, 1u);
}

TEST_F(OtlpIngest, TakesJsonAndAnswersInJson) {
    const auto answer = post(tracing::encode_otlp_json({span(1, 1)}), "application/json; charset=utf-8");
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.content_type, json);
    EXPECT_EQ(tracing::decode_export_response_json(answer.body)->rejected_spans, 0);
    EXPECT_TRUE(same_span(store.find(trace_number(1)).spans.at(0), span(1, 1)));
}

TEST_F(OtlpIngest, TakesPackedBodies) {
    EXPECT_EQ(post(gzipped(tracing::encode_otlp({span(1, 1)})), protobuf, {{"content-encoding", "gzip"}}).status, 200u);
    EXPECT_EQ(post(gzipped(tracing::encode_otlp_json({span(1, 2)})), json, {{"content-encoding", "GZIP"}}).status,
              200u);
    EXPECT_EQ(post(tracing::encode_otlp({span(1, 3)}), protobuf, {{"content-encoding", "identity"}}).status, 200u);
    EXPECT_EQ(store.find(trace_number(1)).spans.size(), 3u);
}

TEST_F(OtlpIngest, TakesAnEmptyRequest) { EXPECT_EQ(post("", protobuf).status, 200u); }

TEST_F(OtlpIngest, RefusesWhatUnpacksToTooMuch) {
    const auto answer = post(gzipped(std::string(10'000'000, '\0')), protobuf, {{"content-encoding", "gzip"}});
    EXPECT_EQ(answer.status, 413u);
    EXPECT_EQ(answer.content_type, protobuf);
    EXPECT_THAT(answer.body, HasSubstr("larger than 100000 bytes"));
}

TEST_F(OtlpIngest, RefusesSpansThatTakeTooMuchMemoryOnceDecoded) {
    otlp_ingest narrow{pipeline, 100'000, 1'000};
    server_request request;
    request.method = "POST";
    request.headers = {{"content-type", std::string{protobuf}}};
    request.body = tracing::encode_otlp({span(1, 1), span(1, 2), span(1, 3), span(1, 4)});
    EXPECT_EQ(narrow.handle(request).status, 413u);
    EXPECT_EQ(store.counters().received, 0u);
}

TEST_F(OtlpIngest, RefusesAMalformedBodyWithAStatusInTheSameEncoding) {
    const auto binary = post("x", protobuf);
    EXPECT_EQ(binary.status, 400u);
    EXPECT_EQ(binary.content_type, protobuf);
    EXPECT_THAT(binary.body, testing::StartsWith("\x08\x03\x12")) << "code INVALID_ARGUMENT, then the message";
    const auto text = post("{", json);
    EXPECT_EQ(text.status, 400u);
    EXPECT_THAT(text.body, HasSubstr(R"({"code":3,"message":")"));
    EXPECT_EQ(post("not gzip", protobuf, {{"content-encoding", "gzip"}}).status, 400u);
    EXPECT_EQ(ingest.counters().malformed + ingest.counters().too_large + ingest.counters().unsupported, 3u);
}

TEST_F(OtlpIngest, RefusesEveryTruncationOrTakesItAsAShorterMessageButNeverBreaks) {
    const auto whole = tracing::encode_otlp({span(1, 1), span(2, 2)});
    for (std::size_t n = 0; n < whole.size(); ++n) {
        const auto status = post(whole.substr(0, n), protobuf).status;
        EXPECT_TRUE(status == 200u || status == 400u) << n;
    }
}

TEST_F(OtlpIngest, RefusesOtherContentTypesAndCodings) {
    for (const auto* type : {"", "text/plain", "application/grpc", "application/x-www-form-urlencoded"})
        EXPECT_EQ(post("", type).status, 415u) << type;
    const auto coded = post("x", protobuf, {{"content-encoding", "br"}});
    EXPECT_EQ(coded.status, 415u);
    EXPECT_THAT(coded.headers, Contains(Pair("Accept-Encoding", "gzip, deflate")));
}

TEST_F(OtlpIngest, AllowsPostOnly) {
    server_request request;
    for (const auto* method : {"GET", "HEAD", "PUT", "OPTIONS"}) {
        request.method = method;
        EXPECT_EQ(ingest.handle(request).status, 405u);
        EXPECT_THAT(ingest.handle(request).headers, Contains(Pair("Allow", "POST")));
    }
}

TEST_F(OtlpIngest, ReportsSpansItCouldNotKeepAsPartialSuccess) {
    auto without_id = span(1, 0);
    auto giant = span(1, 5, std::string(30'000, 'x'));
    const auto answer = post(tracing::encode_otlp_json({span(1, 1), without_id, giant}), json);
    EXPECT_EQ(answer.status, 200u);
    const auto response = *tracing::decode_export_response_json(answer.body);
    EXPECT_EQ(response.rejected_spans, 2);
    EXPECT_EQ(response.message, "1 span without valid trace and span id; 1 span of traces that are too large to keep");
    EXPECT_EQ(ingest.counters().rejected_spans, 1u);
}

}  // namespace
}  // namespace outrider::collector
