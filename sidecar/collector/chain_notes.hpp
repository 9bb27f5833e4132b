#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/stitch/decision.hpp"

namespace outrider::collector {

/// What became of the spans that a trace had when its chain came to rest.
struct chain_fate {
    tracing::trace_id trace;
    tracing::trace_id sent_as;  ///< the chain's name; invalid: it was sampled out
    std::uint64_t through = 0;  ///< the last row of the log whose spans are meant
};

/// What is found out about spans and has to outlive the process, as one row of the log.
struct chain_notes {
    std::vector<tracing::decision> decisions;
    std::vector<chain_fate> fates;
    bool empty() const { return decisions.empty() && fates.empty(); }
};

std::string encode_notes(const chain_notes& notes);
/// Nothing when the bytes are no notes.
std::optional<chain_notes> decode_notes(std::string_view bytes);

}  // namespace outrider::collector
