#include "sidecar/collector/chain_api.hpp"

#include <set>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sidecar/collector/collector_routes.hpp"
#include "tests/unit/sidecar/collector/orders.hpp"
#include "tracing/otlp.hpp"

namespace outrider::collector {
namespace {

using nlohmann::json;
using outrider::test::sidecar_spans;
using testing::HasSubstr;

class ChainApi : public test::orders {
  protected:
    net::server_response get(std::string path, std::string query = {}, std::string host = "localhost") {
        net::server_request request;
        request.method = "GET";
        request.path = std::move(path);
        request.query = std::move(query);
        request.host = std::move(host);
        return routes.handle(request);
    }
    json chains(std::string query) { return json::parse(get("/api/chains", std::move(query)).body); }
    void order(std::uint64_t number, tracing::status_code status = tracing::status_code::unset) {
        auto spans = orders::order(number);
        spans.front().status = status;
        pipeline.take(spans, log_row::protobuf, {});
    }
    void settle() { pass(pipeline, std::chrono::seconds{4}); }

    trace_store store{{}};
    chain_pipeline pipeline{store, {}, nullptr, nullptr, time.clock()};
    collector_routes routes{store, pipeline, {}, [] { return begin_ns; }};
};

TEST_F(ChainApi, ListsChainsInShort) {
    order(7);
    settle();
    const auto answer = chains("key=order=7");
    EXPECT_EQ(answer["cutOff"], false);
    ASSERT_EQ(answer["chains"].size(), 1u);
    const auto& one = answer["chains"][0];
    EXPECT_EQ(one["id"], sidecar_spans::trace(7, 1).hex());
    EXPECT_EQ(one["root"], json::parse(R"({"service":"frontend","name":"POST"})"));
    EXPECT_EQ(one["spans"], 5);
    EXPECT_EQ(one["services"], 3);
    EXPECT_EQ(one["errors"], 0);
    EXPECT_EQ(one["gaps"], 0);
    EXPECT_EQ(one["inferred"], 2);
    EXPECT_EQ(one["keys"], json::parse(R"({"order":["7"]})"));
    EXPECT_EQ(one["decided"], true);
    EXPECT_TRUE(one["startUnixNano"].is_string());
    EXPECT_GE(std::stoull(one["durationNano"].get<std::string>()), 8'000'000u);
}

TEST_F(ChainApi, FindsByEachCondition) {
    for (std::uint64_t i = 1; i <= 5; ++i) order(i, i == 3 ? tracing::status_code::error : tracing::status_code::unset);
    settle();
    EXPECT_EQ(chains("").at("chains").size(), 5u);
    EXPECT_EQ(chains("limit=2").at("chains").size(), 2u);
    EXPECT_EQ(chains("error=true").at("chains").size(), 1u);
    EXPECT_EQ(chains("error=false").at("chains").size(), 5u);
    EXPECT_EQ(chains("service=stock").at("chains").size(), 5u);
    EXPECT_EQ(chains("service=nobody").at("chains").size(), 0u);
    EXPECT_EQ(chains("key=order=99").at("chains").size(), 0u);
    EXPECT_EQ(chains("key=customer=1").at("chains").size(), 0u);
    EXPECT_EQ(chains("minDuration=1s").at("chains").size(), 0u);
    EXPECT_EQ(chains("minDuration=1ms").at("chains").size(), 5u);
    EXPECT_EQ(chains("start=" + std::to_string(begin_ns / 1'000 + 225'000)).at("chains").size(), 1u);
    EXPECT_EQ(chains("end=" + std::to_string(begin_ns / 1'000 + 125'000)).at("chains").size(), 2u);
    EXPECT_EQ(chains("service=stock&error=true&key=order=3").at("chains").size(), 1u);
}

TEST_F(ChainApi, GivesAChainByAnyOfItsIds) {
    order(1);
    settle();
    for (const std::uint8_t trace : {1, 2, 3}) {
        const auto answer = get("/api/chains/" + sidecar_spans::trace(1, trace).hex());
        ASSERT_EQ(answer.status, 200u);
        const auto spans = tracing::decode_otlp_json(answer.body)->spans;
        ASSERT_EQ(spans.size(), 5u);
        for (const auto& span : spans) EXPECT_EQ(span.trace, sidecar_spans::trace(1, 1));
    }
    const auto in_jaegers_words = json::parse(get("/api/traces/" + sidecar_spans::trace(1, 3).hex()).body);
    EXPECT_EQ(in_jaegers_words["data"][0]["traceID"], sidecar_spans::trace(1, 1).hex());
    EXPECT_EQ(in_jaegers_words["data"][0]["spans"].size(), 5u);
    const auto raw = json::parse(get("/api/traces/" + sidecar_spans::trace(1, 3).hex(), "raw=true").body);
    EXPECT_EQ(raw["data"][0]["traceID"], sidecar_spans::trace(1, 3).hex());
    EXPECT_EQ(raw["data"][0]["spans"].size(), 2u);
}

TEST_F(ChainApi, ShowsAChainOnceToWhomeverSearchesAsInJaeger) {
    for (std::uint64_t i = 1; i <= 3; ++i) order(i);
    settle();
    EXPECT_EQ(json::parse(get("/api/traces", "service=orders").body)["data"].size(), 3u);
    EXPECT_EQ(json::parse(get("/api/traces", "service=orders&raw=true").body)["data"].size(), 6u);
    const auto by_log = json::parse(
        get("/api/traces", "service=stock&tag=chain.original_trace_id:" + sidecar_spans::trace(2, 3).hex()).body);
    ASSERT_EQ(by_log["data"].size(), 1u);
    EXPECT_EQ(by_log["data"][0]["traceID"], sidecar_spans::trace(2, 1).hex());
}

TEST_F(ChainApi, SaysWhatIsUnknownOrWrong) {
    EXPECT_EQ(get("/api/chains/abc").status, 404u);
    EXPECT_EQ(get("/api/chains/xyz").status, 400u);
    EXPECT_EQ(get("/api/chains/a/b").status, 404u);
    EXPECT_EQ(get("/api/chains/%zz").status, 400u);
    for (const auto* query : {"key=order", "key==7", "error=maybe", "stuck=1", "minDuration=fast", "start=now",
                              "end=-1", "limit=many", "start=99999999999999999999"}) {
        const auto answer = get("/api/chains", query);
        EXPECT_EQ(answer.status, 400u) << query;
        EXPECT_THAT(answer.body, HasSubstr("unable to parse param")) << query;
        EXPECT_EQ(answer.content_type, "application/json");
    }
    EXPECT_EQ(get("/api/topology", "since=later").status, 400u);
    EXPECT_EQ(get("/api/chains", "", "evil.example").status, 403u);
    EXPECT_EQ(get("/api/topology", "", "evil.example").status, 403u);
}

TEST_F(ChainApi, SurvivesHostileQueries) {
    order(1);
    settle();
    const std::string huge(1 << 20, 'x');
    EXPECT_EQ(get("/api/chains", "key=" + huge + "=" + huge).status, 200u);
    EXPECT_EQ(get("/api/chains", "service=" + huge).status, 200u);
    EXPECT_EQ(get("/api/chains", "limit=18446744073709551615").status, 200u);
    EXPECT_EQ(get("/api/chains", "start=18446744073709551&end=0").status, 200u);
    EXPECT_EQ(get("/api/chains", "key=order=%00%ff%01").status, 200u);
    EXPECT_EQ(get("/api/topology", "since=1000000h").status, 200u);
    EXPECT_EQ(get("/api/topology", "since=0").status, 200u);
}

TEST_F(ChainApi, DrawsTheTopologyOfTheLastWhile) {
    for (std::uint64_t i = 1; i <= 4; ++i) order(i);
    settle();
    const auto topology = tracing::read_topology_json(get("/api/topology", "since=15m").body);
    ASSERT_TRUE(topology);
    EXPECT_EQ(topology->chains, 4u);
}

TEST_F(ChainApi, TellsEverythingInItsMetrics) {
    order(1);
    settle();
    const auto metrics = get("/metrics").body;
    for (const auto* line :
         {"outrider_collector_spans_total{state=\"received\"} 5\n", "outrider_collector_spans_waiting 0\n",
          "outrider_collector_spans_settled_total{outcome=\"decided\"} 5\n",
          "outrider_collector_chains_total{state=\"decided\"} 1\n",
          "outrider_collector_decision_seconds_bucket{le=\"2\"} 1\n", "outrider_collector_decision_seconds_count 1\n",
          "outrider_collector_decisions_total{source=\"none\"} 1\n"})
        EXPECT_THAT(metrics, HasSubstr(line));
}

TEST_F(ChainApi, SayHowChainsStand) {
    order(1);
    auto failed = world.order(2, begin_ns + 100'000'000);
    for (auto& span : failed) span.status = tracing::status_code::error;
    pipeline.take(failed, log_row::protobuf, {});
    settle();
    const auto listed = chains("")["chains"];
    ASSERT_EQ(listed.size(), 2u);
    EXPECT_EQ(listed[0]["state"], "failed");
    EXPECT_THAT(listed[0]["verdict"].get<std::string>(), HasSubstr("failed: "));
    EXPECT_EQ(listed[1]["state"], "complete");
}

TEST_F(ChainApi, FindsText) {
    for (std::uint64_t i = 1; i <= 3; ++i) order(i);
    settle();
    const auto count = [&](std::string text) { return chains("q=" + std::move(text)).at("chains").size(); };
    EXPECT_EQ(count("FRONT"), 3u) << "a service, in any case";
    EXPECT_EQ(count("post"), 3u) << "an operation";
    EXPECT_EQ(count(sidecar_spans::trace(2, 1).hex().substr(20)), 1u) << "an id";
    EXPECT_EQ(count("nothing%20like%20it"), 0u);
    EXPECT_EQ(count("front&service=stock&limit=1"), 1u);
}

TEST_F(ChainApi, FindsByHowLongTheyTook) {
    order(1);
    settle();
    const auto took = std::stoull(chains("")["chains"][0]["durationNano"].get<std::string>());
    const auto longer = std::to_string(took + 1) + "ns", shorter = std::to_string(took - 1) + "ns";
    EXPECT_EQ(chains("maxDuration=" + longer).at("chains").size(), 1u);
    EXPECT_EQ(chains("maxDuration=" + shorter).at("chains").size(), 0u);
    EXPECT_EQ(chains("minDuration=" + shorter + "&maxDuration=" + longer).at("chains").size(), 1u);
    EXPECT_EQ(get("/api/chains", "maxDuration=long").status, 400u);
}

TEST_F(ChainApi, ShowsOneChainAsRowsAndAsFlow) {
    order(7);
    settle();
    const auto path = "/api/chains/" + sidecar_spans::trace(7, 1).hex();
    const auto rows = json::parse(get(path, "as=rows").body)["chains"];
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0]["state"], "complete");
    EXPECT_EQ(rows[0]["spans"], 5);
    EXPECT_GE(rows[0]["rows"].size(), 5u);
    const auto flow = json::parse(get(path, "as=flow").body);
    std::set<std::string> ids, kinds;
    for (const auto& node : flow["nodes"]) {
        EXPECT_TRUE(ids.insert(node["id"]).second);
        EXPECT_FALSE(node["label"].get<std::string>().empty());
    }
    ASSERT_GE(flow["edges"].size(), 2u);
    for (const auto& edge : flow["edges"]) {
        EXPECT_TRUE(ids.contains(edge["from"]) && ids.contains(edge["to"])) << edge;
        kinds.insert(edge["kind"]);
    }
    EXPECT_THAT(kinds, testing::IsSubsetOf({"call", "message", "time_out", "inferred", "missing"}));
    EXPECT_THAT(kinds, testing::Contains("inferred"));
    EXPECT_EQ(get(path, "as=poem").status, 400u);
    EXPECT_EQ(get("/api/chains/ffff", "as=rows").status, 404u);
}

TEST_F(ChainApi, TellsOfTheLastWhile) {
    order(1);
    settle();
    const auto history = json::parse(get("/api/history", "since=1m").body);
    EXPECT_GE(history["chains"].size(), 1u);
    EXPECT_GE(history["services"].size(), 2u);
    EXPECT_EQ(get("/api/history", "since=x").status, 400u);
}

}  // namespace
}  // namespace outrider::collector
