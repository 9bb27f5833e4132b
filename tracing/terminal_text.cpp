#include "tracing/terminal_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "tracing/hex.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

struct range {
    char32_t first, last;
};

// Unicode's East Asian Width W and F, in its large blocks, and the emoji.
constexpr std::array wide{range{0x1100, 0x115f},   range{0x2e80, 0x303e},   range{0x3041, 0xa4cf},
                          range{0xac00, 0xd7a3},   range{0xf900, 0xfaff},   range{0xfe30, 0xfe6f},
                          range{0xff00, 0xff60},   range{0xffe0, 0xffe6},   range{0x1f300, 0x1f64f},
                          range{0x1f680, 0x1f6ff}, range{0x1f900, 0x1faff}, range{0x20000, 0x3fffd}};
constexpr std::array combining{range{0x300, 0x36f},   range{0x483, 0x489},   range{0x591, 0x5bd},
                               range{0x1ab0, 0x1aff}, range{0x1dc0, 0x1dff}, range{0x20d0, 0x20ff},
                               range{0xfe00, 0xfe0f}, range{0xfe20, 0xfe2f}};
// C1 controls, soft hyphen, zero-width and direction marks, separators, direction overrides, invisible operators, BOM,
// tags.
constexpr std::array unsafe{range{0x80, 0x9f},     range{0xad, 0xad},      range{0x61c, 0x61c},   range{0x180e, 0x180e},
                            range{0x200b, 0x200f}, range{0x2028, 0x202e},  range{0x2060, 0x206f}, range{0xfeff, 0xfeff},
                            range{0xfff9, 0xfffb}, range{0xe0000, 0xe0fff}};

template <std::size_t Size>
bool within(const std::array<range, Size>& ranges, char32_t c) {
    return std::any_of(ranges.begin(), ranges.end(), [c](range one) { return c >= one.first && c <= one.last; });
}

char32_t code_point(std::string_view character) {
    auto lead = static_cast<std::uint8_t>(character[0]);
    if (character.size() == 1) return lead;
    char32_t c = lead & (0xffU >> (character.size() + 1));
    for (auto byte : character.substr(1)) c = c << 6 | (static_cast<std::uint8_t>(byte) & 0x3f);
    return c;
}

void append_escape(std::string& out, char32_t c) {
    if (c == '\n' || c == '\r' || c == '\t') {
        out += '\\';
        out += c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
        return;
    }
    auto digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 6;
    out += digits == 2 ? "\\x" : "\\u";
    for (auto shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += hex_digits[c >> shift & 15];
}

std::size_t columns_of(char32_t c) { return within(combining, c) ? 0 : within(wide, c) ? 2 : 1; }

// Calls visit(character, code point) for each character of valid UTF-8, until it returns false.
template <class Visit>
void for_each_character(std::string_view text, Visit visit) {
    while (!text.empty()) {
        auto length = std::max<std::size_t>(1, utf8_character(text));
        auto character = text.substr(0, length);
        if (!visit(character, code_point(character))) return;
        text.remove_prefix(length);
    }
}

}  // namespace

std::string printable(std::string_view text, bool ascii) {
    std::string valid, out;
    append_utf8(valid, text);
    for_each_character(valid, [&](std::string_view character, char32_t c) {
        if (c < 0x20 || c == 0x7f || within(unsafe, c)) {
            append_escape(out, c);
        } else if (ascii && c > 0x7f) {
            out += '?';
        } else {
            out += character;
        }
        return true;
    });
    return out;
}

std::size_t columns(std::string_view text) {
    std::size_t sum = 0;
    for_each_character(text, [&](std::string_view, char32_t c) {
        sum += columns_of(c);
        return true;
    });
    return sum;
}

std::string fit(std::string_view text, std::size_t width, bool ascii) {
    std::string_view ellipsis = ascii ? "..." : "\u2026";
    auto whole = columns(text);
    std::string out;
    if (whole <= width) {
        out = text;
        return out.append(width - whole, ' ');
    }
    auto mark = std::min(columns(ellipsis), width);
    std::size_t used = 0;
    for_each_character(text, [&](std::string_view character, char32_t c) {
        if (used + columns_of(c) > width - mark) return false;
        used += columns_of(c);
        out += character;
        return true;
    });
    if (mark == columns(ellipsis)) {
        out += ellipsis;
        used += mark;
    }
    return out.append(width - used, ' ');
}

}  // namespace outrider::tracing
