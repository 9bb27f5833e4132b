#include "sidecar/collector/query_parameters.hpp"

#include <charconv>

namespace outrider::collector {

std::string malformed(std::string_view name, std::string_view value, std::string_view expected) {
    return "unable to parse param '" + std::string{name} + "': expected " + std::string{expected} +
           ", received: " + std::string{value};
}

std::optional<std::uint64_t> parse_whole(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

fault read_time(std::optional<std::uint64_t>& into, std::string_view name, std::string_view value) {
    const auto microseconds = parse_whole(value);
    if (!microseconds || *microseconds > UINT64_MAX / 1'000) return malformed(name, value, "microseconds since 1970");
    into = *microseconds * 1'000;
    return std::nullopt;
}

}  // namespace outrider::collector
