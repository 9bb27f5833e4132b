#include "sidecar/admin/admin_routes.hpp"

#include <nlohmann/json.hpp>

#include "sidecar/admin/prometheus.hpp"

namespace outrider::admin {

using net::problem;
using net::server_request;
using net::server_response;

namespace {

constexpr bool reads = false;
constexpr bool changes = true;

server_response json(std::string body) { return {200, "application/json", std::move(body), {}}; }

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

/// The host of an Origin field ("https://name:port"); a browser sends one with every cross-site POST.
std::string_view origin_host(std::string_view origin) {
    const auto scheme = origin.find("://");
    return scheme == std::string_view::npos ? origin : origin.substr(scheme + 3);
}

server_response unauthorized() {
    auto answer = problem(401, "this listener asks for its token: Authorization: Bearer TOKEN");
    answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"outrider\"");
    return answer;
}

}  // namespace

admin_routes::admin_routes(admin_sources sources, access_rules rules, clock now)
    : sources_(std::move(sources)),
      rules_(std::move(rules)),
      hosts_(rules_.listen_host, rules_.hosts),
      now_(std::move(now)) {}

const std::vector<admin_routes::route>& admin_routes::routes() {
    using guard = route::guard;
    static const std::vector<route> all{
        {"/", reads, guard::open, &admin_routes::index, "this list"},
        {"/livez", reads, guard::open, &admin_routes::livez, "200 while the process runs"},
        {"/readyz", reads, guard::open, &admin_routes::readyz,
         "200 when traffic may be sent here, else 503; with reasons"},
        {"/startupz", reads, guard::open, &admin_routes::startupz, "200 once start-up has come to its end"},
        {"/metrics", reads, guard::scrape, &admin_routes::metrics, "Prometheus text"},
        {"/api/state", reads, guard::api, &admin_routes::state, "what goes on now, JSON"},
        {"/api/health", reads, guard::api, &admin_routes::health,
         "the verdict with its reasons, every target that is probed, and what changed, JSON"},
        {"/api/config", reads, guard::api, &admin_routes::config, "every setting with its source, JSON"},
        {"/api/policies", reads, guard::api, &admin_routes::policies, "every rule with its live state, JSON"},
        {"/api/policies", changes, guard::api, &admin_routes::force,
         "POST {\"policy\": \"NAME\", \"breaker\": \"UPSTREAM\", \"state\": \"open|closed|metrics|auto\"}"},
        {"/api/reload", changes, guard::api, &admin_routes::reload,
         "POST {}: configuration and policies are read again"},
        {"/api/log_level", changes, guard::api, &admin_routes::log_level, "POST {\"level\": \"debug\"}"},
    };
    return all;
}

bool admin_routes::offers(const route& one) const {
    if (rules_.surface == admin_surface::probes && one.guarded == route::guard::api) return false;
    if (one.path == "/readyz") return static_cast<bool>(sources_.readiness);
    if (one.path == "/metrics") return static_cast<bool>(sources_.metrics);
    if (one.path == "/api/state") return static_cast<bool>(sources_.state);
    if (one.path == "/api/health") return static_cast<bool>(sources_.health);
    if (one.path == "/api/config") return static_cast<bool>(sources_.config);
    if (one.path == "/api/policies") return static_cast<bool>(sources_.policies);
    if (one.path == "/api/reload") return static_cast<bool>(sources_.reload);
    if (one.path == "/api/log_level") return static_cast<bool>(sources_.set_log_level);
    return true;
}

/// The route for this method; where there is none, another of the same path, which refuses it.
const admin_routes::route* admin_routes::find(std::string_view path, std::string_view method) const {
    const route* found = nullptr;
    for (const auto& one : routes()) {
        if (one.path != path || !offers(one)) continue;
        if (one.change ? method == "POST" : is_read(method)) return &one;
        if (!found) found = &one;
    }
    return found;
}

/// The Allow field of a path.
std::string admin_routes::allowed(std::string_view path) const {
    std::string out;
    for (const auto& one : routes()) {
        if (one.path != path || !offers(one)) continue;
        out.append(out.empty() ? "" : ", ").append(one.change ? "POST" : "GET, HEAD");
    }
    return out;
}

bool admin_routes::has_token(const server_request& request) const {
    static constexpr std::string_view scheme = "bearer ";
    const auto field = request.header("authorization").value_or("");
    if (request.count("authorization") != 1 || field.size() < scheme.size()) return false;
    for (std::size_t i = 0; i < scheme.size(); ++i)
        if ((field[i] | 0x20) != scheme[i]) return false;  // a space has that bit already
    return net::equal_in_constant_time(field.substr(scheme.size()), rules_.token);
}

