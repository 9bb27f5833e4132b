#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <protozero/pbf_reader.hpp>

#include "sidecar/export/span_exporter.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/http_receiver.hpp"
#include "tracing/span_encoder.hpp"

namespace outrider::exporting {

using namespace std::chrono_literals;

/// What a request carried: the names of its spans, and its service.instance.id.
struct received_spans {
    std::vector<std::string> names;
    std::string instance;
};

/// Reads an ExportTraceServiceRequest the way any receiver would.
inline received_spans read_request(const std::string& body) {
    received_spans out;
    protozero::pbf_reader request(body);
    while (request.next(1)) {
        auto resource_spans = request.get_message();
        while (resource_spans.next()) {
            auto part = resource_spans.tag() == 1 || resource_spans.tag() == 2 ? resource_spans.tag() : 0;
            if (part == 0) {
                resource_spans.skip();
                continue;
            }
            auto message = resource_spans.get_message();
            while (message.next()) {
                if (part == 1 && message.tag() == 1) {
                    auto pair = message.get_message();
                    std::string key, value;
                    while (pair.next()) {
                        if (pair.tag() == 1)
                            key = pair.get_string();
                        else if (auto any = pair.get_message(); any.next(1))
                            value = any.get_string();
                    }
                    if (key == "service.instance.id") out.instance = value;
                } else if (part == 2 && message.tag() == 2) {
                    auto span = message.get_message();
                    while (span.next(5)) out.names.push_back(span.get_string());
                } else {
                    message.skip();
                }
            }
        }
    }
    return out;
}

/// Encodes one span whose name tells it apart.
inline void put_span(tracing::span_buffer& buffer, const std::string& name) {
    auto* out = buffer.open();
    if (!out) return;
    tracing::span_context own;
    own.trace.bytes.fill(1);
    own.span.bytes.fill(2);
    tracing::span_encoder encoder(*out);
    encoder.begin(own, {}, false, {}, name, tracing::span_kind::server, 1'000'000, 2'000'000);
    encoder.attribute("http.request.method", "GET");
    encoder.end();
    buffer.close();
}

/// Waits for something that other threads bring about. @return whether it came in time
inline bool eventually(const std::function<bool()>& condition, std::chrono::milliseconds patience = 10s) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

/// Both equations of export_stats.
inline void expect_adds_up(const export_stats& s) {
    EXPECT_EQ(s.finished, s.delivered + s.queued + s.spooled + s.dropped_total());
    EXPECT_EQ(s.adopted.found, s.adopted.delivered + s.adopted.spooled + s.adopted.dropped);
}

/// A worker's buffer, a state folder, settings with short times.
class SpanExporter : public testing::Test {
  protected:
    SpanExporter() {
        settings.service = "orders";
        settings.instance = "instance-1";
        settings.state = folder.path();
        settings.tracing.batch_delay = 10ms;
        tuning.busy_poll = 2ms;
        tuning.idle_poll = 5ms;
        tuning.first_backoff = 5ms;
        tuning.longest_backoff = 50ms;
        tuning.spool_retry = 20ms;
    }

    void put(int count, const std::string& prefix = "span") {
        for (int i = 0; i < count; ++i) put_span(buffer, prefix + std::to_string(i));
        buffer.flush();
    }

    /// The names of all spans that the receiver answered with 200, in order.
    std::vector<std::string> accepted() const {
        const std::lock_guard lock(mutex);
        return accepted_;
    }
    std::size_t distinct_accepted() const {
        const auto names = accepted();
        return std::set<std::string>(names.begin(), names.end()).size();
    }

    /// Keeps the spans of a request and says yes.
    test::reply accept(const test::received_request& request) {
        const auto spans = read_request(request.body);
        const std::lock_guard lock(mutex);
        accepted_.insert(accepted_.end(), spans.names.begin(), spans.names.end());
        instances.insert(spans.instance);
        return {};
    }
    test::http_receiver::handler accepting() {
        return [this](const test::received_request& r) { return accept(r); };
    }

    test::temporary_folder folder;
    config::settings settings;
    export_tuning tuning;
    tracing::span_buffer buffer;
    mutable std::mutex mutex;
    std::vector<std::string> accepted_;
    std::set<std::string> instances;
};

}  // namespace outrider::exporting
