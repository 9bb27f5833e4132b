#include "tracing/sampler.hpp"

#include <algorithm>
#include <cmath>

#include "tracing/tracestate.hpp"

namespace outrider::tracing {
namespace {

constexpr std::string_view parent_based_prefix = "parentbased_";

std::optional<sampler_kind> kind_of(std::string_view name) {
    if (name == "always_on") return sampler_kind::always_on;
    if (name == "always_off") return sampler_kind::always_off;
    if (name == "traceidratio") return sampler_kind::trace_id_ratio;
    if (name == "rate_limited") return sampler_kind::rate_limited;
    return {};
}

sampling_bits low_56_bits(const trace_id& trace) {
    sampling_bits bits = 0;
    for (std::size_t i = 9; i < trace.bytes.size(); ++i) bits = bits << 8 | trace.bytes[i];
    return bits;
}

// 1 - p of a small p begins with f digits, which say nothing: they don't count as significant.
int significant_digits(sampling_bits threshold) {
    int digits = 4;
    for (int shift = 52; shift >= 0 && (threshold >> shift & 15) == 15; shift -= 4) ++digits;
    return std::min(digits, 14);
}

sampling_decision with_ot(bool sampled, std::string_view before, std::optional<sampling_bits> threshold) {
    if (before.empty() && !threshold) return {sampled, {}};
    auto after = with_threshold(before, threshold);
    if (after == before) return {sampled, {}};
    return {sampled, std::move(after)};
}

}  // namespace

std::optional<sampling_bits> threshold_of(double probability) {
    if (!(probability > 0)) return {};
    if (probability >= 1) return 0;
    auto kept = static_cast<sampling_bits>(std::llround(probability * static_cast<double>(sampling_range)));
    if (kept == 0) return {};
    auto exact = sampling_range - kept;
    auto shift = 4 * (14 - significant_digits(exact));
    if (shift == 0) return exact;
    auto rounded = (exact + (sampling_bits{1} << (shift - 1))) >> shift << shift;
    return rounded < sampling_range ? rounded : exact;
}

std::optional<sampler_settings> parse_sampler(std::string_view name, double argument) {
    sampler_settings settings;
    settings.parent_based = name.starts_with(parent_based_prefix);
    if (settings.parent_based) name.remove_prefix(parent_based_prefix.size());
    auto kind = kind_of(name);
    if (!kind) return {};
    settings.kind = *kind;
    settings.argument = argument;
    return settings;
}

sampler::sampler(const sampler_settings& settings)
    : settings_(settings),
      threshold_(settings.kind == sampler_kind::trace_id_ratio ? threshold_of(settings.argument) : std::nullopt),
      gate_(settings.kind == sampler_kind::rate_limited ? settings.argument : 0) {}

sampling_decision sampler::decide(const trace_id& trace, const extracted& from, time_point now) const {
    if (settings_.parent_based && from.sampling_decided) return {from.parent.sampled(), {}};
    return decide_root(trace, from, now);
}

sampling_decision sampler::decide_root(const trace_id& trace, const extracted& from, time_point now) const {
    std::string_view ot;
    if (from.tracestate_lines != 0) {
        auto lines = std::min<std::size_t>(from.tracestate_lines, from.tracestate.size());
        ot = find_tracestate({from.tracestate.data(), lines}, "ot");
    }
    auto before = parse_ot(ot);
    switch (settings_.kind) {
        case sampler_kind::always_on:
            // Where no one speaks of probabilities, neither do we; a stale one would be wrong by now.
            return before.threshold ? with_ot(true, ot, 0) : sampling_decision{true, {}};
        case sampler_kind::always_off:
            return with_ot(false, ot, {});
        case sampler_kind::trace_id_ratio: {
            auto randomness = before.randomness.value_or(low_56_bits(trace));
            bool sampled = threshold_ && randomness >= *threshold_;
            return with_ot(sampled, ot, sampled ? threshold_ : std::nullopt);
        }
        case sampler_kind::rate_limited:
            return with_ot(gate_.take(now), ot, {});
    }
    return {};
}

}  // namespace outrider::tracing
