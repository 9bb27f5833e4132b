#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

#include "tracing/span_data.hpp"

namespace outrider::tracing {

/// Why a message could not be decoded.
enum class decode_error {
    malformed = 1,  ///< no protobuf or JSON, or not of this message's shape
    too_deep,       ///< values nested beyond decode_limits::depth
    too_large,      ///< the decoded spans would take more than decode_limits::memory
};

/// The same with what is wrong, and where: "it ends too early, after 17 bytes". That is for people.
struct decode_fault {
    decode_error code{};  ///< none of them: no fault
    std::string where{};

    decode_fault() = default;
    decode_fault(decode_error what, std::string place = {}) : code(what), where(std::move(place)) {}
    bool operator==(decode_error other) const { return code == other; }
};

std::string describe(const decode_fault& fault);

/// What `result::value()` does with an error: throws std::runtime_error. For start-up and tests; elsewhere ask first.
[[noreturn]] void throw_exception_from_error(const decode_fault& fault, const boost::source_location&);

/// What a hostile message may cost.
struct decode_limits {
    std::size_t memory = std::size_t{256} << 20;  ///< bytes of decoded objects, texts included
    unsigned depth = 16;                          ///< of nested attribute values
    std::uint32_t items = 1024;  ///< attributes, events and links of one span each; more count as dropped
};

/// The usable spans of a request, in order.
struct decoded_spans {
    std::vector<span_data> spans;
    std::uint64_t rejected = 0;  ///< spans without valid ids, to be answered as partial_success
};

template <class T>
using decode_result = boost::system::result<T, decode_fault>;

/// What an ExportTraceServiceResponse says: a partial success when one of the two is set.
struct export_response {
    std::int64_t rejected_spans = 0;
    std::string message;
    bool operator==(const export_response&) const = default;
};

// ExportTraceServiceRequest. Unknown fields are skipped; what is no UTF-8 is replaced; all peers are hostile.

decode_result<decoded_spans> decode_otlp(std::string_view protobuf, const decode_limits& limits = {});
/// Ids in hex, enums as numbers or names, 64-bit integers as strings or numbers, lowerCamelCase keys.
decode_result<decoded_spans> decode_otlp_json(std::string_view json, const decode_limits& limits = {});

/// Spans that follow each other with the same origin share one ResourceSpans and ScopeSpans.
std::string encode_otlp(const std::vector<span_data>& spans);
/// The same as one line of JSON: ids in hex, enums as numbers, 64-bit integers as strings.
std::string encode_otlp_json(const std::vector<span_data>& spans);

/// A request of what span_encoder wrote: one resource, one scope (name "outrider", our version), the entries as they
/// are.
std::string otlp_request(const resource& from, std::string_view span_entries);
/// An encoded Resource message.
std::string encode_resource(const resource& from);
/// Our own request as JSON; empty when it does not decode, which for our own bytes is a bug.
std::string otlp_request_json(const resource& from, std::string_view span_entries);
/// Any encoded ExportTraceServiceRequest as OTLP/JSON.
decode_result<std::string> otlp_to_json(std::string_view protobuf, const decode_limits& limits = {});

// ExportTraceServiceResponse. An empty body is plain success in both formats.

decode_result<export_response> decode_export_response(std::string_view protobuf);
decode_result<export_response> decode_export_response_json(std::string_view json);
std::string encode_export_response(const export_response& response);
std::string encode_export_response_json(const export_response& response);

}  // namespace outrider::tracing
