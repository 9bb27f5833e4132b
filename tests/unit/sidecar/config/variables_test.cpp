#include "sidecar/config/variables.hpp"

#include "sidecar/config/overrides.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

TEST(Variables, EverySettingOfFixedNameHasOneThatLeadsBackToIt) {
    for (const auto& path : setting_paths()) {
        if (path.find("NAME") != std::string::npos) continue;
        const auto variable = variable_of_path(path).substr(std::string_view{"OUTRIDER_"}.size());
        EXPECT_EQ(path_of_variable(node{}, variable), path);
    }
}

TEST(Variables, SetListsTablesAndEntries) {
    const auto value = must_load(minimal, with_environment({{"OUTRIDER_INBOUND_0_TRUST", "link"},
                                                            {"OUTRIDER_INBOUND_1_LISTEN", "127.0.0.1:0"},
                                                            {"OUTRIDER_INBOUND_1_APP", "127.0.0.1:9001"},
                                                            {"OUTRIDER_TRACING_PROPAGATORS", "b3, jaeger"},
                                                            {"OUTRIDER_TRACING_HEADERS", "a=1,b=2"},
                                                            {"OUTRIDER_ADMIN", "127.0.0.1:7900"}}))
                           .value;
    ASSERT_EQ(value.inbound.size(), 2U);
    EXPECT_EQ(value.inbound[0].trust, trust::link);
    EXPECT_EQ(value.inbound[1].app.port, 9001);
    EXPECT_EQ(value.tracing.propagators, (std::vector{propagator::b3, propagator::jaeger}));
    EXPECT_EQ(value.tracing.headers.size(), 2U);
    EXPECT_EQ(value.admin->port, 7900);
}

TEST(Variables, FindAnUpstreamByTheSpellingOfTheFile) {
    const auto yaml = std::string{minimal} + "upstreams: {stock.internal: {endpoints: ['a:1']}}\n";
    const auto value =
        must_load(yaml, with_environment({{"OUTRIDER_UPSTREAMS_STOCK_INTERNAL_ENDPOINTS", "b:2,c:3"},
                                          {"OUTRIDER_UPSTREAMS_PAY_API_ENDPOINTS", "https://pay"},
                                          {"OUTRIDER_UPSTREAMS_PAY_API_TLS_SERVER_NAME", "pay.example"}}))
            .value;
    ASSERT_EQ(value.upstreams.size(), 2U);
    EXPECT_EQ(value.upstreams.at("stock.internal").endpoints.size(), 2U);
    EXPECT_EQ(value.upstreams.at("pay-api").tls.server_name, "pay.example");
}

TEST(Variables, ThatStandForNothingAreWarnedOfWithTheNearest) {
    const auto result = must_load(minimal, with_environment({{"OUTRIDER_TIMEOUT_TOTAL", "3s"}}));
    EXPECT_EQ(
        lines(result.warnings),
        "OUTRIDER_TIMEOUT_TOTAL: stands for no setting and is ignored; did you mean 'OUTRIDER_TIMEOUTS_TOTAL'?\n");
}

TEST(Variables, OfAKubernetesServiceCalledOutriderAreLeftAlone) {
    const auto result = must_load(minimal, with_environment({{"OUTRIDER_SERVICE_HOST", "10.0.0.1"},
                                                             {"OUTRIDER_SERVICE_PORT_HTTP", "80"},
                                                             {"OUTRIDER_PORT_80_TCP_ADDR", "10.0.0.1"},
                                                             {"OUTRIDER_PORT", "tcp://10.0.0.1:80"}}));
    EXPECT_EQ(lines(result.warnings), "");
    EXPECT_EQ(result.value.service, "orders");
}

TEST(Variables, EmptyMeansUnset) {
    EXPECT_EQ(must_load(minimal, with_environment({{"OUTRIDER_SERVICE", ""}})).value.service, "orders");
}

}  // namespace
}  // namespace outrider::config::test
