#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "tracing/span_data.hpp"

namespace outrider::tools {

/// What files of spans may cost.
struct span_file_limits {
    std::size_t file_bytes = std::size_t{512} << 20;  ///< of one file, also once unpacked
    std::size_t memory = std::size_t{2} << 30;        ///< of all decoded spans
};

/// Spans of files, all together: OTLP as protobuf or JSON, JSON lines as our file exporter writes them, or an answer of
/// Jaeger's query API; each may be gzip. What a file is shows its beginning. `-` is standard input.
/// @return or what is wrong with which file, in a sentence
boost::system::result<std::vector<tracing::span_data>, std::string> read_span_files(
    const std::vector<std::string>& paths, const span_file_limits& limits = {});

/// The spans of one file's content.
boost::system::result<std::vector<tracing::span_data>, std::string> read_spans(std::string content,
                                                                               const span_file_limits& limits = {});

}  // namespace outrider::tools
