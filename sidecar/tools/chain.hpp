#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace outrider::tools {

enum class chain_format { tree, json };

/// What `outrider chain` can be told. Either `trace_id` or `service` is set.
struct chain_options {
    std::string trace_id;                        ///< TRACE_ID: 1 to 32 hex digits
    std::string service;                         ///< --service: the latest trace of this service instead
    std::string from = "http://127.0.0.1:4318";  ///< --from: base URL of our collector or of a Jaeger query service
    chain_format format = chain_format::tree;    ///< --format
    std::uint32_t width = 0;                     ///< --width: columns; 0: the terminal's, or 100
    bool ascii = false;                          ///< --ascii: no box-drawing characters
    std::chrono::milliseconds wait{0};           ///< --wait: poll this long until the trace is there and has settled
};

/// Fetches one trace and draws it on standard output; errors go to standard error.
/// @return the exit code: 0 drawn, 1 no such trace or no answer, 2 options that make no sense
int run_chain(const chain_options& options);

/// The same with other streams than the standard ones; `out` is taken to be no terminal.
int run_chain(const chain_options& options, std::ostream& out, std::ostream& err);

}  // namespace outrider::tools
