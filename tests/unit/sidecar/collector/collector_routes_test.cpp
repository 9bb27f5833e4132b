#include "sidecar/collector/collector_routes.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sidecar/net/http_server.hpp"
#include "tests/support/raw_http_client.hpp"
#include "tests/unit/sidecar/collector/spans.hpp"
#include "tracing/otlp.hpp"

namespace outrider::collector {
namespace {

using nlohmann::json;
using test::span;
using testing::Contains;
using testing::HasSubstr;
using testing::Pair;

class CollectorRoutes : public testing::Test {
  protected:
    net::server_response get(std::string path, std::string query = {}, std::string host = "127.0.0.1:4318") {
        net::server_request request;
        request.method = "GET";
        request.path = std::move(path);
        request.query = std::move(query);
        request.host = std::move(host);
        return routes.handle(request);
    }
    json data(std::string path, std::string query = {}) { return json::parse(get(path, query).body).at("data"); }

    trace_store store{{}};
    test::test_clock time;
    chain_pipeline pipeline{store, {}, nullptr, nullptr, time.clock()};
    collector_routes routes{store, pipeline, {}, [] { return std::uint64_t{2'000'000'000}; }};
};

TEST_F(CollectorRoutes, GiveATraceByItsIdHoweverItIsPadded) {
    store.add({span(0xabc, 1)});
    for (const auto* id : {"abc", "ABC", "0000000000000abc", "00000000000000000000000000000abc"}) {
        const auto trace = data("/api/traces/" + std::string{id});
        ASSERT_EQ(trace.size(), 1u) << id;
        EXPECT_EQ(trace[0]["spans"][0]["operationName"], "GET /orders");
        EXPECT_EQ(trace[0]["processes"]["p1"]["serviceName"], "orders");
    }
}

TEST_F(CollectorRoutes, AnswerFaultsInTheShapeOfJaeger) {
    const auto missing = get("/api/traces/abc");
    EXPECT_EQ(missing.status, 404u);
    EXPECT_EQ(
        json::parse(missing.body),
        json::parse(R"({"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]})"));
    for (const auto* bad :
         {"/api/traces/xyz", "/api/traces/", "/api/traces/%zz", "/api/traces/0af7651916cd43dd8448eb211c80319c0"}) {
        EXPECT_EQ(get(bad).status, 400u) << bad;
        EXPECT_EQ(json::parse(get(bad).body)["errors"][0]["code"], 400) << bad;
    }
    EXPECT_EQ(get("/api/traces").status, 400u);
    EXPECT_EQ(get("/api/traces", "service=orders&limit=x").status, 400u);
    EXPECT_EQ(get("/api/operations").status, 400u);
    for (const auto* nowhere :
         {"/api", "/nothing", "/api/services/a/b", "/api/traces/a/b", "/api/services/a/operations/b"})
        EXPECT_EQ(get(nowhere).status, 404u) << nowhere;
}

TEST_F(CollectorRoutes, ListServicesAndOperations) {
    auto client = span(1, 2, "GET");
    client.kind = tracing::span_kind::client;
    auto odd = span(1, 3, "x");
    odd.origin = test::from_service("a/b");
    store.add({span(1, 1), client, odd});
    EXPECT_EQ(data("/api/services"), json({"a/b", "orders"}));
    EXPECT_EQ(data("/api/services/orders/operations"), json({"GET", "GET /orders"}));
    EXPECT_EQ(data("/api/services/a%2Fb/operations"), json({"x"}));
    EXPECT_EQ(data("/api/services/none/operations"), json::array());
    EXPECT_EQ(data("/api/operations", "service=orders"),
              json::parse(R"([{"name":"GET","spanKind":"client"},{"name":"GET /orders","spanKind":"server"}])"));
    EXPECT_EQ(data("/api/operations", "service=orders&spanKind=client"),
              json::parse(R"([{"name":"GET","spanKind":"client"}])"));
}

TEST_F(CollectorRoutes, SearchByServiceTimeAndTags) {
    store.add({span(1, 100), span(2, 200), span(3, 300)});
    EXPECT_EQ(data("/api/traces", "service=orders").size(), 3u);
    EXPECT_EQ(data("/api/traces", "service=orders&limit=1")[0]["traceID"], "0000000000000003");
    EXPECT_EQ(data("/api/traces", "service=orders&start=200&end=200").size(), 1u);
    EXPECT_EQ(data("/api/traces", "service=orders&tags=%7B%22error%22%3A%22true%22%7D").size(), 0u);
    EXPECT_EQ(data("/api/traces", "service=orders&lookback=1s").size(), 0u) << "the clock stands at two seconds";
    EXPECT_EQ(data("/api/traces", "service=orders&lookback=2s").size(), 3u);
}

TEST_F(CollectorRoutes, GiveSeveralNamedTracesAndSayWhichAreMissing) {
    store.add({span(1, 100), span(2, 200)});
    const auto answer = json::parse(get("/api/traces", "traceID=1&traceID=2&traceID=3").body);
    EXPECT_EQ(answer["data"].size(), 2u);
    EXPECT_EQ(answer["errors"],
              json::parse(R"([{"msg":"trace not found","traceID":"00000000000000000000000000000003"}])"));
}

TEST_F(CollectorRoutes, SayWhenAnAnswerIsCutOff) {
    collector_routes narrow{store, pipeline, {.answer_bytes = 1'000}, [] { return std::uint64_t{0}; }};
    for (std::uint32_t i = 1; i <= 10; ++i) store.add({span(i, i)});
    net::server_request request;
    request.method = "GET";
    request.path = "/api/traces";
    request.query = "service=orders";
    request.host = "localhost";
    const auto answer = json::parse(narrow.handle(request).body);
    EXPECT_LT(answer["data"].size(), 10u);
    EXPECT_THAT(answer["errors"][0]["msg"].get<std::string>(), HasSubstr("fit into one answer"));
}

TEST_F(CollectorRoutes, SayWhenATraceIsNotWhole) {
    trace_store small{{1 << 20, 1'000, 10}};
    chain_pipeline of_small_spans{small, {}, nullptr, nullptr, time.clock()};
    collector_routes of_small{small, of_small_spans, {}, [] { return std::uint64_t{0}; }};
    for (std::uint32_t i = 1; i <= 50; ++i) small.add({span(1, i)});
    net::server_request request;
    request.method = "GET";
    request.path = "/api/traces/1";
    request.host = "localhost";
    const auto answer = json::parse(of_small.handle(request).body);
    EXPECT_THAT(answer["errors"][0]["msg"].get<std::string>(), HasSubstr("more spans came than are kept"));
}

TEST_F(CollectorRoutes, RefuseANameThatWasReboundToLoopback) {
    EXPECT_EQ(get("/api/services", "", "evil.example:4318").status, 403u);
    EXPECT_EQ(get("/api/services", "", "localhost:4318").status, 200u);
    EXPECT_EQ(get("/livez", "", "evil.example").status, 200u);
    collector_routes open{store, pipeline, {.listen_host = "0.0.0.0"}, [] { return std::uint64_t{0}; }};
    net::server_request request;
    request.method = "GET";
    request.path = "/api/services";
    request.host = "collector:4318";
    EXPECT_EQ(open.handle(request).status, 200u) << "in a container network it is known by name";
}

TEST_F(CollectorRoutes, ShowTheDashboardToBrowsersThatKnowThemByAnAllowedName) {
    net::server_request request;
    request.method = "GET";
    request.path = "/";
    request.headers = {{"accept", "text/html"}};
    request.host = "localhost:4318";
    EXPECT_EQ(routes.handle(request).content_type, "text/html; charset=utf-8");
    request.host = "evil.example:4318";
    EXPECT_EQ(routes.handle(request).status, 403u);
    request.headers = {};
    EXPECT_THAT(routes.handle(request).body, HasSubstr("outrider collect")) << "the index tells nothing of traces";
}

TEST_F(CollectorRoutes, KeepWhatSidecarsTellOfThemselves) {
    net::server_request push;
    push.method = "POST";
    push.path = "/v1/sidecars";
    push.headers = {{"content-type", "application/json"}};
    push.body = R"({"secret":"0123456789abcdef","service":"orders"})";
    EXPECT_EQ(routes.handle(push).status, 204u);
    const auto cards = json::parse(get("/api/sidecars").body);
    ASSERT_EQ(cards["sidecars"].size(), 1u);
    EXPECT_EQ(cards["sidecars"][0]["service"], "orders");
    EXPECT_EQ(cards["sidecars"][0]["state"], "fresh");
    push.body = R"({"secret":"0123456789abcdef","service":7})";
    EXPECT_EQ(routes.handle(push).status, 400u);
    push.body = std::string(300'000, ' ');
    EXPECT_EQ(routes.handle(push).status, 413u);
    push.headers = {{"content-type", "text/plain"}};
    EXPECT_EQ(routes.handle(push).status, 415u) << "a web page may send this type without asking";
    push.headers = {{"content-type", "application/json"}, {"origin", "http://localhost"}};
    EXPECT_EQ(routes.handle(push).status, 403u) << "a page that has rebound its name";
    push.method = "PUT";
    EXPECT_EQ(routes.handle(push).status, 405u);
    EXPECT_EQ(json::parse(get("/api/sidecars").body)["sidecars"], cards["sidecars"])
        << "what is refused changes nothing";
    EXPECT_EQ(get("/api/sidecars", "", "evil.example").status, 403u);
    const auto metrics = get("/metrics").body;
    EXPECT_THAT(metrics, HasSubstr("outrider_collector_sidecars{state=\"fresh\"} 1\n"));
    EXPECT_THAT(metrics, HasSubstr("outrider_collector_sidecar_pushes_total{outcome=\"malformed\"} 1\n"));
}

TEST_F(CollectorRoutes, TellOfTheirHealthAndNumbers) {
    store.add({span(1, 1), span(1, 1)});
    EXPECT_EQ(get("/livez").status, 200u);
    EXPECT_EQ(get("/readyz").status, 200u);
    EXPECT_THAT(get("/").body, HasSubstr("/v1/traces"));
    const auto metrics = get("/metrics").body;
    EXPECT_THAT(metrics, HasSubstr("outrider_collector_spans_total{state=\"received\"} 2\n"));
    EXPECT_THAT(metrics, HasSubstr("outrider_collector_spans_total{state=\"replaced\"} 1\n"));
    EXPECT_THAT(metrics, HasSubstr("# TYPE outrider_collector_spans gauge\noutrider_collector_spans 1\n"));
}

TEST_F(CollectorRoutes, AllowReadsOnly) {
    net::server_request request;
    request.method = "DELETE";
    request.path = "/api/traces/1";
    EXPECT_EQ(routes.handle(request).status, 405u);
    EXPECT_THAT(routes.handle(request).headers, Contains(Pair("Allow", "GET, HEAD")));
    request.path = "/v1/metrics";
    EXPECT_EQ(routes.handle(request).status, 404u);
}

TEST_F(CollectorRoutes, CarryATraceFromTheWireToTheWire) {
    net::http_server_options options;
    options.listen = {"127.0.0.1", 0};
    options.body_bytes = options.all_bodies_bytes = 1 << 20;
    net::http_server server{options, [&](const net::server_request& request) { return routes.handle(request); }};
    outrider::test::raw_http_client client{server.port()};
    EXPECT_EQ(client.post("/v1/traces", "application/x-protobuf", tracing::encode_otlp({span(7, 1)})).status, 200);
    const auto answer = client.get("/api/traces/7");
    EXPECT_EQ(answer.field("Content-Type"), "application/json");
    EXPECT_EQ(json::parse(answer.body)["data"][0]["spans"].size(), 1u);
}

}  // namespace
}  // namespace outrider::collector
