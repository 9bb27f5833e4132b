#include "sidecar/http/fields.hpp"

#include <algorithm>

#include "sidecar/http/field_names.hpp"

namespace outrider::http {
namespace {

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool same_letters(const char* a, const char* b, std::size_t size) {
    return std::equal(a, a + size, b, [](char x, char y) { return lower(x) == lower(y); });
}

field_id identify(std::string_view name) { return field_names::find(name); }

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

bool parse_field_line(std::string_view line, field& out) {
    std::size_t colon = 0;
    while (colon < line.size() && is_token_char(line[colon])) ++colon;
    if (colon == 0 || colon == line.size() || line[colon] != ':') return false;
    out.name = line.substr(0, colon);
    out.value = trim(line.substr(colon + 1));
    for (char c : out.value)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
    out.line = line;
    out.id = identify(out.name);
    out.dropped = false;
    return true;
}

}  // namespace outrider::http
