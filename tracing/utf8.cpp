#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

struct lead_byte {
    std::size_t length;
    std::uint8_t second_min, second_max;
};

// What may follow a lead byte: overlong forms, surrogates and what lies above U+10FFFF are excluded by the second byte.
lead_byte classify(std::uint8_t lead) {
    if (lead < 0x80) return {1, 0, 0};
    if (lead < 0xc2) return {0, 0, 0};
    if (lead < 0xe0) return {2, 0x80, 0xbf};
    if (lead == 0xe0) return {3, 0xa0, 0xbf};
    if (lead == 0xed) return {3, 0x80, 0x9f};
    if (lead < 0xf0) return {3, 0x80, 0xbf};
    if (lead == 0xf0) return {4, 0x90, 0xbf};
    if (lead < 0xf4) return {4, 0x80, 0xbf};
    if (lead == 0xf4) return {4, 0x80, 0x8f};
    return {0, 0, 0};
}

}  // namespace

std::size_t utf8_character(std::string_view text) {
    if (text.empty()) return 0;
    auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    auto lead = classify(byte(0));
    if (lead.length < 2) return lead.length;
    if (text.size() < lead.length || byte(1) < lead.second_min || byte(1) > lead.second_max) return 0;
    for (std::size_t i = 2; i < lead.length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    return lead.length;
}

void append_utf8(std::string& out, std::string_view text, std::size_t max_bytes) {
    if (text.size() <= max_bytes && is_ascii(text)) {
        out.append(text);
        return;
    }
    auto room = max_bytes;
    while (!text.empty()) {
        auto length = utf8_character(text);
        auto character = length == 0 ? replacement : text.substr(0, length);
        if (character.size() > room) return;
        out.append(character);
        room -= character.size();
        text.remove_prefix(length == 0 ? 1 : length);
    }
}

}  // namespace outrider::tracing
