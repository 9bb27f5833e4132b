#pragma once

#include "sidecar/config/value_type.hpp"
#include "tracing/flows/flow.hpp"

// The kinds of value that flows have beside those of policies.

namespace outrider::config {

/// "METHOD /path/{parameter}", "/path", "METHOD" or "*": an event seen as such a request.
type_of<flows::event_match> event_request(flows::event_kind kind);
/// A glob of topics: an event seen as records of these.
type_of<flows::event_match> event_topic(flows::event_kind kind);
/// ok, error, any, 2xx, 404.
type_of<flows::wanted_status> event_status();

}  // namespace outrider::config
