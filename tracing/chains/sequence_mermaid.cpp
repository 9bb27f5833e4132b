// A sequence as Mermaid's sequence diagram.
#include "tracing/chains/chain_sequence.hpp"
#include "tracing/chains/mermaid_text.hpp"

namespace outrider::tracing {
namespace {

using step_kind = drawn_sequence::step_kind;

std::string id_of(std::size_t participant) { return "p" + std::to_string(participant); }

void append_participant(std::string& out, std::size_t number, const drawn_sequence::participant& who) {
    out.append(who.kind == place_kind::outside ? "    actor " : "    participant ")
        .append(id_of(number))
        .append(" as ");
    out += who.kind == place_kind::topic ? "(" + mermaid_text(who.name) + ")" : mermaid_text(who.name);
    out += '\n';
}

std::string_view arrow_of(const drawn_sequence::step& step) {
    switch (step.kind) {
        case step_kind::call:
            return "->>+";
        case step_kind::answer:
            return "-->>-";
        case step_kind::lost:
            return "--x-";
        case step_kind::inside:
            return "->>";
        case step_kind::send:
        case step_kind::take:
        case step_kind::note:
            break;
    }
    return "-)";
}

void append_step(std::string& out, const drawn_sequence::step& step) {
    out += "    ";
    if (step.kind == step_kind::note) {
        out.append("Note over ").append(id_of(step.from));
    } else {
        out.append(id_of(step.from)).append(arrow_of(step)).append(id_of(step.to));
    }
    out.append(": ").append(step.bad ? "✗ " : "").append(mermaid_text(step.text)).append("\n");
}

}  // namespace

std::string sequence_mermaid(const drawn_sequence& sequence) {
    std::string out = "sequenceDiagram\n";
    for (std::size_t i = 0; i < sequence.participants.size(); ++i) append_participant(out, i, sequence.participants[i]);
    for (const auto& step : sequence.steps) append_step(out, step);
    if (sequence.participants.empty()) return out += "    participant p0 as nothing\n";
    const auto last = sequence.participants.size() - 1;
    const auto over = "    Note over " + id_of(0) + (last == 0 ? "" : "," + id_of(last)) + ": ";
    for (const auto* text : {&sequence.left_out, &sequence.title})
        if (!text->empty()) out.append(over).append(mermaid_text(*text)).append("\n");
    return out;
}

}  // namespace outrider::tracing
