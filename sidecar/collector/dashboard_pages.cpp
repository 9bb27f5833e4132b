#include "sidecar/collector/dashboard_pages.hpp"

#include <array>
#include <cstdio>
#include <string>
#include <utility>

#include "sidecar/collector/content_choice.hpp"
#include "sidecar/net/inflate.hpp"

namespace outrider::collector {

namespace {

constexpr std::size_t largest_file = 16 << 20;  // our own, unpacked
constexpr std::string_view first_page = "/index.html";

constexpr std::string_view security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 9> content_types{{
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".svg", "image/svg+xml"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".png", "image/png"},
    {".ico", "image/x-icon"},
    {".txt", "text/plain; charset=utf-8"},
}};

std::string_view content_type_of(std::string_view path) {
    for (const auto& [ending, type] : content_types)
        if (path.ends_with(ending)) return type;
    return "application/octet-stream";
}

/// The checksum and length of the content, which gzip keeps at its end: the coding is not part of it, so it is weak.
std::string etag_of(std::string_view packed) {
    std::string out = "W/\"";
    for (const auto byte : packed.substr(packed.size() - 8)) {
        char hex[3];
        std::snprintf(hex, sizeof hex, "%02x", static_cast<unsigned char>(byte));
        out += hex;
    }
    return out + '"';
}

/// "/assets/index-3f2c81aa.js": a name that changes with its content never has another content.
bool has_hashed_name(std::string_view path) {
    constexpr std::size_t shortest_hash = 8;
    if (!path.starts_with("/assets/")) return false;
    const auto stem = path.substr(0, path.rfind('.'));
    const auto dash = stem.rfind('-');
    return dash != std::string_view::npos && stem.size() - dash > shortest_hash;
}

net::header_list fields_of(const dashboard_file& file, const std::string& etag) {
    return {{"Cache-Control", has_hashed_name(file.path) ? "public, max-age=31536000, immutable" : "no-cache"},
            {"ETag", etag},
            {"Vary", "Accept, Accept-Encoding"},
            {"Content-Security-Policy", std::string{security_policy}},
            {"Cross-Origin-Opener-Policy", "same-origin"},
            {"Referrer-Policy", "no-referrer"}};
}

}  // namespace

const dashboard_file* dashboard_pages::find(const net::server_request& request) const {
    const bool first = request.path == "/" && names_item(request.header("accept").value_or(""), "text/html");
    const std::string_view path = first ? first_page : request.path;
    for (const auto& one : files_)
        if (one.path == path) return &one;
    return nullptr;
}

net::server_response dashboard_pages::handle(const net::server_request& request) const {
    const auto& file = *find(request);
    const auto etag = etag_of(file.packed);
    net::server_response out{200, std::string{content_type_of(file.path)}, {}, fields_of(file, etag)};
    if (lists_etag(request.header("if-none-match").value_or(""), etag)) {
        out.status = 304;
        out.content_type.clear();
        return out;
    }
    if (accepts_gzip(request.header("accept-encoding").value_or(""))) {
        out.headers.emplace_back("Content-Encoding", "gzip");
        out.body = file.packed;
        return out;
    }
    auto plain = net::inflate(file.packed, largest_file);
    if (!plain) return net::problem(500, "a file of the dashboard is damaged");
    out.body = std::move(*plain);
    return out;
}

}  // namespace outrider::collector
