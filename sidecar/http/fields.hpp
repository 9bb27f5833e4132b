#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace outrider::http {

/// The fields that a proxy has to know by name; everything else is `other` and passes untouched.
enum class field_id : std::uint8_t {
    other,
    b3,
    baggage,
    connection,
    content_encoding,
    content_length,
    content_type,
    date,
    expect,
    forwarded,
    grpc_timeout,
    host,
    http2_settings,
    keep_alive,
    max_forwards,
    proxy_connection,
    te,
    trace_parent,
    trace_state,
    trailer,
    transfer_encoding,
    uber_trace_id,
    upgrade,
    user_agent,
    via,
    x_b3_flags,
    x_b3_parent_span_id,
    x_b3_sampled,
    x_b3_span_id,
    x_b3_trace_id,
    x_forwarded_for,
    x_forwarded_host,
    x_forwarded_proto,
    x_outrider_timeout_ms,
    x_request_id,
};
inline constexpr std::size_t field_ids = static_cast<std::size_t>(field_id::x_request_id) + 1;

/// Several ids at once.
using field_id_set = std::uint64_t;
static_assert(field_ids <= 64);

constexpr field_id_set set_of(std::same_as<field_id> auto... ids) {
    return (field_id_set{0} | ... | (field_id_set{1} << static_cast<unsigned>(ids)));
}

/// The id of a field name, whatever its case. The name holds no control character.
field_id identify(std::string_view name);

/// One field line; views into the read buffer.
struct field {
    std::string_view name;
    std::string_view value;  ///< without the white space around it
    std::string_view line;   ///< as received, with its CRLF
    field_id id = field_id::other;
    bool dropped = false;  ///< hop-by-hop, or replaced by ours: not forwarded
};

/// RFC 9110 5.6.2: a non-empty string of tchar.
bool is_token(std::string_view text);

inline constexpr auto token_chars = [] {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (char c : std::string_view{"!#$%&'*+-.^_`|~"}) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

constexpr bool is_token_char(char c) { return token_chars[static_cast<unsigned char>(c)]; }

/// Equal but for ASCII case.
bool same_letters(const char* a, const char* b, std::size_t size);
inline bool same_name(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    // Most are written alike; beside a constant this is a comparison or two of whole words.
    return std::memcmp(a.data(), b.data(), b.size()) == 0 || same_letters(a.data(), b.data(), a.size());
}

/// Without the blanks around it.
inline std::string_view trim(std::string_view text) {
    constexpr auto blank = [](char c) { return c == ' ' || c == '\t'; };
    auto *begin = text.data(), *end = begin + text.size();
    while (begin != end && blank(*begin)) ++begin;
    while (begin != end && blank(end[-1])) --end;
    return {begin, static_cast<std::size_t>(end - begin)};
}

/// Calls `each(member)` for the non-empty members of a comma-separated list (RFC 9110 5.6.1).
template <typename Each>
void for_each_member(std::string_view list, Each each) {
    while (!list.empty()) {
        auto comma = list.find(',');
        auto member = trim(list.substr(0, comma));
        if (!member.empty()) each(member);
        if (comma == std::string_view::npos) return;
        list.remove_prefix(comma + 1);
    }
}

/// One field line without its CRLF, as it may stand in a head or in trailers. Strict: a token, no white space before
/// the colon, no control character, no folding.
/// @return false when it breaks the grammar of RFC 9112 5
bool parse_field_line(std::string_view line, field& out);

}  // namespace outrider::http
