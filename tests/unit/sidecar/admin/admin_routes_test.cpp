#include "sidecar/admin/admin_routes.hpp"

#include <gmock/gmock.h>

namespace outrider::admin {
namespace {

using namespace std::chrono_literals;
using net::server_request;
using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

admin_sources all_sources() {
    admin_sources sources;
    sources.readiness = [] { return readiness{true, {}}; };
    sources.metrics = [] { return std::string{"outrider_up 1\n"}; };
    sources.state = [] { return std::string{R"({"state":1})"}; };
    sources.health = [] { return std::string{R"({"state":"healthy"})"}; };
    sources.config = [] { return std::string{R"({"config":1})"}; };
    sources.set_log_level = [](std::string_view level) { return level == "debug"; };
    return sources;
}

access_rules loopback() { return {admin_surface::full, "", "127.0.0.1", {}}; }

access_rules with_token() { return {admin_surface::full, "s3cret", "0.0.0.0", {}}; }

access_rules probes() { return {admin_surface::probes, "", "0.0.0.0", {}}; }

server_request get(std::string path, std::string host = "localhost:7900") {
    server_request request;
    request.method = "GET";
    request.path = std::move(path);
    request.host = std::move(host);
    return request;
}

server_request post_level(std::string body = R"({"level":"debug"})") {
    auto request = get("/api/log_level");
    request.method = "POST";
    request.body = std::move(body);
    request.headers = {{"content-type", "application/json"}};
    return request;
}

server_request bearing(server_request request, std::string authorization) {
    request.headers.emplace_back("authorization", std::move(authorization));
    return request;
}

/// A POST of JSON.
server_request post(std::string path, std::string body) {
    auto request = get(std::move(path));
    request.method = "POST";
    request.body = std::move(body);
    request.headers = {{"content-type", "application/json"}};
    return request;
}

TEST(AdminRoutes, PoliciesAreReadAndTheirBreakersForced) {
    std::vector<breaker_order> orders;
    auto sources = all_sources();
    sources.policies = [] { return std::string{R"({"policies":[]})"}; };
    sources.force_breaker = [&](const breaker_order& order) {
        orders.push_back(order);
        return order.policy == "protect" ? std::string{} : "no policy '" + order.policy + "'";
    };
    admin_routes routes{sources, loopback()};
    EXPECT_EQ(routes.handle(get("/api/policies")).body, R"({"policies":[]})");
    auto done = routes.handle(post("/api/policies", R"({"policy":"protect","breaker":"stock","state":"open"})"));
    EXPECT_EQ(done.status, 200u);
    ASSERT_EQ(orders.size(), 1u);
    EXPECT_EQ(orders[0].breaker, "stock");
    EXPECT_EQ(orders[0].state, "open");
    EXPECT_THAT(routes.handle(post("/api/policies", R"({"policy":"x","state":"open"})")).body,
                HasSubstr("no policy 'x'"));
    for (const char* body : {"", "[]", "{}", R"({"policy":"protect"})", R"({"policy":1,"state":"open"})",
                             R"({"policy":"protect","state":"open","more":"x"})"})
        EXPECT_EQ(routes.handle(post("/api/policies", body)).status, 400u) << body;
    EXPECT_EQ(orders.size(), 2u);
}

TEST(AdminRoutes, AllowNamesEveryMethodOfAPath) {
    auto sources = all_sources();
    sources.policies = [] { return std::string{"{}"}; };
    sources.force_breaker = [](const breaker_order&) { return std::string{}; };
    admin_routes routes{sources, loopback()};
    auto request = get("/api/policies");
    request.method = "DELETE";
    auto answer = routes.handle(request);
    EXPECT_EQ(answer.status, 405u);
    EXPECT_THAT(answer.headers, Contains(Pair("Allow", "GET, HEAD, POST")));
}

TEST(AdminRoutes, AReloadThatWasNotTakenSaysSo) {
    bool good = true;
    auto sources = all_sources();
    sources.reload = [&] { return reload_report{good, R"({"applied":1})"}; };
    admin_routes routes{sources, loopback()};
    EXPECT_EQ(routes.handle(post("/api/reload", "{}")).status, 200u);
    good = false;
    EXPECT_EQ(routes.handle(post("/api/reload", "{}")).status, 422u);
    EXPECT_EQ(routes.handle(get("/api/reload")).status, 405u);
}

TEST(AdminRoutes, AnswersEachReadFromItsSource) {
    admin_routes routes{all_sources(), loopback()};
    EXPECT_EQ(routes.handle(get("/livez")).status, 200u);
    EXPECT_EQ(routes.handle(get("/readyz")).body, "ready\n");
    EXPECT_EQ(routes.handle(get("/startupz")).status, 200u);
    EXPECT_EQ(routes.handle(get("/metrics")).body, "outrider_up 1\n");
    EXPECT_EQ(routes.handle(get("/metrics")).content_type, "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(routes.handle(get("/api/state")).body, R"({"state":1})");
    EXPECT_EQ(routes.handle(get("/api/config")).body, R"({"config":1})");
    EXPECT_EQ(routes.handle(get("/api/config")).content_type, "application/json");
    EXPECT_THAT(routes.handle(get("/")).body, HasSubstr("/readyz"));
}

TEST(AdminRoutes, SaysWhyItIsNotReady) {
    auto sources = all_sources();
    sources.readiness = [] { return readiness{false, {"worker 1 does not answer", "application port closed"}}; };
    admin_routes routes{sources, loopback()};
    const auto answer = routes.handle(get("/readyz"));
    EXPECT_EQ(answer.status, 503u);
    EXPECT_EQ(answer.body, "not ready\n- worker 1 does not answer\n- application port closed\n");
}

TEST(AdminRoutes, SaysWhatSpeaksAgainstOneThatIsReadyAllTheSame) {
    auto sources = all_sources();
    sources.readiness = [] { return readiness{true, {"upstream stock: Connection refused"}}; };
    admin_routes routes{sources, loopback()};
    const auto answer = routes.handle(get("/readyz"));
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, "ready\n- upstream stock: Connection refused\n");
    EXPECT_EQ(routes.handle(get("/api/health")).body, R"({"state":"healthy"})");
}

TEST(AdminRoutes, SaysThatItIsStillStarting) {
    auto sources = all_sources();
    sources.started = [] { return false; };
    admin_routes routes{sources, loopback()};
    EXPECT_EQ(routes.handle(get("/startupz")).status, 503u);
}

TEST(AdminRoutes, AsksAgainForReadinessEveryTimeTheAnswerWasQuick) {
    int asked = 0;
    auto sources = all_sources();
    sources.readiness = [&] { return readiness{++asked != 2, {}}; };
    admin_routes routes{sources, loopback(), [] { return std::chrono::steady_clock::time_point{1s}; }};
    EXPECT_EQ(routes.handle(get("/readyz")).status, 200u);
    EXPECT_EQ(routes.handle(get("/readyz")).status, 503u);
}

TEST(AdminRoutes, UsesASlowVerdictAgainForAsLongAsItTook) {
    int asked = 0;
    std::chrono::steady_clock::time_point now{1s};
    auto sources = all_sources();
    sources.readiness = [&] {
        ++asked;
        now += 500ms;
        return readiness{false, {"worker 0 does not answer"}};
    };
    admin_routes routes{sources, loopback(), [&] { return now; }};
    for (int i = 0; i < 10; ++i) EXPECT_EQ(routes.handle(get("/readyz")).status, 503u);
    EXPECT_EQ(asked, 1);
    now += 500ms;
    routes.handle(get("/readyz"));
    EXPECT_EQ(asked, 2);
}

TEST(AdminRoutes, AnswersAnUnknownPathWithAProblem) {
    admin_routes routes{all_sources(), loopback()};
    for (const auto* path : {"/nothing", "/api", "/api/", "/livez/", "*", ""}) {
        const auto answer = routes.handle(get(path));
        EXPECT_EQ(answer.status, 404u) << path;
        EXPECT_EQ(answer.content_type, "application/problem+json");
    }
}

TEST(AdminRoutes, HasNoPathForASourceThatIsMissing) {
    admin_routes routes{{}, loopback()};
    for (const auto* path : {"/readyz", "/metrics", "/api/state", "/api/health", "/api/config", "/api/log_level"})
        EXPECT_EQ(routes.handle(get(path)).status, 404u) << path;
}

TEST(AdminRoutes, AllowsOnlyReadsWhereNothingChanges) {
    admin_routes routes{all_sources(), loopback()};
    for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"}) {
        auto request = get("/api/state");
        request.method = method;
        const auto answer = routes.handle(request);
        EXPECT_EQ(answer.status, 405u) << method;
        EXPECT_THAT(answer.headers, Contains(Pair("Allow", "GET, HEAD")));
    }
    auto head = get("/livez");
    head.method = "HEAD";
    EXPECT_EQ(routes.handle(head).status, 200u);
}

TEST(AdminRoutes, RefusesANameThatWasReboundToUs) {
    admin_routes routes{all_sources(), loopback()};
    for (const auto* path : {"/api/state", "/api/config", "/metrics"})
        EXPECT_EQ(routes.handle(get(path, "evil.example:7900")).status, 403u) << path;
    EXPECT_THAT(routes.handle(get("/api/state", "evil.example")).body, HasSubstr("admin_hosts"));
    EXPECT_EQ(routes.handle(get("/api/state", "")).status, 403u);
    EXPECT_EQ(routes.handle(get("/readyz", "10.2.3.4:7900")).status, 200u) << "kubelet names the pod";
}

TEST(AdminRoutes, AllowsConfiguredHosts) {
    auto rules = loopback();
    rules.hosts = {"orders.internal"};
    admin_routes routes{all_sources(), rules};
    EXPECT_EQ(routes.handle(get("/api/state", "orders.internal:7900")).status, 200u);
}

TEST(AdminRoutes, SetsTheLogLevel) {
    std::string set;
    auto sources = all_sources();
    sources.set_log_level = [&](std::string_view level) {
        set = level;
        return true;
    };
    admin_routes routes{sources, loopback()};
    const auto answer = routes.handle(post_level());
    EXPECT_EQ(answer.status, 200u);
    EXPECT_EQ(answer.body, "{\"level\":\"debug\"}\n");
    EXPECT_EQ(set, "debug");
}

TEST(AdminRoutes, RefusesChangesThatAreNotExactlyWhatWasAskedFor) {
    admin_routes routes{all_sources(), loopback()};
    for (const std::string body : {"", "{", "[]", "\"debug\"", "{}", R"({"level":1})", R"({"level":"debug","x":1})",
                                   R"({"level":"loud"})", "\xff", "[[[["})
        EXPECT_EQ(routes.handle(post_level(body)).status, 400u) << body;
}

TEST(AdminRoutes, TakesAChangeOnlyByPostAsJsonFromAnAllowedHost) {
    admin_routes routes{all_sources(), loopback()};
    auto read = post_level();
    read.method = "GET";
    EXPECT_EQ(routes.handle(read).status, 405u);
    EXPECT_THAT(routes.handle(read).headers, Contains(Pair("Allow", "POST")));
    for (const auto* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"}) {
        auto form = post_level();
        form.headers = {{"content-type", type}};
        EXPECT_EQ(routes.handle(form).status, 415u) << type;
    }
    auto rebound = post_level();
    rebound.host = "evil.example";
    EXPECT_EQ(routes.handle(rebound).status, 403u);
    auto cross_site = post_level();
    cross_site.headers.emplace_back("origin", "https://evil.example");
    EXPECT_EQ(routes.handle(cross_site).status, 403u);
    cross_site.headers.back().second = "null";
    EXPECT_EQ(routes.handle(cross_site).status, 403u);
    auto own_page = post_level();
    own_page.headers.emplace_back("origin", "http://localhost:7900");
    EXPECT_EQ(routes.handle(own_page).status, 200u);
}

TEST(AdminRoutes, RefusesACorsPreflightAndSendsNoCorsFieldEver) {
    admin_routes routes{all_sources(), loopback()};
    auto preflight = post_level();
    preflight.method = "OPTIONS";
    preflight.headers = {{"origin", "http://localhost"}, {"access-control-request-method", "POST"}};
    EXPECT_EQ(routes.handle(preflight).status, 405u);
    for (auto request : {preflight, post_level(), get("/api/state"), get("/metrics"), get("/nothing")})
        EXPECT_THAT(routes.handle(request).headers, Each(Key(Not(testing::StartsWith("Access-Control")))));
}

TEST(AdminRoutes, AsksForTheTokenExceptForHealth) {
    admin_routes routes{all_sources(), with_token()};
    for (const auto* path : {"/livez", "/readyz", "/startupz"})
        EXPECT_EQ(routes.handle(get(path)).status, 200u) << path;
    for (const auto* path : {"/metrics", "/api/state", "/api/config", "/api/log_level"}) {
        const auto answer = routes.handle(get(path));
        EXPECT_EQ(answer.status, 401u) << path;
        EXPECT_THAT(answer.headers, Contains(Key("WWW-Authenticate")));
    }
    EXPECT_EQ(routes.handle(post_level()).status, 401u);
    EXPECT_EQ(routes.handle(bearing(post_level(), "Bearer s3cret")).status, 200u);
    EXPECT_EQ(routes.handle(bearing(get("/api/state"), "bearer s3cret")).status, 200u);
}

TEST(AdminRoutes, RefusesEveryOtherAuthorization) {
    admin_routes routes{all_sources(), with_token()};
    for (const auto* field : {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Bearer  s3cret",
                              "Basic s3cret", "s3cret", "Bearer S3CRET"})
        EXPECT_EQ(routes.handle(bearing(get("/api/state"), field)).status, 401u) << field;
    EXPECT_EQ(routes.handle(bearing(bearing(get("/api/state"), "Bearer s3cret"), "Bearer s3cret")).status, 401u);
}

TEST(AdminRoutes, LetsPrometheusScrapeUnderAnyNameWithTheToken) {
    admin_routes routes{all_sources(), with_token()};
    EXPECT_EQ(routes.handle(bearing(get("/metrics", "orders.internal:7900"), "Bearer s3cret")).status, 200u);
    EXPECT_EQ(routes.handle(bearing(get("/api/state", "orders.internal:7900"), "Bearer s3cret")).status, 403u);
}

TEST(AdminRoutes, ShowsHealthAndMetricsOnlyOnTheProbesListener) {
    admin_routes routes{all_sources(), probes()};
    for (const auto* path : {"/livez", "/readyz", "/startupz", "/metrics", "/"})
        EXPECT_EQ(routes.handle(get(path, "any.name:7910")).status, 200u) << path;
    for (const auto* path : {"/api/state", "/api/config", "/api/log_level"})
        EXPECT_EQ(routes.handle(get(path)).status, 404u) << path;
    EXPECT_EQ(routes.handle(post_level()).status, 404u);
    EXPECT_THAT(routes.handle(get("/")).body, Not(HasSubstr("/api")));
}

}  // namespace
}  // namespace outrider::admin
