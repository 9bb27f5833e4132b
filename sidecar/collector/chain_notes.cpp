#include "sidecar/collector/chain_notes.hpp"

#include "sidecar/collector/byte_stream.hpp"
#include "sidecar/collector/chain_book.hpp"

namespace outrider::collector {

//     notes = count (trace[16] length decision)*  count (trace[16] sent_as[16] through)*

std::string encode_notes(const chain_notes& notes) {
    std::string bytes;
    byte_writer out{bytes};
    out.whole(notes.decisions.size());
    for (const auto& one : notes.decisions) {
        const auto body = encode_decision(one);
        out.array(one.root.trace.bytes);
        out.whole(body.size());
        out.raw(body);
    }
    out.whole(notes.fates.size());
    for (const auto& one : notes.fates) {
        out.array(one.trace.bytes);
        out.array(one.sent_as.bytes);
        out.whole(one.through);
    }
    return bytes;
}

std::optional<chain_notes> decode_notes(std::string_view bytes) {
    byte_reader in{bytes};
    chain_notes notes;
    for (auto left = in.whole(); left > 0 && !in.failed(); --left) {
        tracing::trace_id trace;
        in.array(trace.bytes);
        auto known = decode_decision(trace, in.raw(in.whole()));
        if (!known) return std::nullopt;
        notes.decisions.push_back(std::move(*known));
    }
    for (auto left = in.whole(); left > 0 && !in.failed(); --left) {
        auto& one = notes.fates.emplace_back();
        in.array(one.trace.bytes);
        in.array(one.sent_as.bytes);
        one.through = in.whole();
    }
    if (in.failed() || !in.done()) return std::nullopt;
    return notes;
}

}  // namespace outrider::collector
