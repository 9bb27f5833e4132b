#include "tracing/ot_member.hpp"

#include <algorithm>
#include <array>

#include "tracing/hex.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t digits = 14, value_limit = 256;

std::string_view next_sub_key(std::string_view& rest) {
    auto semicolon = std::min(rest.find(';'), rest.size());
    auto part = rest.substr(0, semicolon);
    rest.remove_prefix(std::min(semicolon + 1, rest.size()));
    return part;
}

// Hex digits as if zeros followed up to the fourteenth.
std::optional<sampling_bits> parse_digits(std::string_view text) {
    if (text.empty() || text.size() > digits) return {};
    std::array<char, digits> padded;
    padded.fill('0');
    text.copy(padded.data(), text.size());
    std::array<std::uint8_t, digits / 2> bytes;
    if (!read_hex({padded.data(), padded.size()}, bytes)) return {};
    sampling_bits bits = 0;
    for (auto byte : bytes) bits = bits << 8 | byte;
    return bits;
}

std::string format_threshold(sampling_bits threshold) {
    std::string text = "th:";
    do {
        text += hex_digits[threshold >> 52 & 15];
        threshold = threshold << 4 & (sampling_range - 1);
    } while (threshold != 0);
    return text;
}

void append_part(std::string& out, std::string_view part) {
    if (!out.empty()) out += ';';
    out += part;
}

}  // namespace

ot_member parse_ot(std::string_view value) {
    ot_member member;
    while (!value.empty()) {
        auto part = next_sub_key(value);
        if (part.starts_with("th:")) member.threshold = parse_digits(part.substr(3));
        if (part.starts_with("rv:") && part.size() == 3 + digits) member.randomness = parse_digits(part.substr(3));
    }
    return member;
}

std::string with_threshold(std::string_view value, std::optional<sampling_bits> threshold) {
    std::string out, randomness;
    if (threshold) out = format_threshold(*threshold);
    auto begin = out;
    while (!value.empty()) {
        auto part = next_sub_key(value);
        if (part.empty() || part.starts_with("th:")) continue;
        if (part.starts_with("rv:")) randomness = part;
        append_part(out, part);
    }
    if (out.size() <= value_limit) return out;
    if (!randomness.empty()) append_part(begin, randomness);
    return begin;
}

}  // namespace outrider::tracing
