// OTLP in both formats and Jaeger's JSON: what decodes must encode, and decode to the same again; trees must be finite.
#include <cstdint>
#include <cstdlib>

#include "tracing/chains/chain.hpp"
#include "tracing/chains/chain_analysis.hpp"
#include "tracing/chains/chain_sequence.hpp"
#include "tracing/chains/drawn_graph.hpp"
#include "tracing/chains/topology.hpp"
#include "tracing/jaeger_json.hpp"
#include "tracing/otlp.hpp"

using namespace outrider::tracing;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool has_nan(const attribute_value& value) {
    const auto* number = std::get_if<double>(&value.data);
    if (number != nullptr) return *number != *number;
    if (const auto* list = std::get_if<attribute_value::array>(&value.data)) {
        for (const auto& one : *list) {
            if (has_nan(one)) return true;
        }
    }
    if (const auto* list = std::get_if<attribute_value::key_values>(&value.data)) {
        for (const auto& one : *list) {
            if (has_nan(one.value)) return true;
        }
    }
    return false;
}

// NaN is not equal to itself, so such spans can't be compared.
bool has_nan(const std::vector<attribute>& attributes) {
    for (const auto& one : attributes) {
        if (has_nan(one.value)) return true;
    }
    return false;
}

bool comparable(const span_data& span) {
    if (has_nan(span.attributes) || has_nan(span.origin->resource.attributes)) return false;
    for (const auto& event : span.events) {
        if (has_nan(event.attributes)) return false;
    }
    for (const auto& link : span.links) {
        if (has_nan(link.attributes)) return false;
    }
    return true;
}

void check_same(const std::vector<span_data>& a, const std::vector<span_data>& b) {
    require(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) require(!comparable(a[i]) || same_span(a[i], b[i]));
}

void check(const std::vector<span_data>& spans) {
    auto protobuf = decode_otlp(encode_otlp(spans));
    require(protobuf.has_value());
    check_same(spans, protobuf->spans);
    auto json = decode_otlp_json(encode_otlp_json(spans));
    require(json.has_value());
    check_same(spans, json->spans);
    require(decode_jaeger_json(encode_jaeger_json(spans)).has_value());
    auto chains = build_chains(spans);
    std::size_t shown = 0;
    for (const auto& one : chains) shown += one.spans + one.duplicates;
    require(shown == spans.size());
    chain_text(chains, {60, spans.size() % 2 == 0, 100});
    chain_json(chains);
    for (const auto& one : chains) {
        const auto known = analyze(one);
        require(!known.verdict.empty());
        sequence_svg(sequence_of(one, known, {64, 16, 32}));
        graph_svg(flow_of(one, known, {64, 16, 32}));
    }
    topology all;
    all.add(spans);
    require(read_topology_json(topology_json(all.view(1))).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    decode_limits limits;
    limits.memory = 1 << 22;
    limits.items = 16;
    if (auto decoded = decode_otlp(input, limits)) check(decoded->spans);
    if (auto decoded = decode_otlp_json(input, limits)) check(decoded->spans);
    if (auto decoded = decode_jaeger_json(input, limits)) check(decoded->spans);
    (void)decode_export_response(input);
    (void)decode_export_response_json(input);
    return 0;
}
