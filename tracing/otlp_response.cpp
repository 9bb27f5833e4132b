#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "tracing/json_reader.hpp"
#include "tracing/json_writer.hpp"
#include "tracing/otlp.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

using wire = protozero::pbf_wire_type;

// ExportTraceServiceResponse { partial_success = 1 { rejected_spans = 1, error_message = 2 } }
constexpr auto partial_success = protozero::tag_and_type(1, wire::length_delimited);
constexpr auto rejected_spans = protozero::tag_and_type(1, wire::varint);
constexpr auto error_message = protozero::tag_and_type(2, wire::length_delimited);

void read_partial(protozero::pbf_reader in, export_response& to) {
    while (in.next()) {
        if (in.tag_and_type() == rejected_spans) {
            to.rejected_spans = in.get_int64();
        } else if (in.tag_and_type() == error_message) {
            auto view = in.get_view();
            to.message.clear();
            append_utf8(to.message, {view.data(), view.size()}, span_text_limit);
        } else {
            in.skip();
        }
    }
}

}  // namespace

decode_result<export_response> decode_export_response(std::string_view protobuf) {
    export_response response;
    try {
        protozero::pbf_reader in{protobuf.data(), protobuf.size()};
        while (in.next()) {
            if (in.tag_and_type() == partial_success) {
                read_partial(in.get_message(), response);
            } else {
                in.skip();
            }
        }
    } catch (const protozero::exception&) {
        return decode_error::malformed;
    }
    return response;
}

decode_result<export_response> decode_export_response_json(std::string_view text) {
    export_response response;
    if (text.empty()) return response;
    try {
        auto document = json::parse(text, 32);
        if (const auto* partial = json::object_member(document, "partialSuccess")) {
            response.rejected_spans = json::signed_member(*partial, "rejectedSpans");
            append_utf8(response.message, json::text_member(*partial, "errorMessage"), span_text_limit);
        }
    } catch (const decode_failure& failure) {
        return failure.error;
    }
    return response;
}

std::string encode_export_response(const export_response& response) {
    std::string bytes;
    if (response == export_response{}) return bytes;
    {
        protozero::pbf_writer out{bytes};
        protozero::pbf_writer partial{out, 1};
        if (response.rejected_spans != 0) partial.add_int64(1, response.rejected_spans);
        if (!response.message.empty()) partial.add_string(2, response.message);
    }  // the inner message gets its length here
    return bytes;
}

std::string encode_export_response_json(const export_response& response) {
    std::string text;
    json_writer out{text};
    out.begin_object();
    if (response != export_response{}) {
        out.begin_object("partialSuccess");
        out.quoted("rejectedSpans", response.rejected_spans);
        if (!response.message.empty()) out.text("errorMessage", response.message);
        out.end_object();
    }
    out.end_object();
    return text;
}

}  // namespace outrider::tracing
