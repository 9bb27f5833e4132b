#include "sidecar/export/otlp_envelope.hpp"

#include <protozero/pbf_writer.hpp>
#include <protozero/varint.hpp>

#include "tracing/otlp.hpp"

namespace outrider::exporting {
namespace {

// Field numbers of opentelemetry/proto/trace/v1/trace.proto and common.proto, as tag bytes of wire type 2.
constexpr char request_resource_spans = 0x0a;
constexpr char resource_spans_resource = 0x0a;
constexpr char resource_spans_scope_spans = 0x12;

/// ScopeSpans.scope = {name: "outrider", version: ours}.
const std::string& scope_field() {
    static const std::string field = [] {
        std::string out;
        protozero::pbf_writer scope_spans(out);
        protozero::pbf_writer scope(scope_spans, 1);
        scope.add_string(1, "outrider");
        scope.add_string(2, OUTRIDER_VERSION);
        scope.commit();
        return out;
    }();
    return field;
}

void add_length(std::string& out, char tag, std::size_t length) {
    out.push_back(tag);
    protozero::write_varint(std::back_inserter(out), length);
}

std::size_t field_bytes(std::size_t length) {
    return 1 + static_cast<std::size_t>(protozero::length_of_varint(length)) + length;
}

}  // namespace

std::string otlp_prefix(std::string_view resource, std::size_t entry_bytes) {
    const auto scope_spans = scope_field().size() + entry_bytes;
    const auto resource_spans = field_bytes(resource.size()) + field_bytes(scope_spans);
    std::string out;
    out.reserve(resource.size() + scope_field().size() + 32);
    add_length(out, request_resource_spans, resource_spans);
    add_length(out, resource_spans_resource, resource.size());
    out.append(resource);
    add_length(out, resource_spans_scope_spans, scope_spans);
    out.append(scope_field());
    return out;
}

std::string otlp_json(std::string_view resource, const std::vector<std::string_view>& entries) {
    std::size_t bytes = 0;
    for (const auto piece : entries) bytes += piece.size();
    auto request = otlp_prefix(resource, bytes);
    for (const auto piece : entries) request.append(piece);
    auto text = tracing::otlp_to_json(request);
    // Only our own bytes come here, checked by their sums: anything else is a bug, and no reason to try forever.
    return text ? *text : std::string(R"({"resourceSpans":[]})");
}

}  // namespace outrider::exporting
