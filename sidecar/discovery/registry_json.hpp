#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace outrider::discovery {

using nlohmann::json;

/// The most bytes that a registry's answer, or one event of a stream, may have.
inline constexpr std::size_t answer_bytes = 16 << 20;
/// The most members of one service that are taken.
inline constexpr std::size_t most_members = 1'000;

/// A whole document; nothing when it is malformed, nests deeper than 32, or has more than half a million values: a
/// byte of JSON can cost fifty of memory.
std::optional<json> read_json(std::string_view text);

// Members of an object. Null, absent or of another type: the pointer is null, the text empty, the number none.
const json* member_of(const json& object, const char* name);
std::string text_of(const json& object, const char* name);
std::optional<bool> flag_of(const json& object, const char* name);
/// Not negative, as a number or, as protobuf's mapping has it, in a string.
std::optional<std::uint64_t> number_of(const json& object, const char* name);

/// One line, without bytes that are no UTF-8.
std::string write_json(const json& document);

/// For messages: printable ASCII, cut to 200 characters.
std::string shown(std::string_view text);

/// As one segment of a path or one value of a query (RFC 3986).
std::string percent_encoded(std::string_view text);

}  // namespace outrider::discovery
