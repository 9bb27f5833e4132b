#include <algorithm>
#include <set>

#include "sidecar/config/hidden_parameters.hpp"
#include "sidecar/config/rules.hpp"

namespace outrider::config {
namespace {

constexpr std::size_t most_keys = 16, most_sources = 16;
/// Of JSON, together: tracing::json_pointers::most.
constexpr std::size_t most_pointers = 64;

}  // namespace

void capture_rules::run() {
    check_collector();
    check_sources("tracing.correlation", value_.tracing.correlation);
    if (value_.keys.size() > most_keys)
        fail("keys",
             "'keys' has " + std::to_string(value_.keys.size()) + " names; there may be " + std::to_string(most_keys));
    for (const auto& [name, key] : value_.keys) check_sources("keys." + name + ".sources", key.sources);
    check_pointers();
}

void capture_rules::check_pointers() {
    std::set<std::string> different;
    const auto note = [&](const std::vector<value_source>& sources) {
        for (const auto& each : sources)
            if (each.where == value_source::place::json) different.insert(each.name);
    };
    note(value_.tracing.correlation);
    for (const auto& [name, key] : value_.keys) note(key.sources);
    if (different.size() > most_pointers)
        fail("keys", "'keys' and 'tracing.correlation' name " + std::to_string(different.size()) +
                         " places in JSON; there may be " + std::to_string(most_pointers));
}

void capture_rules::check_collector() {
    const auto& tracing = value_.tracing;
    if (tracing.collector.empty()) {
        for (const auto* path : {"tracing.echo.values", "tracing.echo_key"})
            if (given(path) && !(tracing.echo.values == 0 && tracing.echo_key.empty()))
                warn(path, "'" + std::string{path} + "' has no effect without 'tracing.collector'");
        return;
    }
    for (const auto* other : {"tracing.otlp", "tracing.otlp_traces"})
        if (given(other))
            fail("tracing.collector", "'tracing.collector' and '" + std::string{other} +
                                          "' exclude each other: the collector forwards, as `outrider collect "
                                          "--forward` says; remove one of them");
    if (tracing.exporter != exporter::otlp)
        fail("tracing.collector", "'tracing.collector' needs 'tracing.exporter: otlp'");
}

void capture_rules::check_sources(const std::string& path, const std::vector<value_source>& sources) {
    const auto what = "'" + path + "'";
    if (given(path) && sources.empty() && path.starts_with("keys."))
        return fail(path, what + " is empty; list at least one source, or remove the key");
    if (sources.size() > most_sources)
        return fail(path, what + " has " + std::to_string(sources.size()) + " sources; there may be " +
                              std::to_string(most_sources));
    for (std::size_t i = 0; i < sources.size(); ++i) {
        const auto& each = sources[i];
        if (std::find(sources.begin(), sources.begin() + static_cast<std::ptrdiff_t>(i), each) !=
            sources.begin() + static_cast<std::ptrdiff_t>(i))
            return fail(path, what + " names " + each.text() + " twice");
        const auto& hidden = value_.tracing.redact_query;
        if (each.where == value_source::place::query &&
            (std::find(hidden.begin(), hidden.end(), each.name) != hidden.end() ||
             std::find(always_redacted.begin(), always_redacted.end(), each.name) != always_redacted.end()))
            return fail(path, what + " names " + each.text() + ", whose values are hidden in spans");
    }
}

}  // namespace outrider::config
