#include "sidecar/collector/chain_digest.hpp"

#include "tracing/chains/chain_analysis.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::collector {

using tracing::span_data;

namespace {

constexpr std::size_t most_values = 16;  // of one key, in a digest

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

}  // namespace

chain_digest digest_of(std::span<const span_data> spans, std::uint64_t now_unix_ns) {
    chain_digest out;
    tracing::analysis_options options;
    options.now_unix_ns = now_unix_ns;
    for (const auto& one : tracing::build_chains(spans)) {
        const auto known = tracing::analyze(one, options);
        if (out.start_ns == 0 || one.start_unix_ns < out.start_ns) out.start_ns = one.start_unix_ns;
        out.end_ns = std::max(out.end_ns, one.end_unix_ns);
        out.errors += one.errors;
        out.gaps += known.gaps();
        out.stuck = out.stuck || is_stuck(known);
        add_name(one, out);
        add_keys(known, out);
    }
    std::set<std::string_view> services;
    for (const auto& span : spans) {
        services.insert(tracing::service_of(span));
        out.inferred += tracing::find_attribute(span.attributes, tracing::chain_attributes::link_source) ? 1 : 0;
    }
    out.services = services.size();
    out.spans = spans.size();
    return out;
}

}  // namespace outrider::collector
