#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider::tracing {

/// A 56-bit number: the randomness of a trace, or the threshold below which its spans are rejected.
using sampling_bits = std::uint64_t;
inline constexpr sampling_bits sampling_range = std::uint64_t{1} << 56;

/// The tracestate member `ot` of OpenTelemetry's consistent probability sampling: `th:{threshold};rv:{randomness};...`.
struct ot_member {
    std::optional<sampling_bits> threshold;   ///< th: 1 to 14 hex digits, trailing zeros left out
    std::optional<sampling_bits> randomness;  ///< rv: exactly 14 hex digits; replaces the low 56 bits of the trace id
};

/// Reads what of it is well-formed; other sub-keys are passed over.
ot_member parse_ot(std::string_view value);

/// The value with `threshold` as its `th`, or with none; the other sub-keys are kept in their order behind it as long
/// as the whole stays within the 256 characters of a tracestate value, of which `rv` goes last.
std::string with_threshold(std::string_view value, std::optional<sampling_bits> threshold);

}  // namespace outrider::tracing
