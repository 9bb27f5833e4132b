#include "tracing/json_reader.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace outrider::tracing::json {
namespace {

// Brackets outside of strings; what is no JSON is found by the parser afterwards.
bool nests_deeper(std::string_view text, unsigned depth) {
    unsigned open = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++open > depth) return true;
        } else if ((c == ']' || c == '}') && open > 0) {
            --open;
        }
    }
    return false;
}

std::string quoted(std::string_view name) { return "'" + std::string{name} + "'"; }

[[noreturn]] void fail_type(std::string_view name, const json& found, std::string_view wanted) {
    fail(quoted(name) + " is of type " + found.type_name() + ", not " + std::string{wanted});
}

[[noreturn]] void fail_number(std::string_view name, std::string_view wanted) {
    fail(quoted(name) + " is no " + std::string{wanted});
}

template <class Number>
Number from_text(const std::string& text, std::string_view name, std::string_view wanted) {
    Number number{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) fail_number(name, wanted);
    return number;
}

constexpr std::string_view whole = "whole number of 64 bits", whole_unsigned = "whole number of 64 bits without a sign";

}  // namespace

void fail(std::string where) { throw decode_failure{{decode_error::malformed, std::move(where)}}; }

json parse(std::string_view text, unsigned depth) {
    if (nests_deeper(text, depth)) throw decode_failure{decode_error::too_deep};
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) fail("it is empty");
    try {
        return json::parse(text);
    } catch (const json::parse_error& error) {
        if (error.byte > text.size()) fail("the JSON ends too early, after " + std::to_string(text.size()) + " bytes");
        fail("no JSON at byte " + std::to_string(error.byte));
    } catch (const json::exception&) {
        fail("the JSON has a number that is out of range");
    }
}

const json* member(const json& object, const char* name) {
    if (!object.is_object()) fail("an object with " + quoted(name) + " is of type " + object.type_name());
    auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

const json* array_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    if (found != nullptr && !found->is_array()) fail_type(name, *found, "array");
    return found;
}

const json* object_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    if (found != nullptr && !found->is_object()) fail_type(name, *found, "object");
    return found;
}

std::string_view text_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    if (found == nullptr) return {};
    if (!found->is_string()) fail_type(name, *found, "string");
    return found->get_ref<const std::string&>();
}

std::int64_t to_signed(const json& value, std::string_view name) {
    if (value.is_string()) return from_text<std::int64_t>(value.get_ref<const std::string&>(), name, whole);
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max())
        fail_number(name, whole);
    if (value.is_number_integer()) return value.get<std::int64_t>();
    auto number = to_double(value, name);
    if (!(std::abs(number) < 9.2e18) || number != std::trunc(number)) fail_number(name, whole);
    return static_cast<std::int64_t>(number);
}

std::uint64_t to_unsigned(const json& value, std::string_view name) {
    if (value.is_string()) return from_text<std::uint64_t>(value.get_ref<const std::string&>(), name, whole_unsigned);
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    auto number = to_double(value, name);
    if (!(number >= 0 && number < 1.8e19) || number != std::trunc(number)) fail_number(name, whole_unsigned);
    return static_cast<std::uint64_t>(number);
}

double to_double(const json& value, std::string_view name) {
    if (value.is_number()) return value.get<double>();
    if (!value.is_string()) fail_type(name, value, "number");
    const auto& text = value.get_ref<const std::string&>();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    return from_text<double>(text, name, "number");
}

std::int64_t signed_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    return found == nullptr ? 0 : to_signed(*found, name);
}

std::uint64_t unsigned_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    return found == nullptr ? 0 : to_unsigned(*found, name);
}

std::uint32_t count_member(const json& object, const char* name) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(unsigned_member(object, name), std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace outrider::tracing::json
