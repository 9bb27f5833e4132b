// Who names an upstream's members, and what follows from it.

#include "sidecar/config/changes.hpp"
#include "sidecar/config/print.hpp"
#include "tests/unit/sidecar/config/loading.hpp"

namespace outrider::config::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

const std::string etcd = "registries: {etcd: {endpoints: ['http://etcd:2379']}}\n";

loaded with(const std::string& upstream, const std::string& more = {}, const load_input& input = with_flags({})) {
    return must_load(std::string{minimal} + "\nupstreams: {stock: " + upstream + "}\n" + more, input);
}

TEST(Discovery, ByAWordAloneAsksForTheUpstreamsName) {
    const auto configuration = with("{discover: etcd}", etcd);
    const auto& stock = *configuration.value.upstreams.at("stock").discover;
    EXPECT_EQ(stock.by, directory::etcd);
    EXPECT_EQ(stock.service, "stock");
    EXPECT_EQ(stock.stale, milliseconds{0});
    EXPECT_EQ(lines(configuration.warnings), "");
}

TEST(Discovery, ByDnsIsStaleAsDnsSays) {
    const auto usual = with("{discover: {by: dns, service: 'stock:80'}}");
    EXPECT_EQ(usual.value.upstreams.at("stock").discover->stale, minutes{5});
    const auto own = with("{discover: {by: dns, service: 'stock:80', stale: 7s}}", "registries: {dns: {stale: 1m}}\n");
    EXPECT_EQ(own.value.upstreams.at("stock").discover->stale, seconds{7});
}

TEST(Discovery, ByAFileNeedsNoFurtherWord) {
    const auto value = with("{discover: {file: /etc/stock.yaml}}").value;
    EXPECT_EQ(value.upstreams.at("stock").discover->by, directory::file);
}

TEST(Discovery, InAPodKnowsTheApiServer) {
    auto input = with_environment({{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "6443"}});
    EXPECT_EQ(with("{discover: kubernetes}", "", input).value.registries.kubernetes->api, "https://[fd00::1]:6443");
}

TEST(Discovery, TheStrongerSourceWins) {
    auto input = with_flags({{"upstreams.stock.endpoints", "stock:8080"}});
    const auto listed = with("{discover: {by: dns, service: 'stock:80'}}", "", input).value.upstreams.at("stock");
    EXPECT_FALSE(listed.discover);
    EXPECT_EQ(listed.endpoints.size(), 1U);
    input = with_flags({{"upstreams.stock.discover", "dns"}, {"upstreams.stock.discover.service", "stock:80"}});
    const auto found = with("{endpoints: ['stock:8080']}", "", input).value.upstreams.at("stock");
    EXPECT_EQ(found.discover->by, directory::dns);
    EXPECT_TRUE(found.endpoints.empty());
}

TEST(Discovery, AFlagAddsToWhatTheFileSays) {
    const auto input = with_flags({{"upstreams.stock.discover.service", "goods"}});
    const auto stock = with("{discover: etcd}", etcd, input).value.upstreams.at("stock");
    EXPECT_EQ(stock.discover->by, directory::etcd);
    EXPECT_EQ(stock.discover->service, "goods");
}

TEST(Discovery, RegistriesCanBeFlagsAndVariables) {
    auto input = with_environment({{"OUTRIDER_REGISTRIES_ETCD_ENDPOINTS", "http://a:2379,http://b:2379"},
                                   {"OUTRIDER_UPSTREAMS_STOCK_DISCOVER", "etcd"},
                                   {"OUTRIDER_REGISTRIES_CONSUL_REGISTER", "true"},
                                   {"OUTRIDER_ADVERTISE", "orders:8080"}});
    const auto value = with("{}", "", input).value;
    EXPECT_EQ(value.registries.etcd->endpoints.size(), 2U);
    EXPECT_TRUE(value.registries.consul->registers);
    EXPECT_EQ(value.advertise->text(), "orders:8080");
}

TEST(Discovery, AnInboundListenerWithAnAddressIsAdvertised) {
    const auto value = must_load(
                           "service: orders\ninbound: [{listen: '10.0.0.7:8080', app: '127.0.0.1:9000'}]\n"
                           "tracing: {exporter: none}\nregistries: {consul: {register: true}}\n")
                           .value;
    EXPECT_EQ(value.advertise->text(), "10.0.0.7:8080");
}

TEST(Discovery, WarnsOfARegistryThatNobodyUses) {
    EXPECT_NE(lines(must_load(std::string{minimal} + "\n" + etcd).warnings).find("'registries.etcd' is not used"),
              std::string::npos);
}

TEST(Discovery, PrintedIsReadBack) {
    const auto first = with("{discover: {by: dns, service: 'stock:80'}}", etcd);
    const auto second = must_load(print(first));
    EXPECT_EQ(compare(first.value, second.value).restart, std::vector<std::string>{});
    EXPECT_EQ(second.value.upstreams.at("stock").discover->service, "stock:80");
}

TEST(Discovery, ChangesAreNamedByTheirSetting) {
    const auto before = with("{discover: etcd}", etcd);
    const auto after = with("{discover: etcd}", "registries: {etcd: {endpoints: ['http://etcd:2379'], ttl: 20s}}\n");
    EXPECT_EQ(compare(before.value, after.value).restart, std::vector<std::string>{"registries.etcd.ttl"});
}

}  // namespace
}  // namespace outrider::config::test
