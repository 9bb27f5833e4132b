#include "sidecar/net/http_server_message.hpp"

#include <algorithm>

#include <boost/beast/http/status.hpp>
#include <nlohmann/json.hpp>

#include "sidecar/config/units.hpp"

namespace outrider::net {

namespace {

std::string decode_or_keep(std::string_view text) {
    auto decoded = config::percent_decode(text, true);
    return decoded ? std::move(*decoded) : std::string{text};
}

}  // namespace

std::optional<std::string_view> server_request::header(std::string_view name) const {
    const auto at =
        std::find_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == name; });
    if (at == headers.end()) return std::nullopt;
    return at->second;
}

std::size_t server_request::count(std::string_view name) const {
    return static_cast<std::size_t>(
        std::count_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == name; }));
}

server_response problem(unsigned status, std::string_view detail) {
    const auto title = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
    const nlohmann::ordered_json body{
        {"type", "about:blank"}, {"title", std::string{title}}, {"status", status}, {"detail", detail}};
    // Details may quote what a client sent, which need not be UTF-8.
    return {status,
            "application/problem+json",
            body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
            {}};
}

server_response method_not_allowed(std::string_view allow) {
    auto answer = problem(405, "this resource allows " + std::string{allow});
    answer.headers.emplace_back("Allow", allow);
    return answer;
}

std::string media_type(std::string_view content_type) {
    std::string type{content_type.substr(0, content_type.find(';'))};
    std::erase_if(type, [](char c) { return c == ' ' || c == '\t'; });
    std::transform(type.begin(), type.end(), type.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return type;
}

header_list query_parameters(std::string_view query) {
    header_list parameters;
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        const auto value = equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
        parameters.emplace_back(decode_or_keep(pair.substr(0, equals)), decode_or_keep(value));
    }
    return parameters;
}

std::optional<std::vector<std::string>> path_segments(std::string_view path) {
    std::vector<std::string> segments;
    while (!path.empty()) {
        path.remove_prefix(path.front() == '/' ? 1 : 0);
        const auto segment = path.substr(0, path.find('/'));
        path.remove_prefix(segment.size());
        auto decoded = config::percent_decode(segment);
        if (!decoded) return std::nullopt;
        segments.push_back(std::move(*decoded));
    }
    return segments;
}

}  // namespace outrider::net
