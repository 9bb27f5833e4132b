#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "tracing/flows/flow.hpp"
#include "tracing/span_view.hpp"

namespace outrider::flows {

/// What events ask of a span. The texts live as long as what the span is a view of.
struct span_event {
    std::optional<event_kind> kind;  ///< nothing: the span is no event
    std::string_view topic, method, path, service, scope, upstream;
    int status = 0;  ///< of HTTP; 0: none
    bool failed = false;
    /// Business keys, each with its value, which is a text or an array of texts.
    std::vector<std::pair<std::string_view, tracing::value_view>> keys;
};

/// @param into  is written over: what it holds of memory is used again
void read_event(const tracing::span_view& span, span_event& into);

/// Whether the span means this event.
bool is_event(const span_event& span, const event_match& wanted);

/// How it ended, as events ask for it.
bool has_status(const span_event& span, const wanted_status& wanted);

}  // namespace outrider::flows
