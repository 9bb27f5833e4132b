#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tracing/flows/compile.hpp"
#include "tracing/flows/flow_set.hpp"

namespace outrider::flows::test {

inline constexpr std::int64_t ms = 1'000'000;
inline constexpr std::int64_t second = 1'000 * ms;
/// When tests begin: late enough that what came before has a time too.
inline constexpr unix_ns zero = 1'700'000'000 * second;

/// The flow, or a test failure.
inline flow must_compile(const flow_text& text) {
    auto compiled = compile(text);
    if (auto* errors = std::get_if<std::vector<flow_error>>(&compiled)) {
        for (const auto& each : *errors) ADD_FAILURE() << each.key << ":" << each.column << ": " << each.text;
        return {text, {{"a", {}}}, {step{{alternative{{step_member{}}}}, {}, "a"}}, {}};
    }
    return std::get<flow>(std::move(compiled));
}

inline event_match produced(std::string topic, std::string service = {}) {
    event_match out;
    out.kind = event_kind::produce;
    out.topic = std::move(topic);
    out.service = std::move(service);
    return out;
}

/// Events a, b, ... that are seen as records put into topics of their names.
inline flow_text lettered(std::string expect, std::map<std::string, std::string> compensate = {}) {
    flow_text out;
    out.name = "letters";
    out.by = "order";
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) out.events[name] = produced(name);
    out.expect = std::move(expect);
    out.compensate = std::move(compensate);
    return out;
}

inline tracing::attribute text_of(std::string key, std::string value) {
    return {std::move(key), tracing::attribute_value{std::move(value)}};
}

template <class Id>
Id id_of(std::uint64_t number) {
    Id out;
    std::memcpy(out.bytes.data(), &number, sizeof number);
    return out;
}

/// Where a span of that service comes from.
inline std::shared_ptr<const tracing::span_origin> origin_of(const std::string& service,
                                                             std::string scope = "outrider") {
    auto origin = std::make_shared<tracing::span_origin>();
    origin->resource.attributes.push_back(text_of("service.name", service));
    origin->scope_name = std::move(scope);
    return origin;
}

inline tracing::span_data span_of(const std::string& service, unix_ns start, unix_ns end) {
    static std::uint64_t last = 0;
    tracing::span_data out;
    out.trace = id_of<tracing::trace_id>(++last);
    out.span = id_of<tracing::span_id>(last);
    out.start_unix_ns = static_cast<std::uint64_t>(start);
    out.end_unix_ns = static_cast<std::uint64_t>(end);
    out.origin = origin_of(service);
    return out;
}

/// A record of that order was put into the topic.
inline tracing::span_data sent(const std::string& topic, const std::string& order, unix_ns at,
                               const std::string& service = "orders") {
    auto out = span_of(service, at - 5 * ms, at);
    out.kind = tracing::span_kind::client;
    out.name = "send " + topic;
    out.attributes = {text_of("messaging.system", "kafka"), text_of("messaging.operation.type", "send"),
                      text_of("messaging.destination.name", topic), text_of("chain.key.order", order)};
    return out;
}

inline tracing::span_data asked(tracing::span_kind kind, const std::string& method, const std::string& path,
                                std::int64_t status, unix_ns start, unix_ns end) {
    auto out = span_of("orders", start, end);
    out.kind = kind;
    out.attributes = {text_of("http.request.method", method),
                      {"http.response.status_code", tracing::attribute_value{status}}};
    out.attributes.push_back(kind == tracing::span_kind::server
                                 ? text_of("url.path", path)
                                 : text_of("url.full", "http://stock:80" + path + "?a=b"));
    return out;
}

/// What a set has told so far: "stuck b of 4711", those that were retracted with a "(" before.
inline std::vector<std::string> told(const flow_set& of) {
    std::vector<std::string> out;
    for (const auto* checker : of.checkers())
        for (const auto& one : checker->recent()) {
            auto text = std::string{name_of(one.what.kind)} + " " + checker->what().step_at(one.what.step).text +
                        " of " + one.run;
            out.push_back(one.retracted ? "(" + text + ")" : text);
        }
    return out;
}

/// Lets time pass in steps of a tenth of a second, as the collector does.
inline void pass(flow_set& of, unix_ns from, unix_ns to) {
    for (auto now = from; now <= to; now += 100 * ms) of.advance(now);
}

}  // namespace outrider::flows::test
