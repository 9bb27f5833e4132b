#pragma once

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <vector>

#include "tests/support/chain_simulation.hpp"
#include "tracing/span_data.hpp"
#include "tracing/stitch/decision.hpp"

namespace outrider::test {

/// What is to be generated, and what sidecars say beside the times.
struct generator_options {
    std::uint64_t seed = 1;
    double in_flight = 1.5;  ///< requests in the busiest service, in the mean
    double rate = 0;         ///< requests a second, where that is to be given instead
    std::size_t requests = 1000;
    bool inbound_open = false, echo = false, keys = false;
};

/// A span and when a collector receives it.
struct received_span {
    std::int64_t at_ns = 0;
    tracing::span_data span;
};

/// The truth about a span that no received parent explains.
struct true_root {
    enum class what : std::uint8_t { call, send, hop, record, poll } is = what::call;
    tracing::span_key root;
    std::vector<tracing::span_key> causes;     ///< any of these is right; none were received: none is right
    std::vector<tracing::span_key> ancestors;  ///< the nearest that were received, where the cause was not: right too
    std::size_t chain = nothing;               ///< `nothing`: no request caused it
};

/// Spans as they come to a collector, with what truly happened.
struct generated_chains {
    std::vector<received_span> spans;  ///< by time of arrival
    std::vector<true_root> roots;
    std::vector<std::pair<tracing::span_key, std::size_t>> chain_of;  ///< of each span received, sorted
    std::size_t chains = 0;
    double busiest_in_flight = 0, mean_in_flight = 0, rate = 0;
};

generated_chains generate(const traffic_class& kind, const generator_options& options);

/// As lines of the data of published measurements: `I,service,operation,chain,span,start,end` for what entered, and
/// `O,service,callee:operation,chain,cause,child,start,end,known` for what left, in microseconds; `-` for nobody, and
/// `known` is 1 where a context was handed on.
void write_csv(std::ostream& out, const traffic_class& kind, const generator_options& options);

}  // namespace outrider::test
