// A file of flows, and an expression. Whatever comes in ends in errors with a text and a place, or in flows; these are
// checked against spans made of the same bytes, which end in JSON and metrics, in whatever order they come.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "sidecar/config/flows.hpp"
#include "tracing/flows/expression.hpp"
#include "tracing/flows/flow_json.hpp"
#include "tracing/flows/flow_metrics.hpp"

namespace {

using namespace outrider;

constexpr std::int64_t second = 1'000'000'000, zero = 1'700'000'000 * second;

void require(bool holds) {
    if (!holds) std::abort();
}

void check_expression(std::string_view text) {
    const auto parsed = flows::parse_expression(text);
    if (const auto* error = std::get_if<flows::expression_error>(&parsed)) {
        require(!error->text.empty() && error->column >= 1 && error->column <= text.size() + 1);
        return;
    }
    const auto& read = std::get<flows::parsed_expression>(parsed);
    require(!read.steps.empty() && !read.names.empty());
    for (const auto& step : read.steps) {
        require(!step.alternatives.empty() && !step.text.empty());
        for (const auto& way : step.alternatives)
            for (const auto& member : way.members)
                require(member.event < read.names.size() && member.most >= std::max(1U, member.least));
    }
}

/// A span that means that event, as far as one can be made.
tracing::span_data span_of(const flows::named_event& event, const std::string& by, std::uint8_t how) {
    tracing::span_data out;
    const auto& match = event.match;
    const auto text = [&](const char* key, std::string value) {
        out.attributes.push_back({key, tracing::attribute_value{std::move(value)}});
    };
    switch (*match.kind) {
        case flows::event_kind::inbound:
            out.kind = tracing::span_kind::server;
            break;
        case flows::event_kind::outbound:
            out.kind = tracing::span_kind::client;
            break;
        case flows::event_kind::produce:
            out.kind = tracing::span_kind::producer;
            break;
        case flows::event_kind::consume:
            out.kind = tracing::span_kind::consumer;
            break;
    }
    text("messaging.destination.name", match.topic);
    text("http.request.method", match.method.empty() ? "GET" : match.method);
    text("url.path", match.path);
    text("peer.service", match.upstream);
    text(("chain.key." + by).c_str(), std::to_string(how % 3));
    if (how % 7 == 0) out.status = tracing::status_code::error;
    return out;
}

void check_flows(std::vector<flows::flow> all, const std::uint8_t* data, std::size_t size) {
    std::vector<flows::named_event> events;
    std::vector<std::string> keys;
    for (const auto& one : all)
        for (const auto& event : one.events) {
            events.push_back(event);
            keys.push_back(one.text.by);
        }
    flows::flow_set_options options;
    options.most_runs = 20;
    flows::flow_set set{options};
    set.load(std::move(all), zero - 3'600 * second);
    auto now = zero;
    for (std::size_t i = 0; i + 2 < size && i < 300; i += 3) {
        const auto which = data[i] % events.size();
        auto span = span_of(events[which], keys[which], data[i + 1]);
        now += data[i + 2] * second / 64;
        span.start_unix_ns = static_cast<std::uint64_t>(now - data[i + 1] * second / 32);
        span.end_unix_ns = span.start_unix_ns + data[i];
        std::memcpy(span.span.bytes.data(), &i, sizeof i);
        std::memcpy(span.trace.bytes.data(), &i, 1 + i % 2);
        set.observe(span, now);
        set.advance(now);
    }
    set.advance(now + 3'600 * second);
    set.advance(now + 7'200 * second);
    const auto page = nlohmann::json::parse(flows::flows_json(set), nullptr, false);
    require(!page.is_discarded());
    std::string metrics;
    flows::append_flow_metrics(metrics, set);
    require(metrics.ends_with('\n'));
    for (const auto* one : set.checkers()) {
        require(one->running() <= one->runs() && one->faulty_now() <= one->runs());
        for (const auto& step : one->steps()) {
            require(step.waiting <= one->runs());
            for (std::size_t kind = 0; kind < flows::fault_kinds; ++kind)
                require(step.retracted[kind] <= step.told[kind]);
        }
    }
}

}  // namespace

/// libfyaml 0.7.12 keeps 4 KiB when a comma is missing behind a quoted scalar of many pieces: once per such document.
extern "C" const char* __lsan_default_suppressions() { return "leak:libfyaml"; }  // NOLINT: the sanitizer's name

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size > 4'096) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check_expression(text);
    auto result = config::load_flow_text(text, "flows.yaml");
    if (const auto* errors = std::get_if<config::diagnostics>(&result)) {
        require(!errors->empty());
        for (const auto& each : *errors) require(!each.text.empty());
        return 0;
    }
    auto& loaded = std::get<config::loaded_flows>(result).value;
    if (!loaded.empty()) check_flows(std::move(loaded), data, size);
    return 0;
}
