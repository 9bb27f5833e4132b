#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "tracing/memory_budget.hpp"

namespace outrider::tracing::json {

using nlohmann::json;

/// Parses a whole document of at most `depth` nested arrays and objects. Throws decode_failure.
json parse(std::string_view text, unsigned depth);

// Members of objects: null counts as absent, a value of the wrong type throws decode_failure. The pointers are null
// when absent; the texts empty, the numbers 0.

const json* member(const json& object, const char* name);
const json* array_member(const json& object, const char* name);
const json* object_member(const json& object, const char* name);
std::string_view text_member(const json& object, const char* name);
/// 64-bit integers come as numbers or, from JavaScript and protobuf's mapping, as strings.
std::int64_t signed_member(const json& object, const char* name);
std::uint64_t unsigned_member(const json& object, const char* name);
std::uint32_t count_member(const json& object, const char* name);  ///< cut to 32 bits

/// `name` is what the failure is about.
std::int64_t to_signed(const json& value, std::string_view name = "a number");
std::uint64_t to_unsigned(const json& value, std::string_view name = "a number");
double to_double(const json& value, std::string_view name = "a number");  ///< also "NaN", "Infinity", "-Infinity"

/// Malformed; `where` says what is wrong.
[[noreturn]] void fail(std::string where = {});

}  // namespace outrider::tracing::json
