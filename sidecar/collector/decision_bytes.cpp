#include <bit>

#include "sidecar/collector/byte_stream.hpp"
#include "sidecar/collector/chain_book.hpp"

namespace outrider::collector {

using tracing::cause_candidate;

namespace {

//     decision  = root[8] count candidate*       the first candidate is the cause, the others alternatives
//     candidate = source[1] confidence[4] (trace[16] span[8])?     without ids: no cause

void append(byte_writer& out, const cause_candidate& one) {
    const bool named = one.cause.valid();
    out.byte(static_cast<unsigned>(one.source) | (named ? 0x80U : 0U));
    const auto bits = std::bit_cast<std::uint32_t>(one.confidence);
    for (unsigned shift = 0; shift < 32; shift += 8) out.byte(bits >> shift & 0xff);
    if (!named) return;
    out.array(one.cause.trace.bytes);
    out.array(one.cause.span.bytes);
}

cause_candidate candidate(byte_reader& in) {
    cause_candidate one;
    const auto head = in.byte();
    one.source = static_cast<tracing::link_source>(head & 0x7f);
    std::uint32_t bits = 0;
    for (unsigned shift = 0; shift < 32; shift += 8) bits |= std::uint32_t{in.byte()} << shift;
    one.confidence = std::bit_cast<float>(bits);
    if ((head & 0x80) == 0) return one;
    in.array(one.cause.trace.bytes);
    in.array(one.cause.span.bytes);
    if (one.source > tracing::link_source::none) in.fail();
    return one;
}

constexpr std::size_t most_alternatives = 4;

}  // namespace

std::string encode_decision(const tracing::decision& known) {
    std::string bytes;
    byte_writer out{bytes};
    out.array(known.root.span.bytes);
    const auto others = std::min(known.alternatives.size(), most_alternatives);
    out.byte(static_cast<unsigned>(others));
    append(out, known.cause);
    for (std::size_t i = 0; i < others; ++i) append(out, known.alternatives[i]);
    return bytes;
}

std::optional<tracing::decision> decode_decision(const tracing::trace_id& trace, std::string_view bytes) {
    byte_reader in{bytes};
    tracing::decision out;
    out.root.trace = trace;
    in.array(out.root.span.bytes);
    const auto others = in.byte();
    out.cause = candidate(in);
    for (unsigned i = 0; i < others && !in.failed(); ++i) out.alternatives.push_back(candidate(in));
    if (in.failed() || !in.done()) return std::nullopt;
    return out;
}

}  // namespace outrider::collector
