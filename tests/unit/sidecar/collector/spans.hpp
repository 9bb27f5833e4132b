#pragma once

#include <memory>
#include <string>

#include "sidecar/collector/chain_pipeline.hpp"
#include "tracing/span_data.hpp"

namespace outrider::collector::test {

inline tracing::trace_id trace_number(std::uint32_t n) {
    tracing::trace_id id;
    for (int i = 0; i < 4; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(n >> (8 * i));
    return id;
}

inline tracing::span_id span_number(std::uint32_t n) {
    tracing::span_id id;
    for (int i = 0; i < 4; ++i) id.bytes[7 - i] = static_cast<std::uint8_t>(n >> (8 * i));
    return id;
}

inline std::shared_ptr<const tracing::span_origin> from_service(const std::string& name) {
    tracing::span_origin origin;
    origin.resource.attributes.push_back({"service.name", tracing::attribute_value{name}});
    return std::make_shared<const tracing::span_origin>(std::move(origin));
}

/// A SERVER span of the service "orders": starts at n microseconds, takes one millisecond.
inline tracing::span_data span(std::uint32_t trace, std::uint32_t n, std::string name = "GET /orders") {
    tracing::span_data one;
    one.trace = trace_number(trace);
    one.span = span_number(n);
    one.name = std::move(name);
    one.kind = tracing::span_kind::server;
    one.start_unix_ns = n * 1'000ULL;
    one.end_unix_ns = one.start_unix_ns + 1'000'000;
    one.origin = from_service("orders");
    return one;
}

/// Both clocks of a pipeline, which stand still until they are told.
struct test_clock {
    std::int64_t steady_ns = 1'000'000'000'000, unix_ns = 2'000'000'000;
    pipeline_clock clock() {
        return {[this] { return steady_ns; }, [this] { return unix_ns; }};
    }
    void pass(std::chrono::nanoseconds time) {
        steady_ns += time.count();
        unix_ns += time.count();
    }
};

}  // namespace outrider::collector::test
