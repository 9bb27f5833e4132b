#include "sidecar/collector/chain_digest.hpp"

#include "tracing/chains/chain_analysis.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::collector {

using tracing::span_data;

namespace {

constexpr std::size_t most_values = 16;  // of one key, in a digest
constexpr std::size_t name_bytes = 200, most_service_bytes = 2'000, most_word_bytes = 4'000;
constexpr std::uint64_t node_bytes = 64;  // of a set or map, beside its text

void add_keys(const tracing::chain_analysis& known, chain_digest& into) {
    for (const auto& [key, values] : known.keys) {
        auto& of = into.keys[key];
        for (const auto& value : values)
            if (of.size() < most_values) of.insert(value);
    }
}

/// The first root names the chain.
void add_name(const tracing::chain& one, chain_digest& into) {
    for (const auto& row : one.rows) {
        if (!into.name.empty() || row.span == nullptr) continue;
        into.name = row.span->name;
        into.service = tracing::service_of(*row.span);
    }
}

bool is_stuck(const tracing::chain_analysis& known) {
    return known.state == tracing::chain_state::stuck || known.gaps() > 0 ||
           known.count(tracing::finding_kind::time_out) > 0;
}

/// How much the state of one tree of several counts for the whole.
int weight_of(tracing::chain_state state) {
    switch (state) {
        case tracing::chain_state::complete:
            return 0;
        case tracing::chain_state::waiting:
            return 1;
        case tracing::chain_state::incomplete:
            return 2;
        case tracing::chain_state::failed:
            return 3;
        case tracing::chain_state::stuck:
            return 4;
    }
    return 0;
}

void add_state(tracing::chain_analysis&& known, chain_digest& into) {
    if (!into.verdict.empty() && weight_of(known.state) <= weight_of(into.state)) return;
    into.state = known.state;
    into.verdict = std::move(known.verdict);
}

/// Names in a line each, those that fit.
std::string lines_of(const std::set<std::string_view>& names, std::size_t most_bytes) {
    std::string out = "\n";
    for (const auto name : names)
        if (out.size() + name.size() < most_bytes) out.append(name).push_back('\n');
    return out;
}

void add_words(const std::set<std::string_view>& services, std::span<const span_data> spans, chain_digest& into) {
    std::set<std::string_view> words;
    for (const auto& span : spans) words.insert(std::string_view{span.name}.substr(0, name_bytes));
    for (const auto& [key, values] : into.keys) words.insert(values.begin(), values.end());
    into.service_names = lines_of(services, most_service_bytes);
    into.words = lower_case(into.service_names + lines_of(words, most_word_bytes));
}

}  // namespace

std::uint64_t chain_digest::memory() const {
    auto bytes = sizeof *this + service.size() + name.size() + verdict.size() + service_names.size() + words.size();
    for (const auto& [key, values] : keys) {
        bytes += key.size() + 2 * node_bytes;
        for (const auto& value : values) bytes += value.size() + node_bytes;
    }
    return bytes;
}

bool chain_digest::has_service(std::string_view name_of_one) const {
    return service_names.find("\n" + std::string{name_of_one} + "\n") != std::string::npos;
}

std::string lower_case(std::string_view text) {
    std::string out{text};
    for (auto& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

chain_digest digest_of(std::span<const span_data> spans, std::uint64_t now_unix_ns,
                       const tracing::chain_surroundings& surroundings) {
    chain_digest out;
    tracing::analysis_options options;
    options.now_unix_ns = now_unix_ns;
    options.known = &surroundings;
    for (const auto& one : tracing::build_chains(spans)) {
        auto known = tracing::analyze(one, options);
        if (out.start_ns == 0 || one.start_unix_ns < out.start_ns) out.start_ns = one.start_unix_ns;
        out.end_ns = std::max(out.end_ns, one.end_unix_ns);
        out.errors += one.errors;
        out.gaps += known.gaps();
        out.stuck = out.stuck || is_stuck(known);
        add_name(one, out);
        add_keys(known, out);
        add_state(std::move(known), out);
    }
    std::set<std::string_view> services;
    for (const auto& span : spans) {
        services.insert(tracing::service_of(span));
        const auto source = tracing::text_attribute(span.attributes, tracing::chain_attributes::link_source);
        out.inferred += source.empty() || source == "context" ? 0 : 1;  // as `outrider chain` counts
    }
    out.services = services.size();
    add_words(services, spans, out);
    out.spans = spans.size();
    return out;
}

}  // namespace outrider::collector
