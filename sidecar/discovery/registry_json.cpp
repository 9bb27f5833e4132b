#include "sidecar/discovery/registry_json.hpp"

#include <charconv>

namespace outrider::discovery {
namespace {

constexpr unsigned deepest = 32;
constexpr std::size_t most_values = 500'000;
constexpr std::size_t shown_bytes = 200;

/// Brackets and commas outside of strings; what is no JSON is found by the parser afterwards.
bool within_bounds(std::string_view text) {
    unsigned open = 0;
    std::size_t values = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++open > deepest || ++values > most_values) return false;
        } else if (c == ',') {
            if (++values > most_values) return false;
        } else if ((c == ']' || c == '}') && open > 0) {
            --open;
        }
    }
    return true;
}

bool unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

}  // namespace

std::optional<json> read_json(std::string_view text) {
    if (!within_bounds(text)) return std::nullopt;
    auto document = json::parse(text, nullptr, false);
    if (document.is_discarded()) return std::nullopt;
    return document;
}

const json* member_of(const json& object, const char* name) {
    if (!object.is_object()) return nullptr;
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_of(const json& object, const char* name) {
    const auto* found = member_of(object, name);
    return found != nullptr && found->is_string() ? found->get<std::string>() : std::string{};
}

std::optional<bool> flag_of(const json& object, const char* name) {
    const auto* found = member_of(object, name);
    if (found == nullptr || !found->is_boolean()) return std::nullopt;
    return found->get<bool>();
}

std::optional<std::uint64_t> number_of(const json& object, const char* name) {
    const auto* found = member_of(object, name);
    if (found == nullptr) return std::nullopt;
    if (found->is_number_unsigned()) return found->get<std::uint64_t>();
    // A document that was built, not read, has signed ones.
    if (found->is_number_integer() && found->get<std::int64_t>() >= 0) return found->get<std::uint64_t>();
    if (!found->is_string()) return std::nullopt;
    const auto& text = found->get_ref<const std::string&>();
    std::uint64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string write_json(const json& document) {
    return document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string shown(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, shown_bytes)) out += c >= 0x20 && c < 0x7f ? c : ' ';
    while (out.ends_with(' ')) out.pop_back();
    return text.size() > shown_bytes ? out + "..." : out;
}

std::string percent_encoded(std::string_view text) {
    constexpr const char* digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (unreserved(c))
            out += c;
        else
            out.append({'%', digits[byte >> 4], digits[byte & 15]});
    }
    return out;
}

}  // namespace outrider::discovery
