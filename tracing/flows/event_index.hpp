#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/flows/span_event.hpp"

namespace outrider::flows {

/// An event of a flow.
struct event_number {
    std::uint32_t flow = 0, event = 0;
};

/// Finds, among all events of all flows, those that a span means.
class event_index {
  public:
    /// Takes a flow's events in under that number; the match is copied.
    void add(std::uint32_t flow, const std::vector<named_event>& events);
    /// @param out  is written over
    void find(const span_event& span, std::vector<event_number>& out) const;

  private:
    struct entry {
        event_number which;
        event_match match;
    };
    using entries = std::vector<entry>;

    static void collect(const entries& from, const span_event& span, std::vector<event_number>& out);

    std::map<std::string, entries, std::less<>> topics_[2];  ///< produced, consumed: by name
    std::map<std::string, entries, std::less<>> paths_[2];   ///< inbound, outbound: by the first segment of the path
    entries other_[4];                                       ///< what no name finds, by kind
};

}  // namespace outrider::flows
