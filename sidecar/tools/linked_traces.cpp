#include "sidecar/tools/linked_traces.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <tuple>

#include "tracing/messaging_span.hpp"

namespace outrider::tools {

namespace {

using tracing::span_data;
using tracing::trace_id;
using nanoseconds = std::uint64_t;

constexpr nanoseconds second = 1'000'000'000;
constexpr nanoseconds longest_poll = 300 * second;  // how long before a process its poll may have begun
constexpr nanoseconds rounding = 1'000'000;         // both may begin at once, and the API tells microseconds
constexpr nanoseconds poll_ahead_of_send = 60 * second;
constexpr std::array<nanoseconds, 3> taken_within{second, 10 * second, 600 * second};  // the likely ones first
constexpr std::size_t polls_looked_at = 5, takers_looked_at = 20;

constexpr nanoseconds before(nanoseconds time, nanoseconds by) { return time > by ? time - by : 0; }

/// Grows from the spans of one trace to those of its chain.
class chain_fetch {
  public:
    chain_fetch(trace_source& source, std::vector<span_data> spans, const linked_limits& limits)
        : source_(source), spans_(std::move(spans)), left_(limits) {
        for (const auto& span : spans_) known_.insert(span.trace);
    }

    std::vector<span_data> run() && {
        do {
            follow_links();
        } while (search_takers());
        return std::move(spans_);
    }

  private:
    void follow_links() {
        for (; followed_ < spans_.size(); ++followed_) {
            const auto span = spans_[followed_];  // a copy: spans are added meanwhile
            if (tracing::is_send(span)) {
                for (const auto& link : span.links) fetch(link.trace);
            } else if (!span.parent.valid() && !takers_.contains(span.trace)) {
                follow_first_link(span);
            }
        }
    }

    // A root hangs from the first span it links to that is there. One that took records links to other chains too.
    void follow_first_link(const span_data& root) {
        for (const auto& link : root.links)
            if (known_.contains(link.trace) || fetch(link.trace)) return;
    }

    /// @return whether there is such a trace, and it was not here before
    bool fetch(const trace_id& trace) {
        if (left_.traces == 0 || !known_.insert(trace).second) return false;
        --left_.traces;
        const auto found = source_.by_id(trace.hex());
        if (found) take(trace, *found);
        return found.has_value();
    }

    void take(const trace_id& trace, const std::vector<span_data>& from) {
        for (const auto& span : from)
            if (span.trace == trace) spans_.push_back(span);
    }

    /// @return whether there are new spans
    bool search_takers() {
        const auto before_it = spans_.size();
        note_taken_topics();
        for (; searched_ < before_it; ++searched_) {
            const auto span = spans_[searched_];
            if (tracing::topic_of(span).empty()) continue;
            if (tracing::is_process(span)) search_poll_of(span);
            if (tracing::is_send(span) && !tracing::is_anchor(span) &&
                !taken_.contains(std::string{tracing::topic_of(span)}))
                search_takers_of(span);
        }
        return spans_.size() > before_it;
    }

    // It ended when the process began, so it is among the last that had begun by then.
    void search_poll_of(const span_data& process) {
        const std::string service{tracing::service_of(process)};
        search({service,
                {{"messaging.destination.name", std::string{tracing::topic_of(process)}},
                 {"messaging.operation.type", "receive"}},
                before(process.start_unix_ns, longest_poll),
                process.start_unix_ns + rounding,
                polls_looked_at});
    }

    void search_takers_of(const span_data& send) {
        if (left_.searches == 0 || left_.traces == 0) return;
        if (!services_) services_ = source_.services();
        bool found = false;
        for (auto within : taken_within) {
            for (const auto& service : *services_) {
                found |= search({service,
                                 {{"messaging.destination.name", std::string{tracing::topic_of(send)}}},
                                 before(send.start_unix_ns, poll_ahead_of_send),
                                 std::max(send.start_unix_ns, send.end_unix_ns) + within,
                                 takers_looked_at});
            }
            if (found) return;
        }
    }

    void note_taken_topics() {
        for (const auto& span : spans_)
            if (tracing::is_process(span)) taken_.emplace(tracing::topic_of(span));
    }

    /// @return whether it found a trace that belongs to the chain
    bool search(const trace_search& wanted) {
        if (left_.searches == 0 || left_.traces == 0 || !asked_.insert(wanted).second) return false;
        --left_.searches;
        const auto found = source_.search(wanted);
        if (!found) return false;
        bool any = false;
        for (const auto& span : *found) {
            const auto& links = span.links;
            const bool belongs =
                std::any_of(links.begin(), links.end(), [&](const auto& link) { return known_.contains(link.trace); });
            if (!belongs || left_.traces == 0 || !known_.insert(span.trace).second) continue;
            takers_.insert(span.trace);
            --left_.traces;
            take(span.trace, *found);
            any = true;
        }
        return any;
    }

    trace_source& source_;
    std::vector<span_data> spans_;
    linked_limits left_;
    std::set<trace_id> known_, takers_;
    std::size_t followed_ = 0, searched_ = 0;
    std::set<trace_search> asked_;
    std::set<std::string> taken_;  ///< topics whose records somebody is known to have handled
    std::optional<std::vector<std::string>> services_;
};

}  // namespace

std::vector<span_data> with_linked(trace_source& source, std::vector<span_data> spans, const linked_limits& limits) {
    return chain_fetch{source, std::move(spans), limits}.run();
}

}  // namespace outrider::tools
