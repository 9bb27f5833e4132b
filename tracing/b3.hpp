#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tracing/context.hpp"

namespace outrider::tracing {

/// What one format said: a parent, or only a decision, or both.
struct carried {
    span_context parent;            ///< invalid when the format named no ids
    bool sampling_decided = false;  ///< `parent.flags` and `.debug` carry a decision
};

/// The value of a `b3` field: `{trace}-{span}[-{1|0|d}[-{parent}]]` or a lone decision `0`, `1`, `d`; nothing when
/// malformed. Ids of 64 bits are left-padded; letters of either case are read.
std::optional<carried> parse_b3(std::string_view value);

/// The `X-B3-*` fields; a lone decision is legal, ids without each other are malformed.
std::optional<carried> parse_b3_multi(const context_fields& fields);

/// Appends "b3: {trace}-{span}-{decision}\r\n".
void append_b3(std::string& out, const span_context& own);

/// Appends the lines "x-b3-traceid", "x-b3-spanid" and "x-b3-sampled", or "x-b3-flags: 1" for debug.
void append_b3_multi(std::string& out, const span_context& own);

}  // namespace outrider::tracing
