#include "tracing/flows/event_index.hpp"

namespace outrider::flows {
namespace {

bool is_message(event_kind kind) { return kind == event_kind::produce || kind == event_kind::consume; }
std::size_t direction(event_kind kind) { return kind == event_kind::consume || kind == event_kind::outbound ? 1 : 0; }

/// "/orders" of "/orders/{id}"; empty where it is a parameter.
std::string_view first_segment(std::string_view path) {
    const auto end = path.find('/', 1);
    const auto segment = path.substr(0, end);
    return segment.find('{') == std::string_view::npos ? segment : std::string_view{};
}

}  // namespace

void event_index::add(std::uint32_t flow, const std::vector<named_event>& events) {
    for (std::uint32_t i = 0; i < events.size(); ++i) {
        const auto& match = events[i].match;
        if (!match.kind) continue;
        const entry one{{flow, i}, match};
        const auto kind = *match.kind;
        if (is_message(kind) && match.topic.find('*') == std::string::npos)
            topics_[direction(kind)][match.topic].push_back(one);
        else if (!is_message(kind) && !first_segment(match.path).empty())
            paths_[direction(kind)][std::string{first_segment(match.path)}].push_back(one);
        else
            other_[static_cast<std::size_t>(kind)].push_back(one);
    }
}

void event_index::collect(const entries& from, const span_event& span, std::vector<event_number>& out) {
    for (const auto& one : from)
        if (is_event(span, one.match)) out.push_back(one.which);
}

void event_index::find(const span_event& span, std::vector<event_number>& out) const {
    out.clear();
    if (!span.kind) return;
    const auto& named = is_message(*span.kind) ? topics_[direction(*span.kind)] : paths_[direction(*span.kind)];
    const auto name = is_message(*span.kind) ? span.topic : span.path.substr(0, span.path.find('/', 1));
    if (const auto found = named.find(name); found != named.end()) collect(found->second, span, out);
    collect(other_[static_cast<std::size_t>(*span.kind)], span, out);
}

}  // namespace outrider::flows
