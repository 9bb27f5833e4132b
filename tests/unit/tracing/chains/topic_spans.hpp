#pragma once

#include "tests/unit/tracing/sample_spans.hpp"
#include "tracing/chains/chain.hpp"

namespace outrider::tracing {

constexpr std::uint64_t us = 1'000, epoch = 1'700'000'000'000'000 * us;
constexpr std::uint8_t ambient = 0x4b, derived = 0xd0, polled = 0x90;

inline span_data make(std::uint8_t trace, std::uint8_t id, std::uint8_t parent, std::string service, std::string name,
                      span_kind kind, std::uint64_t at_us, std::uint64_t took_us) {
    span_data span;
    span.trace = sample_trace(trace);
    span.span = sample_span_id(id);
    if (parent != 0) span.parent = sample_span_id(parent);
    span.name = std::move(name);
    span.kind = kind;
    span.start_unix_ns = epoch + at_us * us;
    span.end_unix_ns = span.start_unix_ns + took_us * us;
    span.origin = sample_origin(std::move(service));
    return span;
}

inline span_data about(span_data span, const std::string& operation, const std::string& partition, std::int64_t offset,
                       std::int64_t count = 1) {
    const auto topic = span.name.substr(span.name.find(' ') + 1);
    span.attributes = {text("messaging.operation.type", operation), text("messaging.destination.name", topic)};
    if (partition.empty()) return span;
    span.attributes.push_back(text("messaging.destination.partition.id", partition));
    span.attributes.push_back({"messaging.kafka.offset", attribute_value{offset}});
    if (count > 1) span.attributes.push_back({"messaging.batch.message_count", attribute_value{count}});
    return span;
}

inline void link(span_data& from, const span_data& to) { from.links.push_back({to.trace, to.span, {}, {}, 0, 0}); }

/// frontend -> orders, which sends to the topic `placed`.
inline std::vector<span_data> shop() {
    return {
        make(ambient, 1, 0, "frontend", "POST", span_kind::server, 0, 9'000),
        make(ambient, 2, 1, "frontend", "POST", span_kind::client, 500, 8'000),
        make(ambient, 3, 2, "orders", "POST", span_kind::server, 800, 7'400),
        about(make(ambient, 4, 3, "orders", "send placed", span_kind::producer, 2'000, 3'000), "send", "0", 40, 5),
    };
}

/// The sidecar of stock takes offset 42, which carries the context of orders' server span; stock asks shipping.
inline std::vector<span_data> shop_to_stock() {
    auto spans = shop();
    auto process = make(ambient, 5, 3, "stock", "process placed", span_kind::consumer, 17'300, 4'000);
    link(process, spans[2]);
    spans.push_back(about(process, "process", "0", 42, 2));
    spans.push_back(make(ambient, 6, 3, "stock", "POST", span_kind::client, 18'000, 2'000));
    return spans;
}

/// The same where the batch was compressed: the records' context is derived, and an anchor ties the two traces.
inline std::vector<span_data> derived_shop() {
    auto spans = shop();
    auto anchor =
        about(make(derived, 9, 0, "orders", "send placed", span_kind::producer, 2'000, 3'000), "send", "0", 40);
    anchor.attributes.push_back({"outrider.anchor", attribute_value{true}});
    auto process = make(derived, 5, 9, "stock", "process placed", span_kind::consumer, 17'300, 4'000);
    link(process, anchor);
    link(anchor, spans[3]);
    link(spans[3], anchor);
    spans.push_back(anchor);
    spans.push_back(about(process, "process", "0", 40));
    spans.push_back(make(derived, 6, 5, "stock", "POST", span_kind::client, 18'000, 2'000));
    return spans;
}

inline std::string drawn(const std::vector<span_data>& spans, chain_style style = {}) {
    return "\n" + chain_text(build_chains(spans), style);
}

/// "depth name", a queue in brackets.
inline std::vector<std::string> outline(const chain& one) {
    std::vector<std::string> lines;
    for (const auto& row : one.rows) {
        const auto what = row.span != nullptr ? row.span->name : row.topic.empty() ? "?" : "(" + row.topic + ")";
        lines.push_back(std::to_string(row.depth) + " " + what);
    }
    return lines;
}

}  // namespace outrider::tracing
