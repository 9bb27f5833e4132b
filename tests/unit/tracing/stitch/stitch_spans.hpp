#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/tracing/sample_spans.hpp"
#include "tracing/hex.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/stitch/stitcher.hpp"

namespace outrider::tracing {

constexpr std::int64_t ms = 1'000'000;
constexpr std::uint64_t day = 1'700'000'000'000 * ms;

inline trace_id trace_of(std::uint64_t number) {
    trace_id id;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[15 - i] = static_cast<std::uint8_t>(number >> 8 * i);
    id.bytes[0] = 1;
    return id;
}

inline span_id id_of(std::uint64_t number) {
    span_id id;
    for (std::size_t i = 0; i < 8; ++i) id.bytes[7 - i] = static_cast<std::uint8_t>(number >> 8 * i);
    return id;
}

/// The instance of a service, as its sidecar names it.
inline std::shared_ptr<const span_origin> instance_of(const std::string& service, const std::string& instance = "1") {
    static std::map<std::pair<std::string, std::string>, std::shared_ptr<const span_origin>> known;
    auto& origin = known[{service, instance}];
    if (!origin) {
        span_origin made;
        made.resource.attributes = {text("service.name", service),
                                    text("service.instance.id", service + "-" + instance)};
        origin = std::make_shared<const span_origin>(std::move(made));
    }
    return origin;
}

/// A span of `took` from `at` on, in milliseconds; id and trace are numbers, 0 is no parent.
inline span_data span_of(const std::string& service, span_kind kind, std::uint64_t trace, std::uint64_t id,
                         std::uint64_t parent, double at, double took) {
    span_data span;
    span.trace = trace_of(trace);
    span.span = id_of(id);
    if (parent != 0) span.parent = id_of(parent);
    span.kind = kind;
    span.name = "POST";
    span.start_unix_ns = day + static_cast<std::uint64_t>(at * ms);
    span.end_unix_ns = span.start_unix_ns + static_cast<std::uint64_t>(took * ms);
    span.origin = instance_of(service);
    return span;
}

template <class T>
span_data with(span_data span, std::string_view key, T value) {
    span.attributes.push_back({std::string{key}, attribute_value{std::move(value)}});
    return span;
}

inline span_data with(span_data span, std::string_view key, const char* value) {
    return with(std::move(span), key, std::string{value});
}

inline span_data echoing(span_data span, const std::vector<std::uint64_t>& values) {
    std::string raw;
    for (auto each : values) {
        for (std::size_t i = 0; i < 8; ++i) raw += static_cast<char>(each >> 8 * i & 0xff);
    }
    return with(std::move(span), chain_attributes::echo, byte_string{raw});
}

/// About records of partition 0.
inline span_data about(span_data span, const std::string& operation, const std::string& topic, std::int64_t offset,
                       std::int64_t count = 1, const char* cluster = nullptr) {
    span.name = operation + " " + topic;
    span = with(std::move(span), "messaging.operation.type", operation);
    span = with(std::move(span), "messaging.destination.name", topic);
    span = with(std::move(span), "messaging.destination.partition.id", "0");
    span = with(std::move(span), "messaging.kafka.offset", offset);
    if (count > 1) span = with(std::move(span), "messaging.batch.message_count", count);
    return cluster == nullptr ? span : with(std::move(span), chain_attributes::kafka_cluster, cluster);
}

/// A record as a sidecar tells of it: what comes of it comes after the span has ended.
inline span_data handed_over(const std::string& topic, std::uint64_t number, std::int64_t offset, double at) {
    auto span = about(span_of("b", span_kind::consumer, number, number, 0, at, 1), "process", topic, offset);
    span_origin made = *instance_of("b");
    made.scope_name = "outrider";
    static const auto origin = std::make_shared<const span_origin>(std::move(made));
    span.origin = origin;
    return span;
}

/// The same spans in an order that a seed chooses.
template <class T>
std::vector<T> shuffled(std::vector<T> all, std::uint64_t seed) {
    id_generator random{seed};
    for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.next() % i]);
    return all;
}

/// The last decision on each root.
inline std::map<span_key, decision> last_of(const std::vector<decision>& all) {
    std::map<span_key, decision> last;
    for (const auto& each : all) last[each.root] = each;
    return last;
}

inline std::map<span_key, decision> decided(const std::vector<span_data>& spans, stitch_options options = {}) {
    stitcher stitching{options};
    for (const auto& each : spans) stitching.add(each, 0);
    return last_of(stitching.finish());
}

inline span_key key_of(const span_data& span) { return {span.trace, span.span}; }

/// What was decided on one span, whose cause must be held.
inline decision decision_on(const span_data& root, const std::vector<span_data>& spans) {
    auto all = decided(spans);
    return all.contains(key_of(root)) ? all[key_of(root)] : decision{};
}

}  // namespace outrider::tracing
