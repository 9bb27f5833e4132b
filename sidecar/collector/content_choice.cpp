#include "sidecar/collector/content_choice.hpp"

#include <optional>

#include <boost/beast/core/string.hpp>

namespace outrider::collector {

namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

/// Takes what stands before the next separator off the text.
std::string_view next_piece(std::string_view& text, char separator) {
    const auto piece = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    return trimmed(piece);
}

bool is_zero(std::string_view quality) {
    return !quality.empty() && quality.front() == '0' && quality.find_first_not_of("0.") == std::string_view::npos;
}

/// Nothing when the item is not named; else whether it is wanted.
std::optional<bool> wants(std::string_view field, std::string_view item) {
    std::optional<bool> wanted;
    while (!field.empty()) {
        auto piece = next_piece(field, ',');
        if (!boost::beast::iequals(next_piece(piece, ';'), item)) continue;
        bool refused = false;
        while (!piece.empty()) {
            auto parameter = next_piece(piece, ';');
            const auto name = next_piece(parameter, '=');
            refused = refused || (boost::beast::iequals(name, "q") && is_zero(trimmed(parameter)));
        }
        wanted = wanted.value_or(false) || !refused;
    }
    return wanted;
}

std::string_view opaque(std::string_view etag) { return etag.starts_with("W/") ? etag.substr(2) : etag; }

}  // namespace

bool names_item(std::string_view field, std::string_view item) { return wants(field, item).value_or(false); }

bool accepts_gzip(std::string_view accept_encoding) {
    if (const auto said = wants(accept_encoding, "gzip")) return *said;
    return names_item(accept_encoding, "*");
}

bool lists_etag(std::string_view if_none_match, std::string_view etag) {
    while (!if_none_match.empty()) {
        const auto one = next_piece(if_none_match, ',');
        if (one == "*" || opaque(one) == opaque(etag)) return true;
    }
    return false;
}

}  // namespace outrider::collector
