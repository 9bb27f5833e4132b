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

template <class Number>
Number from_text(const std::string& text) {
    Number number{};
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) fail();
    return number;
}

}  // namespace

void fail() { throw decode_failure{decode_error::malformed}; }

json parse(std::string_view text, unsigned depth) {
    if (nests_deeper(text, depth)) throw decode_failure{decode_error::too_deep};
    auto document = json::parse(text, nullptr, false);
    if (document.is_discarded()) fail();
    return document;
}

const json* member(const json& object, const char* name) {
    if (!object.is_object()) fail();
    auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

const json* array_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    if (found != nullptr && !found->is_array()) fail();
    return found;
}

const json* object_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    if (found != nullptr && !found->is_object()) fail();
    return found;
}

std::string_view text_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    if (found == nullptr) return {};
    if (!found->is_string()) fail();
    return found->get_ref<const std::string&>();
}

std::int64_t to_signed(const json& value) {
    if (value.is_string()) return from_text<std::int64_t>(value.get_ref<const std::string&>());
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) fail();
    if (value.is_number_integer()) return value.get<std::int64_t>();
    auto number = to_double(value);
    if (!(std::abs(number) < 9.2e18) || number != std::trunc(number)) fail();
    return static_cast<std::int64_t>(number);
}

std::uint64_t to_unsigned(const json& value) {
    if (value.is_string()) return from_text<std::uint64_t>(value.get_ref<const std::string&>());
    if (value.is_number_unsigned()) return value.get<std::uint64_t>();
    auto number = to_double(value);
    if (!(number >= 0 && number < 1.8e19) || number != std::trunc(number)) fail();
    return static_cast<std::uint64_t>(number);
}

double to_double(const json& value) {
    if (value.is_number()) return value.get<double>();
    if (!value.is_string()) fail();
    const auto& text = value.get_ref<const std::string&>();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    return from_text<double>(text);
}

std::int64_t signed_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    return found == nullptr ? 0 : to_signed(*found);
}

std::uint64_t unsigned_member(const json& object, const char* name) {
    const auto* found = member(object, name);
    return found == nullptr ? 0 : to_unsigned(*found);
}

std::uint32_t count_member(const json& object, const char* name) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(unsigned_member(object, name), std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace outrider::tracing::json
