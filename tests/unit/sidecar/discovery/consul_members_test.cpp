#include "sidecar/discovery/consul_members.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/discovery/listening.hpp"

namespace outrider::discovery {
namespace {

using names = std::vector<std::string>;

/// As Consul's documentation of /v1/health/service shows it, shortened.
const std::string documented = R"([
  {"Node": {"ID": "40e4a748-2192-161a-0510-9bf59fe950b5", "Node": "foobar", "Address": "10.1.10.12", "Datacenter": "dc1",
            "TaggedAddresses": {"lan": "10.1.10.12", "wan": "10.1.10.12"}, "Meta": {"instance_type": "m3.large"}},
   "Service": {"ID": "redis", "Service": "redis", "Tags": ["primary"], "Address": "10.1.10.13", "Port": 8000,
               "TaggedAddresses": {"lan": {"address": "10.1.10.12", "port": 8000}}, "Meta": {"redis_version": "4.0"},
               "Weights": {"Passing": 10, "Warning": 1}, "Namespace": "default"},
   "Checks": [{"Node": "foobar", "CheckID": "service:redis", "Name": "Service 'redis' check", "Status": "passing",
               "Notes": "", "Output": "", "ServiceID": "redis", "ServiceName": "redis", "ServiceTags": ["primary"]}]},
  {"Node": {"Node": "other", "Address": "10.1.10.11"},
   "Service": {"ID": "redis-2", "Service": "redis", "Tags": null, "Address": "", "Port": 443, "Meta": {"scheme": "https"}},
   "Checks": []}
])";

TEST(ConsulList, IsReadAsDocumented) {
    const auto list = read_consul_list(*read_json(documented));
    ASSERT_TRUE(list.has_value());
    EXPECT_EQ(texts_of(list->members), (names{"https://10.1.10.11:443", "10.1.10.13:8000"})) << "the node's, ordered";
    EXPECT_EQ(list->skipped, 0u);
}

TEST(ConsulList, AreThoseAllOfWhoseChecksPass) {
    const auto list = read_consul_list(*read_json(
        R"([{"Service":{"Address":"a","Port":80}, "Checks":[{"Status":"passing"},{"Status":"passing"}]},
            {"Service":{"Address":"b","Port":80}, "Checks":[{"Status":"passing"},{"Status":"critical"}]},
            {"Service":{"Address":"c","Port":80}, "Checks":[{"Status":"warning"}]},
            {"Service":{"Address":"d","Port":80}, "Checks":"?"}, {"Service":{"Address":"e","Port":80}, "Checks":[7]}])"));
    ASSERT_TRUE(list.has_value());
    EXPECT_EQ(texts_of(list->members), (names{"a:80"}));
    EXPECT_TRUE(list->any_out);
    EXPECT_EQ(list->skipped, 0u);
    EXPECT_FALSE(read_consul_list(*read_json(documented))->any_out);
}

TEST(ConsulList, LeavesOutWhatCannotBeReadAndSaysWhy) {
    const auto list = read_consul_list(*read_json(
        R"([7, {}, {"Service":{"Address":"a","Port":0}}, {"Service":{"Address":"a","Port":70000}},
            {"Service":{"Address":"a b","Port":80}}, {"Service":{"Address":["a"],"Port":80}},
            {"Service":{"Address":"fe80::1","Port":80}}, {"Service":{"Address":"ok","Port":80}}])"));
    ASSERT_TRUE(list.has_value());
    EXPECT_EQ(texts_of(list->members), (names{"[fe80::1]:80", "ok:80"}));
    EXPECT_EQ(list->skipped, 6u);
    EXPECT_EQ(list->why_skipped, "an entry without a service");
    EXPECT_FALSE(read_consul_list(json::object()).has_value());
    EXPECT_TRUE(read_consul_list(json::array()).has_value());
}

TEST(ConsulList, IsAThousandAtMost) {
    json all = json::array();
    for (int i = 0; i < 1'100; ++i) all.push_back({{"Service", {{"Address", "a"}, {"Port", 1000 + i}}}});
    const auto list = read_consul_list(all);
    EXPECT_EQ(list->members.size(), 1'000u);
    EXPECT_EQ(list->skipped, 100u);
}

TEST(ConsulList, SurvivesEveryByteThatIsAnother) {
    for (std::size_t i = 0; i < documented.size(); ++i) {
        EXPECT_FALSE(i > 0 && read_json(documented.substr(0, i)).has_value());
        for (const char byte : {'\0', '"', '}', '[', '9', '\xff'}) {
            auto mutated = documented;
            mutated[i] = byte;
            if (const auto document = read_json(mutated)) (void)read_consul_list(*document);
        }
    }
}

TEST(ConsulIndex, FollowsTheRules) {
    consul_index index;
    EXPECT_EQ(index.value(), 0u);
    index.take("10");
    EXPECT_EQ(index.value(), 10u);
    index.take("12");
    EXPECT_EQ(index.value(), 12u);
    index.take("12");
    EXPECT_EQ(index.value(), 12u);
    index.take("5");
    EXPECT_EQ(index.value(), 0u) << "backwards: begin anew";
    index.take("0");
    EXPECT_EQ(index.value(), 1u) << "never a query that does not wait, again and again";
    for (const auto* odd : {"", "x", "-1", "7x", "99999999999999999999"}) {
        index.take("9");
        index.take(odd);
        EXPECT_EQ(index.value(), 0u) << odd;
    }
}

TEST(ConsulService, IsRegisteredWithACheckThatNeedsNews) {
    const auto service = consul_service("stock-1", "stock", at("10.0.0.1", 8080, true), 5s, 60s, {false, "starting"});
    EXPECT_EQ(
        service.dump(),
        R"({"Address":"10.0.0.1","Check":{"CheckID":"service:stock-1","DeregisterCriticalServiceAfter":"60s",)"
        R"("Name":"readiness as the sidecar sees it","Notes":"the sidecar tells it; without news it is critical",)"
        R"("Status":"critical","TTL":"5000ms"},"ID":"stock-1","Meta":{"outrider":")" OUTRIDER_VERSION
        R"(","scheme":"https"},"Name":"stock","Port":8080})");
    EXPECT_EQ(consul_check({true, ""}).dump(), R"({"Output":"ready","Status":"passing"})");
    EXPECT_EQ(consul_check({false, "why"}).dump(), R"({"Output":"not ready: why","Status":"critical"})");
}

}  // namespace
}  // namespace outrider::discovery
