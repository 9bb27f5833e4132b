#pragma once

#include <algorithm>

#include "tracing/span_data.hpp"

namespace outrider::tracing {

inline trace_id sample_trace(std::uint8_t fill) {
    trace_id id;
    id.bytes.fill(fill);
    return id;
}

inline span_id sample_span_id(std::uint8_t last) {
    span_id id;
    id.bytes[7] = last;
    return id;
}

inline std::shared_ptr<const span_origin> sample_origin(std::string service) {
    span_origin origin;
    origin.resource.attributes.push_back({"service.name", attribute_value{std::move(service)}});
    origin.resource.attributes.push_back({"host.name", attribute_value{std::string{"h1"}}});
    origin.scope_name = "outrider";
    origin.scope_version = "1";
    return std::make_shared<const span_origin>(std::move(origin));
}

inline attribute text(std::string key, std::string value) {
    return {std::move(key), attribute_value{std::move(value)}};
}

/// A span in which every field and every kind of value is used.
inline span_data full_span() {
    span_data span;
    span.trace = sample_trace(0xab);
    span.span = sample_span_id(2);
    span.parent = sample_span_id(1);
    span.flags = 0x301;
    span.tracestate = "a=1";
    span.name = "GET /caf\xc3\xa9";
    span.kind = span_kind::server;
    span.start_unix_ns = 1'700'000'000'000'000'001;
    span.end_unix_ns = 1'700'000'000'012'345'678;
    span.attributes.push_back(text("text", "v\"\n"));
    span.attributes.push_back({"yes", attribute_value{true}});
    span.attributes.push_back({"int", attribute_value{std::int64_t{-9'007'199'254'740'993}}});
    span.attributes.push_back({"double", attribute_value{0.1}});
    span.attributes.push_back({"bytes", attribute_value{byte_string{std::string{"\x00\xff", 2}}}});
    attribute_value::array list;
    list.emplace_back(std::int64_t{1});
    list.emplace_back(std::string{"two"});
    span.attributes.push_back({"array", attribute_value{std::move(list)}});
    attribute_value::key_values map;
    map.push_back(text("k", "v"));
    span.attributes.push_back({"map", attribute_value{std::move(map)}});
    span.attributes.push_back({"none", attribute_value{}});
    span.dropped_attributes = 3;
    span.events.push_back({1'700'000'000'000'000'500, "retry", {text("why", "503")}, 1});
    span.dropped_events = 4;
    span.links.push_back({sample_trace(0xcd), sample_span_id(9), "b=2", {text("kind", "cause")}, 2, 0x300});
    span.dropped_links = 5;
    span.status = status_code::error;
    span.status_message = "refused";
    span.origin = sample_origin("orders");
    return span;
}

}  // namespace outrider::tracing
