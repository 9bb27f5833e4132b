#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracing/span_data.hpp"

namespace outrider::tools {

/// Which chain is meant: by the id of a trace that is or was part of it, by a service, or by a business key.
struct chain_wish {
    std::string trace_id;                                    ///< 1 to 32 hex digits
    std::string service;                                     ///< the latest one in which it takes part
    std::optional<std::pair<std::string, std::string>> key;  ///< name and value
    std::string text() const;                                ///< "trace 4b..", "a chain of service orders", ...
};

/// One chain out of several, and the others that were meant too.
struct chosen_chain {
    std::vector<tracing::span_data> spans;  ///< none: there is no such chain
    std::vector<std::string> others;        ///< their trace ids
};

/// Stitches spans that are all there is, and picks. Of several that fit, the one with the most spans, for a service the
/// latest.
chosen_chain choose_chain(std::vector<std::vector<tracing::span_data>> chains, const chain_wish& wish);

/// Whether a span carries the value of a business key.
bool has_key(const tracing::span_data& span, const std::string& name, std::string_view value);

}  // namespace outrider::tools
