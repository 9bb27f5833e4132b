#include "sidecar/discovery/kubernetes_slices.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/discovery/listening.hpp"

namespace outrider::discovery {
namespace {

using names = std::vector<std::string>;
using effect = kubernetes_slices::effect;

/// As Kubernetes' documentation shows one, with what a cluster adds.
const std::string documented = R"({
  "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
  "metadata": {"name": "example-abc", "namespace": "default", "resourceVersion": "17",
               "labels": {"kubernetes.io/service-name": "example"},
               "ownerReferences": [{"kind": "Service", "name": "example", "controller": true}]},
  "addressType": "IPv4",
  "ports": [{"name": "http", "protocol": "TCP", "port": 80}],
  "endpoints": [{"addresses": ["10.1.2.3"], "conditions": {"ready": true, "serving": true, "terminating": false},
                 "hostname": "pod-1", "nodeName": "node-1", "zone": "us-west2-a",
                 "targetRef": {"kind": "Pod", "name": "pod-1"}}]
})";

json slice(const std::string& name, const json& endpoints, const json& ports = {{{"name", "http"}, {"port", 8080}}},
           const std::string& type = "IPv4") {
    json out{{"metadata", {{"name", name}}}, {"addressType", type}};
    out["endpoints"] = endpoints;
    out["ports"] = ports;
    return out;
}

json endpoint(const std::string& address, const json& conditions = json::object()) {
    return {{"addresses", json::array({address})}, {"conditions", conditions}};
}

json list(std::vector<json> items) {
    json out{{"metadata", {{"resourceVersion", "7"}}}};
    out["items"] = items;
    return out;
}

names members_of(std::vector<json> slices, const std::string& port = {}) {
    kubernetes_slices seen(port);
    EXPECT_EQ(seen.take_list(list(std::move(slices))), "");
    return texts_of(seen.members());
}

TEST(KubernetesService, IsNamedInManyWays) {
    const std::pair<std::string, kubernetes_service> texts[] = {
        {"stock", {"stock", "shop", ""}},
        {"stock.other", {"stock", "other", ""}},
        {"other/stock:http", {"stock", "other", "http"}},
        {"stock:8080", {"stock", "shop", "8080"}},
        {"stock.other:grpc-web", {"stock", "other", "grpc-web"}},
        {"stock.other.svc.cluster.local:http", {"stock", "other", "http"}},
    };
    for (const auto& [text, wanted] : texts) {
        kubernetes_service got;
        EXPECT_EQ(read_kubernetes_service(text, "shop", got), "") << text;
        EXPECT_EQ(got, wanted) << text;
    }
    for (const auto* text : {"", ".other", "stock.", "stock:", ":80", "Stock", "a b", "stock/../x", "stock.a.b",
                             "/stock", "a/b/c", "-a", "stock:a:b"}) {
        kubernetes_service got;
        EXPECT_NE(read_kubernetes_service(text, "shop", got), "") << text;
    }
}

TEST(KubernetesSlices, AreReadAsDocumented) { EXPECT_EQ(members_of({*read_json(documented)}), (names{"10.1.2.3:80"})); }

TEST(KubernetesSlices, OfOneServiceAreOneList) {
    const json dead = endpoint("10.0.0.9", {{"ready", false}});
    EXPECT_EQ(members_of({slice("a", {endpoint("10.0.0.2"), dead}),
                          slice("b", {endpoint("10.0.0.1", {{"ready", true}}), endpoint("10.0.0.2")})}),
              (names{"10.0.0.1:8080", "10.0.0.2:8080"}));
    EXPECT_EQ(members_of({slice("a", json::array()), slice("b", nullptr)}), names{});
}

TEST(KubernetesSlices, AnUnknownReadinessIsReady) {
    json bare;
    bare["addresses"] = json::array({"10.0.0.1", "10.0.0.7"});
    EXPECT_EQ(members_of({slice("a", json::array({bare, endpoint("10.0.0.2", {{"ready", nullptr}})}))}),
              (names{"10.0.0.1:8080", "10.0.0.2:8080"}));
}

