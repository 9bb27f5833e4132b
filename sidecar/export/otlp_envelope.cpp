#include "sidecar/export/otlp_envelope.hpp"

#include <protozero/pbf_reader.hpp>
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
    return otlp_as_json(request);
}

std::string otlp_as_json(std::string_view request) {
    auto text = tracing::otlp_to_json(request);
    // Only our own bytes come here, checked by their sums: anything else is a bug, and no reason to try forever.
    return text ? *text : std::string(R"({"resourceSpans":[]})");
}

namespace {

/// ResourceSpans of one span, in its parts.
struct placed_span {
    std::string_view resource, scope, span;
    bool same_origin(const placed_span& other) const { return resource == other.resource && scope == other.scope; }
};

placed_span parts_of(protozero::data_view entry) {
    placed_span parts;
    const auto text = [](protozero::data_view view) { return std::string_view{view.data(), view.size()}; };
    protozero::pbf_reader in(entry);
    while (in.next()) {
        if (in.tag() == 1) {
            parts.resource = text(in.get_view());
        } else if (in.tag() == 2) {
            auto scope_spans = in.get_message();
            while (scope_spans.next()) {
                if (scope_spans.tag() > 2) {
                    scope_spans.skip();
                    continue;
                }
                (scope_spans.tag() == 1 ? parts.scope : parts.span) = text(scope_spans.get_view());
            }
        } else {
            in.skip();
        }
    }
    return parts;
}

void add_resource_spans(std::string& out, const placed_span* first, const placed_span* last) {
    protozero::pbf_writer request(out);
    protozero::pbf_writer resource_spans(request, 1);
    resource_spans.add_message(1, first->resource.data(), first->resource.size());
    protozero::pbf_writer scope_spans(resource_spans, 2);
    scope_spans.add_message(1, first->scope.data(), first->scope.size());
    for (; first != last; ++first) scope_spans.add_message(2, first->span.data(), first->span.size());
}

}  // namespace

std::string otlp_joined(const std::vector<std::string_view>& entries) {
    std::vector<placed_span> spans;
    for (const auto piece : entries) {
        try {
            protozero::pbf_reader in(piece.data(), piece.size());
            while (in.next(1)) spans.push_back(parts_of(in.get_view()));
        } catch (const protozero::exception&) {
            // Checked by its sum if it was on disk: a bug of ours, and no reason to try forever.
        }
    }
    std::string out;
    for (std::size_t from = 0; from < spans.size();) {
        auto to = from + 1;
        while (to < spans.size() && spans[to].same_origin(spans[from])) ++to;
        add_resource_spans(out, spans.data() + from, spans.data() + to);
        from = to;
    }
    return out;
}

}  // namespace outrider::exporting
