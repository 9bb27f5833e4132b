#include "sidecar/intercept/first_words.hpp"

#include <algorithm>

namespace outrider::intercept {
namespace {

constexpr std::size_t longest_method = 20;
constexpr std::string_view version = " HTTP/1.";

std::uint8_t byte_at(std::string_view seen, std::size_t i) { return static_cast<std::uint8_t>(seen[i]); }

std::int32_t number_at(std::string_view seen, std::size_t i, std::size_t size) {
    std::uint32_t value = 0;
    for (std::size_t k = 0; k < size; ++k) value = value << 8 | byte_at(seen, i + k);
    return size == 2 ? static_cast<std::int16_t>(value) : static_cast<std::int32_t>(value);
}

/// RFC 8446 5.1 and 4.1.2: a handshake record whose message is a ClientHello.
first_words judge_tls(std::string_view seen) {
    if (seen.size() > 1 && byte_at(seen, 1) != 3) return first_words::other;
    if (seen.size() > 2 && byte_at(seen, 2) > 4) return first_words::other;
    if (seen.size() < 6) return first_words::unsure;
    return byte_at(seen, 5) == 1 ? first_words::tls : first_words::other;
}

bool is_method_character(char c) { return (c >= 'A' && c <= 'Z') || c == '-' || c == '_'; }

/// What follows the method and its space.
first_words judge_target(std::string_view method, std::string_view rest, bool whole) {
    if (rest.empty()) return first_words::unsure;
    const auto line = rest.substr(0, rest.find('\n'));
    if (std::any_of(line.begin(), line.end(), [](char c) { return static_cast<std::uint8_t>(c) < ' ' && c != '\r'; }))
        return first_words::other;
    if (line.size() < rest.size()) {
        const auto at = line.rfind(version);
        if (at == std::string_view::npos)
            return line.find(" HTTP/2.0") == std::string_view::npos ? first_words::other : first_words::not_ours;
    } else if (!whole) {
        return first_words::unsure;
    }
    const bool path = rest.front() == '/' || (rest.front() == '*' && method == "OPTIONS");
    return path && method != "CONNECT" ? first_words::http : first_words::not_ours;
}

/// @param whole  whether no more is looked at: a long line is judged by its beginning
first_words judge_http(std::string_view seen, bool whole) {
    const auto space = seen.find(' ');
    const auto method = seen.substr(0, space);
    if (method.empty() || method.size() > longest_method ||
        !std::all_of(method.begin(), method.end(), &is_method_character))
        return first_words::other;
    if (space == std::string_view::npos) return first_words::unsure;
    return judge_target(method, seen.substr(space + 1), whole);
}

/// Request header: size, API key, version, correlation id, client id (nullable, printable).
first_words judge_kafka(std::string_view seen) {
    constexpr std::int32_t least_size = 10, most_size = 100 << 20, most_key = 150, most_version = 50, most_id = 255;
    constexpr std::size_t fixed = 14;
    // The size of a first request has a zero in front: no text, and no other protocol that is looked for, has.
    if (byte_at(seen, 0) > (most_size >> 24)) return first_words::other;
    if (seen.size() < fixed) return first_words::unsure;
    const auto size = number_at(seen, 0, 4);
    const auto key = number_at(seen, 4, 2), api_version = number_at(seen, 6, 2);
    const auto id = number_at(seen, 12, 2);
    if (size < least_size || size > most_size || key < 0 || key > most_key || api_version < 0 ||
        api_version > most_version || id < -1 || id > most_id || id > size - least_size)
        return first_words::other;
    const auto client = seen.substr(fixed, static_cast<std::size_t>(std::max(id, 0)));
    if (std::any_of(client.begin(), client.end(), [](char c) { return c < ' ' || c > '~'; })) return first_words::other;
    return id > 0 && client.size() < static_cast<std::size_t>(id) ? first_words::unsure : first_words::kafka;
}

}  // namespace

first_words judge_first_words(std::string_view seen) {
    if (seen.empty()) return first_words::unsure;
    if (byte_at(seen, 0) == 0x16) return judge_tls(seen);
    if (is_method_character(seen.front())) return judge_http(seen, seen.size() >= most_first_bytes);
    return judge_kafka(seen);
}

}  // namespace outrider::intercept