TEST(KubernetesSlices, WhoEndsServesOnlyWhereNobodyIsReady) {
    const auto ending = endpoint("10.0.0.1", {{"ready", false}, {"serving", true}, {"terminating", true}});
    const auto ended = endpoint("10.0.0.2", {{"ready", false}, {"serving", false}, {"terminating", true}});
    const auto sick = endpoint("10.0.0.4", {{"ready", false}, {"serving", false}, {"terminating", false}});
    EXPECT_EQ(members_of({slice("a", json::array({ending, ended, sick}))}), (names{"10.0.0.1:8080"}));
    EXPECT_EQ(members_of({slice("a", json::array({ending, ended, sick, endpoint("10.0.0.3")}))}),
              (names{"10.0.0.3:8080"}));
}

TEST(KubernetesSlices, BothFamiliesAreTheSamePods) {
    const auto four = slice("a", json::array({endpoint("10.0.0.1")}));
    const auto six = slice("b", json::array({endpoint("fd00::1")}), {{{"name", "http"}, {"port", 8080}}}, "IPv6");
    const auto name =
        slice("c", json::array({endpoint("stock.example")}), {{{"name", "http"}, {"port", 8080}}}, "FQDN");
    EXPECT_EQ(members_of({six, four}), (names{"10.0.0.1:8080"}));
    EXPECT_EQ(members_of({six}), (names{"[fd00::1]:8080"}));
    EXPECT_EQ(members_of({name}), (names{"stock.example:8080"}));
}

TEST(KubernetesSlices, ThePortIsChosenByNameNumberOrHabit) {
    const json ports = json::array({{{"name", "metrics"}, {"port", 9100}},
                                    {{"name", "dns"}, {"port", 53}, {"protocol", "UDP"}},
                                    {{"name", "http"}, {"port", 8080}},
                                    {{"name", "api"}, {"port", 8443}, {"appProtocol", "https"}}});
    const auto one = slice("a", json::array({endpoint("a")}), ports, "FQDN");
    EXPECT_EQ(members_of({one}), (names{"a:8080"}));
    EXPECT_EQ(members_of({one}, "metrics"), (names{"a:9100"}));
    EXPECT_EQ(members_of({one}, "9100"), (names{"a:9100"}));
    EXPECT_EQ(members_of({one}, "api"), (names{"https://a:8443"}));
    EXPECT_EQ(members_of({one}, "dns"), names{}) << "not TCP";
    EXPECT_EQ(members_of({one}, "77"), names{});
    EXPECT_EQ(
        members_of({slice("a", json::array({endpoint("a")}), json::array({{{"name", ""}, {"port", 81}}}), "FQDN")}),
        (names{"a:81"}));
    EXPECT_EQ(members_of({slice("a", json::array({endpoint("a")}), nullptr, "FQDN")}, "82"), (names{"a:82"}))
        << "all ports";
    EXPECT_EQ(members_of({slice("a", json::array({endpoint("a")}), nullptr, "FQDN")}, "99999"), names{});
    kubernetes_slices seen("grpc");
    ASSERT_EQ(seen.take_list(list({one})), "");
    EXPECT_EQ(seen.why_skipped(), "a: a slice without the port grpc");
}

