#include "sidecar/http/authority.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>

namespace outrider::http {
namespace {

/// unreserved and sub-delims, without the comma
constexpr auto plain_characters = [] {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (char c : std::string_view{"-._~!$&'()*+;="}) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// reg-name: unreserved / pct-encoded / sub-delims; a comma is legal there, but two hosts in one field are not.
bool is_reg_name(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
            continue;
        }
        if (!plain_characters[static_cast<unsigned char>(c)]) return false;
    }
    return true;
}

bool is_ipv6(std::string_view text) {
    char copy[64];
    in6_addr parsed;
    if (text.empty() || text.size() >= sizeof copy) return false;
    std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = '\0';
    return ::inet_pton(AF_INET6, copy, &parsed) == 1;
}

bool parse_port(std::string_view text, authority& out) {
    if (text.empty()) return true;
    std::uint16_t port = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return false;
    out.port = port;
    return true;
}

}  // namespace

std::optional<authority> parse_authority(std::string_view text) {
    authority out;
    out.text = text;
    if (!text.empty() && text.front() == '[') {
        auto close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        out.host = text.substr(1, close - 1);
        out.ipv6 = true;
        auto after = text.substr(close + 1);
        if (!is_ipv6(out.host)) return std::nullopt;
        if (after.empty()) return out;
        if (after.front() != ':' || !parse_port(after.substr(1), out)) return std::nullopt;
        return out;
    }
    auto colon = text.find(':');
    out.host = text.substr(0, colon);
    if (!is_reg_name(out.host)) return std::nullopt;
    if (colon != std::string_view::npos && !parse_port(text.substr(colon + 1), out)) return std::nullopt;
    return out;
}

}  // namespace outrider::http
