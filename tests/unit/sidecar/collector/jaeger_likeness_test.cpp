
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "sidecar/collector/collector_routes.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/collector/spans.hpp"

namespace outrider::collector {
namespace {

using nlohmann::json;

std::string read_file(const std::string& name) {
    return outrider::test::file_text(OUTRIDER_TEST_DATA "/jaeger/" + name);
}

/// What Jaeger 1.48 wrote where later ones, and the collector, write otherwise.
json tag_of_today(json tag) {
    auto& key = tag["key"].get_ref<std::string&>();
    if (key.starts_with("otel.library.")) key.replace(5, 7, "scope");  // renamed in 1.50
    if (key == "bytes") tag["type"] = "binary";                        // bytes were told apart from text later
    return tag;
}

/// Tags by key; `internal.span.format` is Jaeger's note to itself.
json by_key(const json& tags) {
    json all = json::object();
    for (const auto& one : tags) {
        const auto tag = tag_of_today(one);
        if (tag["key"] != "internal.span.format") all[tag["key"].get<std::string>()] = tag;
    }
    return all;
}

/// A list without its order.
json sorted(json list) {
    std::sort(list.begin(), list.end());
    return list;
}

json normal_logs(const json& logs) {
    json all = json::array();
    for (const auto& log : logs) all.push_back({{"timestamp", log["timestamp"]}, {"fields", by_key(log["fields"])}});
    return all;
}

/// Everything a trace says, whatever the order of its lists and the names of its processes.
json normal_trace(const json& trace) {
    json spans = json::object();
    for (const auto& span : trace["spans"]) {
        const auto& process = trace["processes"][span["processID"].get<std::string>()];
        spans[span["spanID"].get<std::string>()] = {{"trace", span["traceID"]},
                                                    {"name", span["operationName"]},
                                                    {"start", span["startTime"]},
                                                    {"duration", span["duration"]},
                                                    {"references", sorted(span["references"])},
                                                    {"tags", by_key(span["tags"])},
                                                    {"logs", normal_logs(span["logs"])},
                                                    {"service", process["serviceName"]},
                                                    {"process", by_key(process["tags"])}};
    }
    return {{"id", trace["traceID"]}, {"spans", spans}};
}

/// The collector's answer to a GET after it took the recorded request.
json collected(std::string path) {
    trace_store store{{}};
    test::test_clock time;
    chain_pipeline pipeline{store, {}, nullptr, nullptr, time.clock()};
    collector_routes routes{store, pipeline, {}, [] { return std::uint64_t{0}; }};
    net::server_request request;
    request.method = "POST";
    request.path = "/v1/traces";
    request.headers = {{"content-type", "application/json"}};
    request.body = read_file("otlp_request.json");
    EXPECT_EQ(routes.handle(request).status, 200u);
    request.method = "GET";
    request.path = std::move(path);
    request.host = "localhost";
    return json::parse(routes.handle(request).body);
}

TEST(JaegerLikeness, ATraceSaysWhatARealJaegerSays) {
    const auto ours = collected("/api/traces/0af7651916cd43dd8448eb211c80319c");
    const auto real = json::parse(read_file("trace_1_48.json"));
    auto expected = normal_trace(real["data"][0]);
    // Jaeger knows an unspecified kind; OTLP says to take it as internal.
    expected["spans"]["6666666666666666"]["tags"]["span.kind"] = {
        {"key", "span.kind"}, {"type", "string"}, {"value", "internal"}};
    EXPECT_EQ(normal_trace(ours["data"][0]), expected) << json::diff(normal_trace(ours["data"][0]), expected).dump(1);
}

TEST(JaegerLikeness, AnAnswerHasTheMembersOfJaegersAnswers) {
    const auto ours = collected("/api/traces/0af7651916cd43dd8448eb211c80319c");
    const auto real = json::parse(read_file("trace_1_48.json"));
    for (const auto& [name, value] : real.items()) EXPECT_EQ(ours.at(name).type(), value.type()) << name;
    for (const auto& [name, value] : real["data"][0].items()) EXPECT_TRUE(ours["data"][0].contains(name)) << name;
    for (const auto& [name, value] : real["data"][0]["spans"][0].items())
        EXPECT_TRUE(ours["data"][0]["spans"][0].contains(name)) << name;
}

}  // namespace
}  // namespace outrider::collector
