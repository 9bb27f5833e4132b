#pragma once

#include <span>
#include <string>
#include <vector>

#include "tracing/span_data.hpp"

namespace outrider::tracing {

struct analysis_options;

/// What put a row where it stands.
enum class chain_join {
    root,    ///< the span has no parent
    parent,  ///< under its parent
    link,    ///< the span has no parent, but a link to a span that is here, of its own or of another trace
    gap,     ///< not a span: a parent that was named, but never received
    cycle,   ///< the spans' parents go round in a circle, which was cut here
    offset,  ///< a `process` under the `send` of the records that it names by topic, partition and offset
    record,  ///< under what took the records that brought its service the context that it names as its parent
    queue,   ///< not a span: the time from the end of a `send` to the start of the `process` or `poll` below
};

/// One line of the tree.
struct chain_row {
    const span_data* span = nullptr;  ///< null for a gap and for a queue
    span_id missing;                  ///< of a gap
    chain_join join = chain_join::root;
    std::size_t depth = 0;
    bool last = true;     ///< among its siblings
    bool skewed = false;  ///< starts before its parent, on another machine's clock
    std::string peer;     ///< whom a CLIENT or PRODUCER span called, as well as it is known
    std::string topic;    ///< of a queue
    std::uint64_t start_unix_ns = 0, end_unix_ns = 0;  ///< of a span or a queue; no time backwards
};

/// The spans of one trace, and of those that are linked to it, as a tree in the order in which they are drawn: depth
/// first, siblings by start; the poll beside a process is last.
struct chain {
    trace_id trace;                ///< the one that its first row belongs to
    std::vector<trace_id> linked;  ///< the others, in the order of their first rows, then those that have none
    /// Of all its spans; only the start of polls counts for nothing: they wait for what is yet to be sent.
    std::uint64_t start_unix_ns = 0, end_unix_ns = 0;
    std::size_t spans = 0, services = 0, errors = 0, gaps = 0;
    std::size_t duplicates = 0;  ///< received twice and left out
    std::size_t anchors = 0;     ///< left out, as the send that they stand for is here
    std::vector<chain_row> rows;
};

/// Builds the trees, in the order of their first spans; traces are one tree when a root of one links to a span of the
/// other. The spans must outlive it. Any input ends in finite trees in which each span stands once: missing parents
/// become gaps, circles are cut at their earliest span. A server span with the id of its client (B3's shared spans)
/// goes under it.
std::vector<chain> build_chains(std::span<const span_data> spans);
std::vector<chain> build_chains(std::vector<span_data>&&) = delete;  // its rows would point to nothing

/// How a tree is drawn.
struct chain_style {
    std::size_t width = 100;   ///< columns of the terminal
    bool ascii = false;        ///< for terminals without UTF-8
    std::size_t max_rows = 0;  ///< of one trace, 0: all
};

/// Draws them as lines of text: service and name, status, duration, offset from the start, a bar of time. Names come
/// from anywhere: control characters and what changes the direction of writing are shown escaped.
/// Below them stands what chain_analysis found, and as the last line its verdict. `~` marks what was inferred.
std::string chain_text(std::span<const chain> chains, const chain_style& style = {});
std::string chain_text(std::span<const chain> chains, const chain_style& style, const analysis_options& options);

/// The same trees as JSON: `{"chains":[{"traceId",...,"rows":[{"depth",...}]}]}`. The rows are in the order of the
/// drawing with their depth, not nested, so that no depth is too deep for a reader.
std::string chain_json(std::span<const chain> chains);
std::string chain_json(std::span<const chain> chains, const analysis_options& options);

/// An HTTP status code or, for an error, what is known of it; empty when nothing is.
std::string status_text(const span_data& span);

}  // namespace outrider::tracing
