#pragma once

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "sidecar/tools/chain_choice.hpp"

namespace outrider::tools {

inline constexpr const char* default_source = "http://127.0.0.1:4318";

/// What is shown of a chain, and how it is drawn.
enum class chain_view { tree, sequence, flow, json };
enum class drawing_form { mermaid, svg };

/// Where a result goes, and how wide it may be.
struct output_options {
    std::string file;         ///< --output: instead of standard output
    std::uint32_t width = 0;  ///< --width: columns; 0: the terminal's, or 100
    bool ascii = false;       ///< --ascii: no box-drawing characters
};

/// What `outrider chain` can be told. One of trace id, service and key is set; with files, none may be.
struct chain_options {
    chain_wish wish;                            ///< TRACE_ID, --service, --key
    std::string from = default_source;          ///< --from: base URL of our collector or of a Jaeger query service
    std::vector<std::string> files;             ///< --file: read these instead
    chain_view view = chain_view::tree;         ///< --as
    drawing_form draw = drawing_form::mermaid;  ///< --draw: of a sequence and a flow
    output_options output;
    std::chrono::milliseconds wait{0};  ///< --wait: poll this long until the chain is there and has settled
};

/// Fetches one chain and draws it on standard output; errors go to standard error.
/// @return the exit code: 0 drawn, 1 no such chain or no answer, 2 options that make no sense
int run_chain(const chain_options& options);

/// The same with other streams than the standard ones; `out` is taken to be no terminal.
int run_chain(const chain_options& options, std::ostream& out, std::ostream& err);

}  // namespace outrider::tools
