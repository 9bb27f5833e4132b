#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tracing/chains/chain.hpp"
#include "tracing/chains/chain_surroundings.hpp"
#include "tracing/chains/critical_path.hpp"

namespace outrider::tracing {

/// How a chain stands.
enum class chain_state : std::uint8_t {
    complete,    ///< nothing is missing
    failed,      ///< it came to an end that nobody wanted
    incomplete,  ///< spans are missing that somebody should have sent
    waiting,     ///< a record was sent moments ago, and nobody has taken it yet
    stuck,       ///< a record was sent, and nobody has taken it
};
std::string_view name_of(chain_state state);

/// What is worth knowing of a row.
enum class finding_kind : std::uint8_t {
    retry,             ///< one of several attempts at the same
    refusal,           ///< a policy refused it, or answered in its place
    time_out,          ///< somebody did not wait any longer
    error,             ///< where an error began; that others met it too is not told again
    inferred,          ///< nobody told what caused it; it was found out
    missing_consumer,  ///< a record that nobody is known to have taken
    missing_outcome,   ///< a record that was taken, and nothing came of it, as it nearly always does
    missing_server,    ///< a call that its callee tells nothing of, although it tells of others
    missing_parent,    ///< a span that others name and that was never received
    fault,             ///< the span itself makes no sense
};
std::string_view name_of(finding_kind kind);

/// One of them, in words. The text is printable.
struct chain_finding {
    finding_kind kind = finding_kind::error;
    std::size_t row = 0;
    std::string text;
    std::size_t times = 1;  ///< of attempts: how many
    std::string source{};   ///< of an inferred link: `chain.link.source`
    double confidence = 0;  ///< and `chain.link.confidence`
};

/// How long records lay in one topic.
struct queue_wait {
    std::uint64_t records = 0, total_ns = 0, longest_ns = 0;
};

/// What one service contributed.
struct service_share {
    std::uint64_t spans = 0, errors = 0;
    std::uint64_t critical_ns = 0;  ///< that the whole chain waited for it
    std::uint64_t own_ns = 0;       ///< within its spans and no span below them
};

/// What a chain says beyond its tree.
struct chain_analysis {
    chain_state state = chain_state::complete;
    std::string verdict;  ///< one line: where is it stuck, what failed, or that all is well
    std::vector<critical_stretch> critical;
    std::vector<time_range> times;  ///< of each row, on one clock
    std::map<std::string, queue_wait> queues;
    std::uint64_t queue_ns = 0;  ///< of the critical path
    std::map<std::string, service_share> services;
    std::vector<chain_finding> findings;  ///< in the order of their rows, each kind at most so often
    std::size_t left_out = 0;             ///< findings beyond that
    std::map<std::string, std::set<std::string>> keys;

    std::size_t count(finding_kind kind) const;
    std::size_t gaps() const;
};

/// What an analysis may know beside the chain.
struct analysis_options {
    std::uint64_t now_unix_ns = 0;                               ///< 0: not known, as for a file
    const chain_surroundings* known = nullptr;                   ///< beyond what the chain itself shows
    std::chrono::nanoseconds patience{std::chrono::seconds(5)};  ///< a younger record is not called stuck
    bool ascii = false;                                          ///< of texts
};

chain_analysis analyze(const chain& one, const analysis_options& options = {});

/// What tied a span to what it hangs from, when that was inferred.
struct inferred_link {
    std::string_view source;
    double confidence = 0;
};
std::optional<inferred_link> inferred_link_of(const chain_row& row);

/// The state of a call or a message, for drawings.
bool timed_out(const span_data& span);
bool was_refused(const span_data& span);

}  // namespace outrider::tracing