std::optional<server_response> admin_routes::refuse(const route& to, const server_request& request) const {
    const bool guarded = to.guarded != route::guard::open;
    const bool with_token = rules_.surface == admin_surface::full && !rules_.token.empty();
    if (guarded && with_token && !has_token(request)) return unauthorized();
    const bool check_host = to.guarded == route::guard::api || (to.guarded == route::guard::scrape &&
                                                                rules_.surface == admin_surface::full && !with_token);
    if (check_host && !hosts_.allows(request.host))
        return problem(403, "Host '" + request.host + "' is not allowed here; admin_hosts lists further names");
    if (to.change ? request.method != "POST" : !is_read(request.method))
        return net::method_not_allowed(allowed(to.path));
    if (!to.change) return std::nullopt;
    if (const auto origin = request.header("origin"); origin && !hosts_.allows(origin_host(*origin)))
        return problem(403, "changes are not taken from pages of other sites");
    // A form or a simple cross-site request cannot carry this type: a browser would have to ask first, and is refused.
    if (net::media_type(request.header("content-type").value_or("")) != "application/json")
        return problem(415, "changes are sent as Content-Type: application/json");
    return std::nullopt;
}

server_response admin_routes::handle(const server_request& request) {
    const auto* to = find(request.path, request.method);
    if (!to) return problem(404, "nothing is at " + request.path + "; / lists what is here");
    if (auto refusal = refuse(*to, request)) return std::move(*refusal);
    return (this->*to->answer)(request);
}

server_response admin_routes::index(const server_request&) {
    std::string text = "outrider " OUTRIDER_VERSION "\n\n";
    for (const auto& one : routes()) {
        if (!offers(one)) continue;
        text.append(one.path).append(16 - one.path.size(), ' ').append(one.summary).append("\n");
    }
    return {200, "text/plain; charset=utf-8", std::move(text), {}};
}

server_response admin_routes::livez(const server_request&) { return {200, "text/plain; charset=utf-8", "alive\n", {}}; }

/// A verdict is used again for as long as it took to get: a stalled worker costs this thread half its time at most,
/// however many probes come in, and a worker that answers at once is asked every time.
server_response admin_routes::readyz(const server_request&) {
    const auto asked = now_();
    if (asked >= verdict_until_) {
        verdict_ = sources_.readiness();
        const auto answered = now_();
        verdict_until_ = answered + (answered - asked);
    }
    std::string text = verdict_.ready ? "ready\n" : "not ready\n";
    for (const auto& reason : verdict_.reasons) text.append("- ").append(reason).append("\n");
    return {verdict_.ready ? 200U : 503U, "text/plain; charset=utf-8", std::move(text), {}};
}

server_response admin_routes::startupz(const server_request&) {
    if (!sources_.started || sources_.started()) return {200, "text/plain; charset=utf-8", "started\n", {}};
    return {503, "text/plain; charset=utf-8", "starting\n", {}};
}

server_response admin_routes::metrics(const server_request&) {
    return {200, std::string{prometheus_content_type}, sources_.metrics(), {}};
}

server_response admin_routes::state(const server_request&) { return json(sources_.state()); }

server_response admin_routes::health(const server_request&) { return json(sources_.health()); }

server_response admin_routes::config(const server_request&) { return json(sources_.config()); }

server_response admin_routes::policies(const server_request&) { return json(sources_.policies()); }

server_response admin_routes::force(const server_request& request) {
    static constexpr const char* expected =
        R"(expected {"policy": "NAME", "breaker": "UPSTREAM", "state": "open", "closed", "metrics" or "auto"})";
    const auto body = nlohmann::json::parse(request.body, nullptr, false);
    if (!body.is_object()) return problem(400, expected);
    breaker_order order;
    for (const auto& [key, value] : body.items()) {
        auto* target = key == "policy"    ? &order.policy
                       : key == "breaker" ? &order.breaker
                       : key == "state"   ? &order.state
                                          : nullptr;
        if (!target || !value.is_string()) return problem(400, expected);
        *target = value.get<std::string>();
    }
    if (order.policy.empty() || order.state.empty()) return problem(400, expected);
    if (auto wrong = sources_.force_breaker(order); !wrong.empty()) return problem(404, wrong);
    return json(sources_.policies());
}

server_response admin_routes::reload(const server_request&) {
    auto report = sources_.reload();
    return {report.applied ? 200U : 422U, "application/json", std::move(report.body), {}};
}

server_response admin_routes::log_level(const server_request& request) {
    const auto body = nlohmann::json::parse(request.body, nullptr, false);
    if (!body.is_object() || body.size() != 1 || !body.contains("level") || !body["level"].is_string())
        return problem(400, R"(expected {"level": "debug"})");
    const auto level = body["level"].get<std::string>();
    if (!sources_.set_log_level(level)) return problem(400, "unknown level '" + level + "'");
    return json(nlohmann::json{{"level", level}}.dump() + "\n");
}

}  // namespace outrider::admin
