#include "tracing/json_writer.hpp"

#include <array>
#include <charconv>

#include "tracing/hex.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

void append_escaped(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    auto byte = static_cast<std::uint8_t>(c);
    if (byte >= 0x20 && byte != 0x7f) {
        out += c;
        return;
    }
    out += "\\u00";
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 15];
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (char c : text) append_escaped(out, c);
    out += '"';
}

}  // namespace

void json_writer::key(std::string_view name) {
    text(name);
    out_ += ':';
    comma_ = false;
}

void json_writer::text(std::string_view value) {
    separate();
    comma_ = true;
    if (is_ascii(value)) return append_quoted(out_, value);
    std::string clean;
    append_utf8(clean, value);
    append_quoted(out_, clean);
}

void json_writer::boolean(bool value) {
    separate();
    out_ += value ? "true" : "false";
    comma_ = true;
}

void json_writer::null() {
    separate();
    out_ += "null";
    comma_ = true;
}

void json_writer::number(double value) {
    separate();
    std::array<char, 32> digits;
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out_.append(digits.data(), end);
    comma_ = true;
}

}  // namespace outrider::tracing