TEST(KubernetesSlices, FollowEvents) {
    kubernetes_slices seen("");
    ASSERT_EQ(seen.take_list(list({slice("a", json::array({endpoint("a")}), {{{"port", 80}}}, "FQDN")})), "");
    EXPECT_EQ(seen.version(), "7");
    auto b = slice("b", json::array({endpoint("b")}), {{{"port", 80}}}, "FQDN");
    b["metadata"]["resourceVersion"] = "9";
    EXPECT_EQ(seen.take_event({{"type", "ADDED"}, {"object", b}}), effect::changed);
    EXPECT_EQ(seen.version(), "9");
    EXPECT_EQ(texts_of(seen.members()), (names{"a:80", "b:80"}));
    b["endpoints"] = json::array();
    EXPECT_EQ(seen.take_event({{"type", "MODIFIED"}, {"object", b}}), effect::changed);
    EXPECT_EQ(texts_of(seen.members()), (names{"a:80"}));
    EXPECT_EQ(seen.take_event({{"type", "BOOKMARK"}, {"object", {{"metadata", {{"resourceVersion", "12"}}}}}}),
              effect::none);
    EXPECT_EQ(seen.version(), "12");
    EXPECT_EQ(seen.take_event({{"type", "DELETED"}, {"object", {{"metadata", {{"name", "a"}}}}}}), effect::changed);
    EXPECT_TRUE(seen.members().empty());
    EXPECT_EQ(seen.take_event({{"type", "ERROR"}, {"object", {{"code", 410}, {"message", "too old"}}}}),
              effect::list_again);
    EXPECT_EQ(seen.take_event({{"type", "ERROR"}, {"object", {{"code", 500}, {"message", "etcd is away"}}}}),
              effect::broken);
    EXPECT_EQ(seen.why(), "the watch ends: etcd is away");
    EXPECT_EQ(seen.take_event({{"type", "SOMETHING"}, {"object", json::object()}}), effect::none);
}

TEST(KubernetesSlices, LeaveOutWhatCannotBeReadAndSayWhy) {
    kubernetes_slices seen("");
    for (const json& odd : {json(7), json::object(), json{{"items", json::array()}},
                            json{{"metadata", {{"resourceVersion", "7"}}}, {"items", 7}}})
        EXPECT_NE(seen.take_list(odd), "") << odd.dump();
    EXPECT_NE(seen.take_list(list({json::object()})), "");
    EXPECT_EQ(seen.take_list({{"metadata", {{"resourceVersion", "7"}}}, {"items", nullptr}}), "");
    ASSERT_EQ(
        seen.take_list(list(
            {slice("a", json::array({7, endpoint("a b"), endpoint("0.0.0.0"), json::object(), endpoint("10.0.0.1")})),
             slice("b", json::array({endpoint("x")}), json::array({{{"port", 0}}, {{"port", 70000}}, 7}))})),
        "");
    EXPECT_EQ(texts_of(seen.members()), (names{"10.0.0.1:8080"}));
    EXPECT_EQ(seen.skipped(), 5u);
    for (const json& odd :
         {json(7), json::object(), json{{"type", "ADDED"}}, json{{"type", "ADDED"}, {"object", json::object()}},
          json{{"type", "DELETED"}, {"object", 7}}})
        EXPECT_EQ(seen.take_event(odd), effect::broken) << odd.dump();
}

TEST(KubernetesSlices, AreBounded) {
    kubernetes_slices seen("");
    json many = json::array();
    for (int i = 0; i < 1'500; ++i) many.push_back(endpoint("h" + std::to_string(i)));
    std::vector<json> slices;
    for (int i = 0; i < 250; ++i)
        slices.push_back(
            slice("s" + std::to_string(1000 + i), i == 0 ? many : json::array(), {{{"port", 80}}}, "FQDN"));
    ASSERT_EQ(seen.take_list(list(slices)), "");
    EXPECT_EQ(seen.members().size(), 1'000u);
    EXPECT_GE(seen.skipped(), 501u);
    EXPECT_EQ(seen.take_event({{"type", "ADDED"}, {"object", slice("new", json::array())}}), effect::changed);
    EXPECT_EQ(seen.take_event({{"type", "DELETED"}, {"object", {{"metadata", {{"name", "s1001"}}}}}}),
              effect::list_again);
}

TEST(KubernetesSlices, SurviveEveryByteThatIsAnother) {
    const auto event = json{{"type", "ADDED"}, {"object", *read_json(documented)}}.dump();
    for (std::size_t i = 0; i < event.size(); ++i) {
        EXPECT_FALSE(read_json(event.substr(0, i)).has_value());
        for (const char byte : {'\0', '"', '}', '[', '9', '\xff'}) {
            auto mutated = event;
            mutated[i] = byte;
            const auto document = read_json(mutated);
            if (!document) continue;
            kubernetes_slices seen("");
            (void)seen.take_event(*document);
            (void)seen.members();
        }
    }
}

}  // namespace
}  // namespace outrider::discovery
