#include "sidecar/tools/trace_source.hpp"

#include <algorithm>
#include <map>

#include <nlohmann/json.hpp>

#include "tracing/hex.hpp"
#include "tracing/jaeger_json.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tools {

namespace {

using reason = fetch_error::reason;
using tracing::span_data;

constexpr std::chrono::seconds patience{15};
constexpr std::size_t largest_answer = std::size_t{128} << 20;
constexpr std::size_t shown_at_most = 200;

std::string shown(std::string_view from_outside) {
    return tracing::printable(from_outside.substr(0, shown_at_most), true);
}

net::http_client_options client_options() {
    net::http_client_options options;
    options.response_bytes = largest_answer;
    return options;
}

/// The names in an answer of /api/services, the first few.
std::vector<std::string> names_in(const std::string& body) {
    const auto answer = nlohmann::json::parse(body, nullptr, false);
    std::vector<std::string> names;
    if (!answer.is_object() || !answer.contains("data")) return names;
    for (const auto& name : answer["data"])
        if (name.is_string() && names.size() < 20) names.push_back(name.get<std::string>());
    return names;
}

/// Of the traces in an answer, the spans of the one that started last.
std::vector<span_data> latest(std::vector<span_data> spans) {
    std::map<tracing::trace_id, std::uint64_t> starts;
    for (const auto& span : spans) {
        auto& start = starts.try_emplace(span.trace, span.start_unix_ns).first->second;
        start = std::min(start, span.start_unix_ns);
    }
    const auto last = std::max_element(starts.begin(), starts.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    std::erase_if(spans, [&](const span_data& span) { return span.trace != last->first; });
    return spans;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '.' || c == '_' || c == '~';
        if (plain) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', tracing::hex_digits[byte >> 4], tracing::hex_digits[byte & 15]};
        }
    }
    return out;
}

boost::system::result<net::url, std::string> parse_base_url(const std::string& text) {
    auto url = net::parse_url(text);
    if (!url) return std::string{net::describe(url.error())};
    if (url->target.find('?') != std::string::npos) return std::string{"a base URL has no query"};
    while (url->target.ends_with('/')) url->target.pop_back();
    return *url;
}

trace_source::trace_source(net::url base) : base_(std::move(base)), client_(client_options()) {}

fetched_trace trace_source::by_id(const std::string& trace_id) {
    auto found = fetch("/api/traces/" + trace_id, "trace " + trace_id);
    if (found && found->empty()) return fetch_error{reason::not_found, "no trace " + trace_id + " at " + base_.text()};
    return found;
}

fetched_trace trace_source::latest_of(const std::string& service) {
    auto found = fetch("/api/traces?limit=1&service=" + percent_encoded(service), "traces of " + shown(service));
    if (!found) return found;
    if (found->empty()) return no_trace_of(service);
    return latest(std::move(*found));
}

fetched_trace trace_source::search(const trace_search& wanted) {
    auto tags = nlohmann::json::object();
    for (const auto& [key, value] : wanted.tags) tags[key] = value;
    const auto as_text = tags.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return fetch("/api/traces?service=" + percent_encoded(wanted.service) + "&tags=" + percent_encoded(as_text) +
                     "&start=" + std::to_string(wanted.start_unix_ns / 1'000) +
                     "&end=" + std::to_string(wanted.end_unix_ns / 1'000) + "&limit=" + std::to_string(wanted.limit),
                 "traces of " + shown(wanted.service));
}

std::vector<std::string> trace_source::services() {
    net::http_request request;
    request.url = base_;
    request.url.target += "/api/services";
    const auto answer = client_.request(request, patience);
    return answer ? names_in(answer->body) : std::vector<std::string>{};
}

boost::system::result<net::http_response, fetch_error> trace_source::get(const std::string& target) {
    net::http_request request;
    request.url = base_;
    request.url.target += target;
    request.headers.emplace_back("Accept", "application/json");
    auto answer = client_.request(request, patience);
    if (answer) return std::move(*answer);
    const bool hopeless = answer.error().failure == net::http_failure::bad_request ||
                          answer.error().failure == net::http_failure::too_large;
    return fetch_error{hopeless ? reason::not_jaeger : reason::unreachable, shown(answer.error().text)};
}

fetched_trace trace_source::fetch(const std::string& target, const std::string& what) {
    const auto answer = get(target);
    if (!answer) return answer.error();
    auto decoded = tracing::decode_jaeger_json(answer->body);
    const bool known_shape = decoded && answer->body.find("\"data\"") != std::string::npos;
    if (answer->status != 200 || !known_shape) return explain(*answer, what);
    return std::move(decoded->spans);
}

/// Says what stands behind an answer that is no trace.
fetch_error trace_source::explain(const net::http_response& answer, const std::string& what) const {
    const auto status = "HTTP " + std::to_string(answer.status);
    const auto decoded = tracing::decode_jaeger_json(answer.body);
    if (answer.status == 404 && decoded && !decoded->error.empty())
        return {reason::not_found, "no " + what + " at " + base_.text()};
    if (decoded && !decoded->error.empty())
        return {reason::not_jaeger, base_.text() + " refused " + what + ": " + shown(decoded->error)};
    if (answer.status >= 500) return {reason::unreachable, base_.text() + " answered " + status};
    return {
        reason::not_jaeger,
        base_.text() + " answered " + status + " (" + shown(answer.header("content-type")) +
            "), not as a collector of ours or a Jaeger query service does; a Jaeger answers queries on port 16686, not "
            "where it takes spans"};
}

fetch_error trace_source::no_trace_of(const std::string& service) {
    std::string text = "no trace of a service " + shown(service) + " at " + base_.text();
    const auto names = services();
    for (const auto& name : names) text += (&name == &names.front() ? "; it knows " : ", ") + shown(name);
    return {reason::not_found, std::move(text)};
}

}  // namespace outrider::tools
