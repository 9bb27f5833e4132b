#include "tracing/capture/json_escapes.hpp"

#include <charconv>
#include <cstdint>

namespace outrider::tracing {
namespace {

void append_utf8(std::uint32_t code, std::string& out) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) return put(0xc0 | code >> 6), put(0x80 | (code & 0x3f));
    if (code < 0x10000) return put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
    put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
}

constexpr std::uint32_t replacement = 0xfffd;

/// Four hex digits at the front of `raw`, taken; 0x110000 when they are none.
std::uint32_t take_hex(std::string_view& raw) {
    std::uint32_t code = 0;
    const auto digits = raw.substr(0, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) return 0x110000;
    raw.remove_prefix(4);
    return code;
}

/// What follows \u: one code, or two that are halves of one.
std::uint32_t take_code(std::string_view& raw) {
    const auto high = take_hex(raw);
    if (high < 0xd800 || high > 0xdfff) return high < 0x110000 ? high : replacement;
    if (high > 0xdbff || !raw.starts_with("\\u")) return replacement;
    auto rest = raw.substr(2);
    const auto low = take_hex(rest);
    if (low < 0xdc00 || low > 0xdfff) return replacement;
    raw = rest;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

}  // namespace

void unescape_json(std::string_view raw, std::string& out) {
    constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    while (true) {
        const auto slash = raw.find('\\');
        out.append(raw.substr(0, slash));
        if (slash == std::string_view::npos) return;
        raw.remove_prefix(slash + 1);
        if (raw.empty()) return append_utf8(replacement, out);
        const char c = raw.front();
        raw.remove_prefix(1);
        const auto plain = names.find(c);
        if (plain != std::string_view::npos)
            out.push_back(meant[plain]);
        else
            append_utf8(c == 'u' ? take_code(raw) : replacement, out);
    }
}

}  // namespace outrider::tracing
