#include "sidecar/export/span_exporter.hpp"

#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>
#include <zlib.h>

#include "tests/unit/sidecar/export/exporter_fixture.hpp"

namespace outrider::exporting {
namespace {

using test::http_receiver;
using test::received_request;
using test::reply;

std::string gunzip(const std::string& compressed) {
    z_stream stream{};
    inflateInit2(&stream, 15 + 16);
    std::string out(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
    stream.avail_in = static_cast<uInt>(compressed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

TEST_F(SpanExporter, DeliversProtobufWithOurResource) {
    http_receiver receiver(accepting());
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.headers = {{"X-Tenant", "gold"}};
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(3);
    ASSERT_TRUE(eventually([&] { return exporter.stats().delivered == 3; }));
    EXPECT_EQ(accepted(), (std::vector<std::string>{"span0", "span1", "span2"}));
    const auto request = receiver.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.target, "/v1/traces");
    EXPECT_EQ(request.header("content-type"), "application/x-protobuf");
    EXPECT_EQ(request.header("user-agent"), "outrider/" OUTRIDER_VERSION);
    EXPECT_EQ(request.header("x-tenant"), "gold");
    EXPECT_EQ(read_request(request.body).instance, "instance-1");
    expect_adds_up(exporter.stats());
}

TEST_F(SpanExporter, SendsNothingWhenThereIsNothing) {
    http_receiver receiver(accepting());
    settings.tracing.otlp_url = receiver.url();
    {
        span_exporter exporter(settings, {&buffer}, tuning);
        exporter.start();
        exporter.stop(1s);
    }
    EXPECT_EQ(receiver.request_count(), 0u);
}

TEST_F(SpanExporter, KeepsTheConnection) {
    http_receiver receiver(accepting());
    settings.tracing.otlp_url = receiver.url();
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    for (int i = 1; i <= 3; ++i) {
        put(1);
        ASSERT_TRUE(eventually([&] { return exporter.stats().delivered == static_cast<std::uint64_t>(i); }));
    }
    EXPECT_EQ(receiver.requests().back().connection, 1u);
}

TEST_F(SpanExporter, Compresses) {
    http_receiver receiver([&](const received_request& r) {
        auto plain = r;
        plain.body = gunzip(r.body);
        return accept(plain);
    });
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.gzip = true;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(100);
    ASSERT_TRUE(eventually([&] { return exporter.stats().delivered == 100; }));
    EXPECT_EQ(receiver.requests().at(0).header("content-encoding"), "gzip");
    EXPECT_EQ(accepted().size(), 100u);
}

TEST_F(SpanExporter, SpeaksJson) {
    http_receiver receiver([&](const received_request&) { return reply{}; });
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.protocol = config::otlp_protocol::http_json;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(1);
    ASSERT_TRUE(eventually([&] { return exporter.stats().delivered == 1; }));
    EXPECT_EQ(receiver.requests().at(0).header("content-type"), "application/json");
    const auto body = nlohmann::json::parse(receiver.requests().at(0).body);
    const auto span = body.at("resourceSpans").at(0).at("scopeSpans").at(0).at("spans").at(0);
    EXPECT_EQ(span.at("traceId"), "01010101010101010101010101010101");
    EXPECT_EQ(span.at("spanId"), "0202020202020202");
    EXPECT_EQ(span.at("kind"), 2);
    EXPECT_EQ(span.at("startTimeUnixNano"), "1000000");
    EXPECT_EQ(span.at("name"), "span0");
}

TEST_F(SpanExporter, WritesJsonLinesToAFile) {
    settings.tracing.exporter = config::exporter::file;
    settings.tracing.file = folder / "spans.jsonl";
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    for (int i = 1; i <= 2; ++i) {
        put(1);
        ASSERT_TRUE(eventually([&] { return exporter.stats().delivered == static_cast<std::uint64_t>(i); }));
    }
    std::ifstream in(settings.tracing.file);
    int lines = 0;
    for (std::string line; std::getline(in, line); ++lines)
        EXPECT_TRUE(nlohmann::json::parse(line).contains("resourceSpans"));
    EXPECT_EQ(lines, 2);
}

TEST_F(SpanExporter, AFileThatCannotBeWrittenLosesNothing) {
    settings.tracing.exporter = config::exporter::file;
    settings.tracing.file = folder / "later/spans.jsonl";
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(5);
    ASSERT_TRUE(eventually([&] { return exporter.stats().failed_exports >= 2; }));
    expect_adds_up(exporter.stats());
    std::filesystem::create_directory(folder / "later");
    EXPECT_TRUE(eventually([&] { return exporter.stats().delivered == 5; }));
}

TEST_F(SpanExporter, WaitsForAFullBatchOrTheDelay) {
    http_receiver receiver(accepting());
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.batch_delay = 1h;
    settings.tracing.batch_size = 10;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(9);
    ASSERT_TRUE(eventually([&] { return exporter.stats().spooled == 9; }))
        << "on disk within a second, whatever the delay";
    EXPECT_EQ(receiver.request_count(), 0u);
    put(1, "last");
    ASSERT_TRUE(eventually([&] { return exporter.stats().spooled + exporter.stats().queued <= 1; }));
    EXPECT_TRUE(eventually([&] { return accepted().size() >= 9; }));
    expect_adds_up(exporter.stats());
}

class Retried : public SpanExporter, public testing::WithParamInterface<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Status, Retried, testing::Values(429, 502, 503, 504));

TEST_P(Retried, StatusIsTriedAgain) {
    std::atomic<int> count = 0;
    http_receiver receiver(
        [&](const received_request& r) { return ++count <= 2 ? reply{.status = GetParam()} : accept(r); });
    settings.tracing.otlp_url = receiver.url();
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(4);
    ASSERT_TRUE(eventually([&] { return exporter.stats().delivered == 4; }));
    EXPECT_EQ(exporter.stats().failed_exports, 2u);
    EXPECT_EQ(accepted().size(), 4u);
}

class Refused : public SpanExporter, public testing::WithParamInterface<unsigned> {};
INSTANTIATE_TEST_SUITE_P(Status, Refused, testing::Values(301, 400, 401, 404, 413, 500, 501));

TEST_P(Refused, StatusDropsAndCounts) {
    http_receiver receiver([&](const received_request&) { return reply{.status = GetParam()}; });
    settings.tracing.otlp_url = receiver.url();
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(4);
    ASSERT_TRUE(eventually([&] { return exporter.stats().dropped_for(drop_reason::rejected) == 4; }));
    EXPECT_EQ(receiver.request_count(), 1u);
    expect_adds_up(exporter.stats());
}

TEST_F(SpanExporter, HonoursRetryAfterInSeconds) {
    std::atomic<int> count = 0;
    http_receiver receiver([&](const received_request& r) {
        return ++count == 1 ? reply{.status = 503, .headers = {{"Retry-After", "1"}}} : accept(r);
    });
    settings.tracing.otlp_url = receiver.url();
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(1);
    ASSERT_TRUE(eventually([&] { return count == 1; }));
    const auto asked = std::chrono::steady_clock::now();
    ASSERT_TRUE(eventually([&] { return exporter.stats().delivered == 1; }));
    EXPECT_GE(std::chrono::steady_clock::now() - asked, 900ms) << "the backoff alone is 50 ms";
}

TEST_F(SpanExporter, PartialSuccessIsCountedAndNotRepeated) {
    // ExportTraceServiceResponse {partial_success {rejected_spans: 3, error_message: "no"}}
    const std::string body("\x0a\x06\x08\x03\x12\x02no", 8);
    http_receiver receiver([&](const received_request&) {
        return reply{.headers = {{"Content-Type", "application/x-protobuf"}}, .body = body};
    });
    settings.tracing.otlp_url = receiver.url();
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(10);
    ASSERT_TRUE(eventually([&] { return exporter.stats().delivered == 7; }));
    EXPECT_EQ(exporter.stats().dropped_for(drop_reason::rejected), 3u);
    EXPECT_EQ(receiver.request_count(), 1u);
    expect_adds_up(exporter.stats());
}

TEST_F(SpanExporter, AReceiverThatComesLateGetsEverything) {
    std::uint16_t port = 0;
    {
        http_receiver reserved(accepting());
        port = reserved.port();
    }
    settings.tracing.otlp_url = "http://127.0.0.1:" + std::to_string(port) + "/v1/traces";
    tuning.journal_age = 30ms;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(100, "a");
    ASSERT_TRUE(eventually([&] { return exporter.stats().spooled == 100; }));
    put(100, "b");
    expect_adds_up(exporter.stats());
    http_receiver receiver({.port = port}, accepting());
    EXPECT_TRUE(eventually([&] { return exporter.stats().delivered == 200; }));
    EXPECT_EQ(distinct_accepted(), 200u);
    EXPECT_EQ(accepted().size(), 200u) << "a refused connection duplicates nothing";
    expect_adds_up(exporter.stats());
}

TEST_F(SpanExporter, WhileAReceiverHangsSpansGoToDisk) {
    std::atomic<bool> hang = true;
    http_receiver receiver([&](const received_request& r) { return hang ? reply{.hang = true} : accept(r); });
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.request_timeout = 300ms;
    tuning.journal_age = 30ms;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(10, "a");
    ASSERT_TRUE(eventually([&] { return receiver.request_count() == 1; }));
    ASSERT_TRUE(eventually([&] { return exporter.stats().spooled == 10; })) << "in flight, and on disk";
    put(10, "b");
    ASSERT_TRUE(eventually([&] { return exporter.stats().spooled == 20; }));
    expect_adds_up(exporter.stats());
    hang = false;
    EXPECT_TRUE(eventually([&] { return exporter.stats().delivered == 20; }));
    EXPECT_EQ(distinct_accepted(), 20u);
}

TEST_F(SpanExporter, WhatOverflowsTheQueueGoesToDisk) {
    std::atomic<bool> hang = true;
    http_receiver receiver([&](const received_request& r) { return hang ? reply{.hang = true} : accept(r); });
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.request_timeout = 500ms;
    settings.tracing.batch_size = 10;
    settings.tracing.queue_size = 20;
    tuning.journal_age = 1h;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(10);
    ASSERT_TRUE(eventually([&] { return receiver.request_count() == 1; }));
    put(100);
    ASSERT_TRUE(eventually([&] { return exporter.stats().spooled >= 80; }));
    EXPECT_GE(exporter.stats().queued, 10u);
    hang = false;
    EXPECT_TRUE(eventually([&] { return exporter.stats().delivered == 110; }));
}

TEST_F(SpanExporter, AGrpcPortLosesNothing) {
    const std::string settings_frame("\0\0\x06\x04\0\0\0\0\0\0\x05\0\0\x40\0", 15);
    http_receiver receiver({.greeting = settings_frame}, [](const received_request&) { return reply{.close = true}; });
    settings.tracing.otlp_url = receiver.url();
    tuning.journal_age = 30ms;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(3);
    ASSERT_TRUE(eventually([&] { return exporter.stats().failed_exports >= 2; }));
    EXPECT_TRUE(eventually([&] { return exporter.stats().spooled == 3; }));
}

TEST_F(SpanExporter, StopDeliversWhatWaits) {
    http_receiver receiver(accepting());
    settings.tracing.otlp_url = receiver.url();
    settings.tracing.batch_delay = 1h;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(20);
    exporter.stop(5s);
    EXPECT_EQ(exporter.stats().delivered, 20u);
    EXPECT_EQ(distinct_accepted(), 20u);
    EXPECT_TRUE(std::filesystem::is_empty(folder / "spool")) << "nothing to leave behind";
}

TEST_F(SpanExporter, StopSpoolsWhatCannotBeDelivered) {
    settings.tracing.otlp_url = "http://127.0.0.1:1/v1/traces";
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(20);
    exporter.stop(5s);
    EXPECT_EQ(exporter.stats().spooled, 20u);
    expect_adds_up(exporter.stats());
}

TEST_F(SpanExporter, StopWithAHangingReceiverKeepsToItsDeadline) {
    http_receiver receiver([](const received_request&) { return reply{.hang = true}; });
    settings.tracing.otlp_url = receiver.url();
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(20);
    ASSERT_TRUE(eventually([&] { return receiver.request_count() == 1; }));
    const auto begin = std::chrono::steady_clock::now();
    exporter.stop(200ms);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
    EXPECT_EQ(exporter.stats().spooled, 20u);
}

TEST_F(SpanExporter, ANewProcessDeliversWhatAFormerOneLeft) {
    settings.tracing.otlp_url = "http://127.0.0.1:1/v1/traces";
    {
        span_exporter former(settings, {&buffer}, tuning);
        former.start();
        put(20);
        former.stop(1s);
    }
    http_receiver receiver(accepting());
    settings.tracing.otlp_url = receiver.url();
    settings.instance = "instance-2";
    tracing::span_buffer fresh;
    span_exporter exporter(settings, {&fresh}, tuning);
    exporter.start();
    ASSERT_TRUE(eventually([&] { return exporter.stats().adopted.delivered == 20; }));
    EXPECT_EQ(instances, std::set<std::string>{"instance-1"}) << "with the resource of the process that saw them";
    EXPECT_EQ(exporter.stats().finished, 0u);
    expect_adds_up(exporter.stats());
}

TEST_F(SpanExporter, WithoutAUsableFolderMemoryHasToDo) {
    std::ofstream(folder / "file") << "no folder";
    settings.state = folder / "file";
    std::atomic<bool> down = true;
    http_receiver receiver([&](const received_request& r) { return down ? reply{.status = 503} : accept(r); });
    settings.tracing.otlp_url = receiver.url();
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(50);
    ASSERT_TRUE(eventually([&] { return exporter.stats().spool_errors >= 2 && exporter.stats().failed_exports >= 2; }));
    EXPECT_FALSE(exporter.stats().spool_usable);
    EXPECT_EQ(exporter.stats().queued, 50u);
    expect_adds_up(exporter.stats());
    down = false;
    EXPECT_TRUE(eventually([&] { return exporter.stats().delivered == 50; }));
}

TEST_F(SpanExporter, AFullMemoryDropsTheOldestAndCounts) {
    settings.state = "";
    settings.tracing.otlp_url = "http://127.0.0.1:1/v1/traces";
    tuning.memory_bytes = 5000;
    settings.tracing.batch_size = 10;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(1000);
    ASSERT_TRUE(eventually([&] { return exporter.stats().dropped_for(drop_reason::memory_full) > 900; }));
    expect_adds_up(exporter.stats());
    exporter.stop(0ms);
    EXPECT_EQ(exporter.stats().queued, 0u);
    EXPECT_GT(exporter.stats().dropped_for(drop_reason::shutdown), 0u);
    expect_adds_up(exporter.stats());
}

TEST_F(SpanExporter, WithoutAnExporterSpansAreDroppedAsSuch) {
    settings.tracing.exporter = config::exporter::none;
    span_exporter exporter(settings, {&buffer}, tuning);
    exporter.start();
    put(7);
    EXPECT_TRUE(eventually([&] { return exporter.stats().dropped_for(drop_reason::disabled) == 7; }));
    expect_adds_up(exporter.stats());
}

TEST_F(SpanExporter, ABadUrlIsAStartUpError) {
    settings.tracing.otlp_url = "jaeger:4318";
    EXPECT_THROW(span_exporter(settings, {&buffer}, tuning), std::runtime_error);
}

}  // namespace
}  // namespace outrider::exporting
