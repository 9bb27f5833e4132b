#include "tracing/traceparent.hpp"

#include "tracing/hex.hpp"

namespace outrider::tracing {
namespace {

// 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
constexpr std::size_t trace_at = 3, span_at = 36, flags_at = 53, length = 55;
constexpr std::uint8_t known_flags = flag_sampled | flag_random;

bool has_the_dashes(std::string_view value) {
    return value[trace_at - 1] == '-' && value[span_at - 1] == '-' && value[flags_at - 1] == '-';
}

// A later version may append fields behind a dash; 00 may not. ff is forbidden.
bool ends_as_version_says(std::uint8_t version, std::string_view value) {
    if (version == 0xff) return false;
    if (value.size() == length) return true;
    return version != 0 && value[length] == '-';
}

}  // namespace

std::optional<span_context> parse_traceparent(std::string_view value) {
    if (value.size() < length || !has_the_dashes(value)) return {};
    span_context parsed;
    std::array<std::uint8_t, 1> version, flags;
    if (!read_hex(value.substr(0, 2), version) || !ends_as_version_says(version[0], value)) return {};
    if (!read_hex(value.substr(trace_at, 32), parsed.trace.bytes)) return {};
    if (!read_hex(value.substr(span_at, 16), parsed.span.bytes)) return {};
    if (!read_hex(value.substr(flags_at, 2), flags) || !parsed.valid()) return {};
    parsed.flags = flags[0] & known_flags;
    return parsed;
}

void append_traceparent(std::string& out, const span_context& own) {
    static constexpr std::string_view name = "traceparent: 00-";
    std::array<char, name.size() + length - 3 + 2> line;
    auto* at = line.data() + name.copy(line.data(), name.size());
    at = write_hex(at, own.trace.bytes);
    *at++ = '-';
    at = write_hex(at, own.span.bytes);
    *at++ = '-';
    std::array<std::uint8_t, 1> flags{static_cast<std::uint8_t>(own.flags & known_flags)};
    at = write_hex(at, flags);
    *at++ = '\r';
    *at++ = '\n';
    out.append(line.data(), line.size());
}

}  // namespace outrider::tracing
