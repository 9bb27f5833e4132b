#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::exporting {

/// What stands before the span entries in an ExportTraceServiceRequest of one resource and one scope (ours). The
/// entries follow unchanged and end the request, so it is never copied together.
/// @param resource     an encoded Resource message
/// @param entry_bytes  of all the entries that follow
std::string otlp_prefix(std::string_view resource, std::size_t entry_bytes);

/// The whole request as OTLP's JSON, one line without its end.
std::string otlp_json(std::string_view resource, const std::vector<std::string_view>& entries);

/// The request of entries that are whole `ExportTraceServiceRequest.resource_spans`, each of one span: those that
/// follow each other from the same resource and scope are put into one.
std::string otlp_joined(const std::vector<std::string_view>& entries);

/// A request as OTLP's JSON, one line without its end.
std::string otlp_as_json(std::string_view request);

}  // namespace outrider::exporting
