#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider::collector {

/// What is wrong with a parameter of a query, as a sentence; or nothing.
using fault = std::optional<std::string>;

/// "unable to parse param 'limit': expected ..., received: ...", Jaeger's words.
std::string malformed(std::string_view name, std::string_view value, std::string_view expected);

/// A whole number and nothing else.
std::optional<std::uint64_t> parse_whole(std::string_view text);

/// Unix time in microseconds, as Jaeger's API has it, into nanoseconds.
fault read_time(std::optional<std::uint64_t>& into, std::string_view name, std::string_view value);

}  // namespace outrider::collector
