#include "sidecar/config/print.hpp"

#include <nlohmann/json.hpp>

#include "sidecar/config/reference.hpp"
#include "tests/support/test_files.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

std::string content(const std::string& below_the_root) {
    return outrider::test::file_text(std::string{OUTRIDER_TEST_DATA} + "/../../" + below_the_root);
}

loaded example() {
    auto input = with_environment({{"OTEL_SERVICE_NAME", "orders"}, {"OUTRIDER_TIMEOUTS_TOTAL", "3s"}, {"KEY", "k3y"}});
    input.sets = {{"limits.fields", "99", ""}};
    return must_load(std::string{minimal} +
                         "  \n"
                         "upstreams: {stock: {endpoints: ['stock-1:8080', 'https://stock-2']}}\n"
                         "admin: {listen: '0.0.0.0:7900', token: '${env:KEY}'}\n"
                         "access_log: text\n",
                     input);
}

TEST(Print, ShowsEachValueWithItsSource) {
    const auto text = print(example());
    const auto has = [&](const char* line) { return text.find(line) != std::string::npos; };
    EXPECT_TRUE(has("service: orders                                         # environment OTEL_SERVICE_NAME\n"))
        << text;
    EXPECT_TRUE(has("  - listen: 127.0.0.1:0                                 # file sidecar.yaml:2\n")) << text;
    EXPECT_TRUE(has("    trust: continue                                     # default\n")) << text;
    EXPECT_TRUE(has("  total: 3s                                             # environment OUTRIDER_TIMEOUTS_TOTAL\n"))
        << text;
    EXPECT_TRUE(has("  fields: 99                                            # flag --set limits.fields\n")) << text;
    EXPECT_TRUE(has("    endpoints: [stock-1:8080, https://stock-2:443]      # file sidecar.yaml:5\n")) << text;
    EXPECT_TRUE(has("# service_version is not set\n")) << text;
}

TEST(Print, HidesSecrets) {
    auto input = with_environment({{"OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20k3y"}});
    input.sets = {{"admin.listen", "127.0.0.1:0", "--admin"},
                  {"admin.token", "k3y", ""},
                  {"tracing.otlp_traces", "http://c/v1/traces?api-key=k3y", ""}};
    const auto result = must_load(minimal, input);
    EXPECT_EQ(result.value.tracing.headers.at(0).second, "Bearer k3y");
    EXPECT_EQ(print(result).find("k3y"), std::string::npos) << print(result);
    EXPECT_EQ(print_json(result).find("k3y"), std::string::npos) << print_json(result);
}

TEST(Print, CanBeReadBack) {
    const auto first = example();
    const auto second = must_load(print(first));
    EXPECT_EQ(second.value.inbound.at(0).listen, first.value.inbound.at(0).listen);
    EXPECT_EQ(second.value.upstreams.at("stock").endpoints, first.value.upstreams.at("stock").endpoints);
    const auto values = [](const loaded& configuration) {
        auto all = nlohmann::json::parse(print_json(configuration));
        for (auto& each : all) each.erase("source");
        return all;
    };
    EXPECT_EQ(values(second), values(first));
}

TEST(Print, IsAlsoJson) {
    const auto all = nlohmann::json::parse(print_json(example()));
    EXPECT_EQ(
        all["timeouts.total"],
        (nlohmann::json{{"value", "3s"}, {"source", "environment OUTRIDER_TIMEOUTS_TOTAL"}, {"reload", "restart"}}));
    EXPECT_EQ(all["upstreams.stock.endpoints"]["value"], (nlohmann::json{"stock-1:8080", "https://stock-2:443"}));
    EXPECT_EQ(all["admin.token"]["value"], "(hidden)");
    EXPECT_TRUE(all["probes"]["value"].is_null());
}

// The two copies below are written by `outrider check --schema` and `outrider check --settings-reference`.

TEST(Reference, OfEditorsIsCurrent) { EXPECT_EQ(content("policies/sidecar.schema.json"), json_schema()); }

TEST(Reference, OfUsersIsCurrent) { EXPECT_EQ(content("deploy/guide/settings.md"), settings_reference()); }

TEST(Reference, NamesEverySetting) {
    const auto text = settings_reference();
    const auto all = nlohmann::json::parse(print_json(must_load(minimal)));
    for (const auto& [path, value] : all.items()) {
        auto shown = path;
        if (path.starts_with("inbound.0.")) shown = "inbound.N." + path.substr(10);
        EXPECT_NE(text.find("`" + shown + "`"), std::string::npos) << path;
    }
}

}  // namespace
}  // namespace outrider::config::test
