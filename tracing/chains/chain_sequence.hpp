#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tracing/chains/drawn_graph.hpp"

namespace outrider::tracing {

/// Who talks in a sequence diagram, and what is said, in order. All texts are printable and short.
struct drawn_sequence {
    struct participant {
        place_kind kind = place_kind::service;
        std::string name;
    };
    enum class step_kind {
        call,    ///< and its answer comes, in a later step
        answer,  ///< to the call `of`
        lost,    ///< instead of an answer: nobody waited for it any longer
        send,    ///< a message goes into a topic
        take,    ///< and out of it
        inside,  ///< something that a service did by itself
        note,    ///< a remark
    };
    struct step {
        step_kind kind = step_kind::note;
        std::size_t from = 0, to = 0;  ///< participants; a note stands at `from`
        std::string text;
        std::uint64_t offset_ns = 0;  ///< from the beginning of the chain
        bool inferred = false, bad = false;
    };
    std::vector<participant> participants;  ///< in the order in which they come in
    std::vector<step> steps;                ///< each answer behind its call
    std::string title;
    std::string left_out;  ///< in words; empty: nothing
};

/// A chain as a sequence diagram. Times are those of row_times(), so that what was caused stands below its cause,
/// whatever the clocks of the machines say.
drawn_sequence sequence_of(const chain& one, const chain_analysis& known, const drawing_limits& limits = {});

/// Mermaid's `sequenceDiagram`.
std::string sequence_mermaid(const drawn_sequence& sequence);
/// A picture of its own: no script, nothing fetched, readable on light and dark ground.
std::string sequence_svg(const drawn_sequence& sequence);

}  // namespace outrider::tracing
