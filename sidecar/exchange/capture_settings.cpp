#include "sidecar/exchange/capture_settings.hpp"

#include <random>

#include "sidecar/config/hidden_parameters.hpp"

namespace outrider::exchange {
namespace {

using from_place = config::value_source::place;
using to_place = tracing::capture_source::place;

to_place place_of(from_place where) {
    switch (where) {
        case from_place::path:
            return to_place::path;
        case from_place::query:
            return to_place::query;
        case from_place::header:
            return to_place::field;
        case from_place::json:
            return to_place::json;
        case from_place::kafka_key:
            return to_place::record_key;
        case from_place::kafka_header:
            return to_place::record_header;
    }
    return to_place::field;
}

std::vector<tracing::capture_source> sources_of(const std::vector<config::value_source>& from) {
    std::vector<tracing::capture_source> out;
    for (const auto& each : from) out.push_back({place_of(each.where), each.name});
    return out;
}

tracing::hash_key random_key() {
    std::random_device bits;
    const auto word = [&] { return std::uint64_t{bits()} << 32 | bits(); };
    const auto first = word();
    return {first, word()};
}

}  // namespace

tracing::capture_settings capture_settings_of(const config::settings& settings) {
    const auto& from = settings.tracing;
    tracing::capture_settings out;
    if (from.disabled) return out;
    const bool collects = !from.collector.empty();
    if (collects) out.echo_values = from.echo.values;
    if (out.echo_values > 0) out.key = from.echo_key.empty() ? random_key() : tracing::hash_key_of(from.echo_key);
    out.body_bytes = from.echo.body;
    out.correlation = sources_of(from.correlation);
    for (const auto& [name, key] : settings.keys) out.keys.emplace_back(name, sources_of(key.sources));
    out.hidden_query.assign(config::always_redacted.begin(), config::always_redacted.end());
    out.hidden_query.insert(out.hidden_query.end(), from.redact_query.begin(), from.redact_query.end());
    out.identities = collects;
    return out;
}

}  // namespace outrider::exchange
