#include "sidecar/config/policies.hpp"

#include "sidecar/config/print.hpp"
#include "tests/unit/sidecar/config/loading.hpp"
#include "tests/unit/sidecar/config/policy_loading.hpp"

namespace outrider::config::test {
namespace {

using namespace std::chrono_literals;
using governance::traffic;

TEST(Policies, ReadTheWholeShapeOfTheDesign) {
    const temporary_folder folder;
    folder.write("stock-unknown.json", R"({"stock":null})");
    const auto all = must_load_policies(R"(
policies:
  - name: orders-per-tenant
    match: {inbound: "POST /orders/{id}"}
    limit: {rate: 100/s, burst: 50, key: header:X-Tenant, overrides: {gold: 1000/s}, over: reject, scope: fleet}
  - name: protect-stock
    match: {upstream: stock}
    timeout: {connect: 50ms, total: 800ms}
    retry: {when: [connect, 503], attempts: 2, budget: 20%}
    breaker: {failures: 50%, slow: 80% over 400ms, consecutive: 5, window: 10s, min_calls: 20}
    concurrency: {adaptive: true, max: 200}
    fallback: {status: 200, file: stock-unknown.json}
  - name: clickstream-bytes
    mode: shadow
    match: {produce: "clickstream.*"}
    limit: {rate: 5MiB/s, key: client_id}
)",
                                        folder / "policies.yaml");
    ASSERT_EQ(all.size(), 3U);
    const auto& orders = all[0];
    EXPECT_EQ(orders.name, "orders-per-tenant");
    EXPECT_EQ(orders.mode, governance::mode::enforce);
    EXPECT_EQ(orders.match.kind, traffic::inbound);
    EXPECT_EQ(orders.match.method, "POST");
    EXPECT_EQ(orders.match.path, "/orders/{id}");
    EXPECT_EQ(orders.where, (governance::place{folder / "policies.yaml", 3, 11}));
    ASSERT_EQ(orders.limits.size(), 1U);
    const auto& limit = orders.limits[0];
    EXPECT_DOUBLE_EQ(limit.rate.per_second, 100);
    EXPECT_EQ(limit.rate.text, "100/s");
    EXPECT_EQ(limit.burst, 50);
    EXPECT_EQ(limit.of, governance::measure::requests);
    EXPECT_EQ(limit.key, (governance::key_source{governance::key_source::kind::header, "x-tenant"}));
    EXPECT_DOUBLE_EQ(limit.overrides.at("gold").per_second, 1000);
    EXPECT_EQ(limit.scope, governance::scope::fleet);
    const auto& stock = all[1];
    EXPECT_EQ(stock.match.kind, traffic::outbound);
    EXPECT_EQ(stock.match.upstream, "stock");
    EXPECT_EQ(stock.timeout->connect, 50ms);
    EXPECT_EQ(stock.timeout->total, 800ms);
    EXPECT_EQ(stock.timeout->idle, std::nullopt);
    EXPECT_TRUE(stock.retry->on_connect);
    EXPECT_FALSE(stock.retry->on_reset);
    EXPECT_EQ(stock.retry->statuses, std::vector{503});
    EXPECT_DOUBLE_EQ(stock.retry->budget, 0.2);
    const auto& breaker = stock.breakers.at(0);
    EXPECT_EQ(breaker.consecutive, 5U);
    EXPECT_EQ(breaker.failures, 0.5);
    EXPECT_EQ(breaker.slow, 0.8);
    EXPECT_EQ(breaker.slow_over, 400ms);
    EXPECT_TRUE(stock.concurrency.at(0).adaptive);
    EXPECT_EQ(stock.concurrency.at(0).max, 200U);
    EXPECT_EQ(stock.fallback->body, R"({"stock":null})");
    EXPECT_TRUE(stock.fallback->has_body);
    EXPECT_EQ(stock.fallback->content_type, "application/json");
    const auto& clicks = all[2];
    EXPECT_EQ(clicks.mode, governance::mode::shadow);
    EXPECT_EQ(clicks.match.kind, traffic::produce);
    EXPECT_EQ(clicks.match.topic, "clickstream.*");
    EXPECT_EQ(clicks.limits.at(0).of, governance::measure::bytes);
    EXPECT_DOUBLE_EQ(clicks.limits.at(0).rate.per_second, 5.0 * 1024 * 1024);
    EXPECT_EQ(clicks.limits.at(0).key.from, governance::key_source::kind::client);
}

/// One policy of these rules.
governance::policy one(const std::string& match, const std::string& rules) {
    const auto all = must_load_policies("policies:\n  - name: a\n    match: " + match + "\n    " + rules + "\n");
    return all.empty() ? governance::policy{} : all.front();
}

TEST(Policies, TakeARuleOrAListOfRules) {
    const auto two = one("{inbound: '*'}", "limit: [{rate: 100/s}, {rate: 1000/min, key: address}]");
    ASSERT_EQ(two.limits.size(), 2U);
    EXPECT_NEAR(two.limits[1].rate.per_second, 1000.0 / 60, 1e-9);
    EXPECT_EQ(one("{inbound: '*'}", "limit: [{rate: 100/s}]").limits.size(), 1U);
    EXPECT_EQ(one("{outbound: '*'}", "timeout: [{total: 1s}]").timeout->total, 1s);
    EXPECT_EQ(one("{outbound: '*'}", "breaker: [{consecutive: 3}, {failures: 0.25, per: operation}]").breakers.size(),
              2U);
}

TEST(Policies, UnderstandEachFormOfMatch) {
    const auto of = [](const std::string& match) { return one(match, "priority: high").match; };
    EXPECT_EQ(of("{inbound: '*'}").path, "");
    EXPECT_EQ(of("{inbound: /orders/}").path, "/orders/");
    EXPECT_EQ(of("{inbound: GET}").method, "GET");
    EXPECT_EQ(of("{outbound: 'PROPFIND  /a/{b}/{rest...}'}").path, "/a/{b}/{rest...}");
    EXPECT_EQ(of("{outbound: 'PROPFIND  /a/{b}/{rest...}'}").method, "PROPFIND");
    EXPECT_EQ(of("{outbound: '*', upstream: 'stock-*', host: 'API.Example'}").host, "api.example");
    EXPECT_EQ(of("{header: {X-Tenant: 'go*'}}").headers.at(0),
              (std::pair<std::string, std::string>{"x-tenant", "go*"}));
    EXPECT_EQ(of("{header: {X-Tenant: 'go*'}}").kind, std::nullopt);
    EXPECT_EQ(of("{api: produce, client: shop}").kind, traffic::produce);
    EXPECT_EQ(of("{api: consume, consume: orders}").topic, "orders");
    EXPECT_EQ(of("{group: billing}").kind, traffic::consume);
    EXPECT_EQ(of("{cluster: main}").kind, std::nullopt);
    EXPECT_EQ(of("{produce: '*'}").topic, "*");
}

TEST(Policies, UnderstandEachFormOfKey) {
    using kind = governance::key_source::kind;
    const auto of = [](const std::string& match, const std::string& key) {
        return one(match, "limit: {rate: 1/s, key: '" + key + "'}").limits.at(0).key;
    };
    EXPECT_EQ(of("{inbound: '*'}", "address").from, kind::address);
    EXPECT_EQ(of("{inbound: '*'}", "host").from, kind::host);
    EXPECT_EQ(of("{inbound: '*'}", "principal").from, kind::principal);
    EXPECT_EQ(of("{inbound: '/a/{id}'}", "path:id"), (governance::key_source{kind::path, "id"}));
    EXPECT_EQ(of("{inbound: '/a/{rest...}'}", "path:rest").name, "rest");
    EXPECT_EQ(of("{outbound: '*'}", "upstream").from, kind::upstream);
    EXPECT_EQ(of("{consume: '*'}", "topic").from, kind::topic);
    EXPECT_EQ(of("{consume: '*'}", "group").from, kind::group);
    EXPECT_EQ(of("{produce: '*'}", "client_id").from, kind::client);
}

TEST(Policies, UnderstandUnitsAsPeopleWriteThem) {
    const auto rate = [](const std::string& text) {
        return one("{produce: '*'}", "limit: {rate: " + text + "}").limits.at(0);
    };
    EXPECT_DOUBLE_EQ(rate("6000/min").rate.per_second, 100);
    EXPECT_DOUBLE_EQ(rate("6000/m").rate.per_second, 100);
    EXPECT_DOUBLE_EQ(rate("36/h").rate.per_second, 0.01);
    EXPECT_DOUBLE_EQ(rate("864/d").rate.per_second, 0.01);
    EXPECT_DOUBLE_EQ(rate("0.5/s").rate.per_second, 0.5);
    EXPECT_DOUBLE_EQ(rate("1.5kB/s").rate.per_second, 1500);
    EXPECT_EQ(rate("1.5kB/s").of, governance::measure::bytes);
    EXPECT_EQ(rate("1000/s, of: records").of, governance::measure::records);
    EXPECT_EQ(rate("1000/s, of: bytes").of, governance::measure::bytes);
    EXPECT_EQ(rate("1MiB/s, burst: 10MiB").burst, 10.0 * 1024 * 1024);
}

TEST(Policies, UnderstandWhatYaml11MakesOfSwitches) {
    for (const auto* off : {"off", "false", "disabled"})
        EXPECT_EQ(one("{inbound: '*'}", "mode: " + std::string{off} + "\n    cost: 2").mode,
                  governance::mode::disabled);
    for (const auto* on : {"on", "true", "enforce"})
        EXPECT_EQ(one("{inbound: '*'}", "mode: " + std::string{on} + "\n    cost: 2").mode, governance::mode::enforce);
}

TEST(Policies, FillInWhatFollowsFromWhatIsWritten) {
    EXPECT_EQ(one("{outbound: '*'}", "balance: round_robin").balance->kind, governance::balance_kind::round_robin);
    EXPECT_EQ(one("{outbound: '*'}", "balance: {slow_start: 10s}").balance->slow_start, 10s);
    EXPECT_EQ(one("{inbound: '*'}", "concurrency: {adaptive: true}").concurrency.at(0).max, 1'000U);
    EXPECT_EQ(one("{inbound: '*'}", "concurrency: {adaptive: true, max: 8}").concurrency.at(0).initial, 8U);
    const auto retry = one("{outbound: '*'}", "retry: {}").retry;
    EXPECT_TRUE(retry->on_connect);
    EXPECT_FALSE(one("{outbound: '*'}", "retry: {when: [reset, timeout]}").retry->on_connect);
    const auto stale = one("{outbound: GET}", "fallback: {stale: 1m}").fallback;
    EXPECT_FALSE(stale->has_body);
    const auto bare = one("{outbound: '*'}", "fallback: {status: 204, when: [failed, 502]}").fallback;
    EXPECT_TRUE(bare->has_body);
    EXPECT_FALSE(bare->on_refused);
    EXPECT_EQ(bare->statuses, std::vector{502});
}

TEST(Policies, ReplaceReferences) {
    policy_input input;
    input.environment = {{"RATE", "7/s"}};
    const auto result = load_policy_text("policies: [{name: a, match: {inbound: '*'}, limit: {rate: '${env:RATE}'}}]",
                                         "policies.yaml", input);
    ASSERT_TRUE(std::holds_alternative<loaded_policies>(result));
    EXPECT_DOUBLE_EQ(std::get<loaded_policies>(result).value.at(0).limits.at(0).rate.per_second, 7);
}

TEST(Policies, MayBeWrittenInTheConfiguration) {
    const temporary_folder folder;
    folder.write("empty.json", "{}");
    auto input = with_flags({});
    input.file = folder / "sidecar.yaml";
    const auto configuration = must_load(std::string{minimal} +
                                             "policies:\n"
                                             "  - {name: a, match: {inbound: '*'}, limit: {rate: 5/s}}\n"
                                             "  - {name: b, match: {outbound: '*'}, fallback: {file: empty.json}}\n",
                                         input);
    ASSERT_EQ(configuration.value.policies.in_place.size(), 2U);
    const auto result = load_policies(policies_of(configuration, {}));
    ASSERT_TRUE(std::holds_alternative<loaded_policies>(result)) << lines(std::get<diagnostics>(result));
    const auto& all = std::get<loaded_policies>(result).value;
    EXPECT_EQ(all.at(0).where, (governance::place{folder / "sidecar.yaml", 5, 12}));
    EXPECT_EQ(all.at(1).fallback->body, "{}");
}

TEST(Policies, InTheConfigurationAreJudgedWithThoseOfFiles) {
    const temporary_folder folder;
    folder.write("a.yaml", "policies: [{name: same, match: {inbound: '*'}, cost: 2}]");
    auto input = with_flags({});
    input.file = folder / "sidecar.yaml";
    auto configuration = must_load(
        std::string{minimal} + "policies: {path: a.yaml, in_place: [{name: same, match: {inbound: '/a'}, cost: 3}]}\n",
        input);
    const auto result = load_policies(policies_of(configuration, {}));
    ASSERT_TRUE(std::holds_alternative<diagnostics>(result));
    EXPECT_EQ(lines(std::get<diagnostics>(result)), folder / "a.yaml" +
                                                        ":1:19: policy 'same': the name is taken already, at " +
                                                        folder / "sidecar.yaml" + ":4:44\n");
}

TEST(Policies, OfAFlagReplaceThoseOfTheConfiguration) {
    const auto read = [](const std::string& yaml, const std::string& path) {
        return must_load(std::string{minimal} + "policies: " + yaml + "\n", with_flags({{path, "other.yaml", ""}}))
            .value.policies;
    };
    const std::string list = "[{name: a, match: {inbound: '*'}, cost: 2}]";
    for (const auto& yaml : {list, std::string{"a.yaml"}, "{path: a.yaml, in_place: " + list + "}"}) {
        EXPECT_EQ(read(yaml, "policies").path, "other.yaml");
        EXPECT_TRUE(read(yaml, "policies").in_place.empty()) << yaml;
        EXPECT_EQ(read(yaml, "policies.path").path, "other.yaml");
    }
    EXPECT_EQ(read(list, "policies.path").in_place.size(), 1U);
    EXPECT_EQ(
        must_fail(minimal, with_flags({{"policies.in_place.0.cost", "2", ""}})),
        "--set policies.in_place.0.cost: 'policies.in_place.0.cost' is written in the file: it is more than a flag or "
        "a variable can say\n");
}

TEST(Policies, ArePrintedWithTheConfigurationAndReadBack) {
    const auto first = must_load(std::string{minimal} + R"(
policies:
  - name: a
    match: {outbound: "GET /a/{b}", host: "*.example", header: {x-a: "1"}}
    limit: [{rate: 5MiB/s, key: header:x-a, overrides: {gold: 6MiB/s}}, {rate: 1/s, over: pace, queue: 5, longest_wait: 1s}]
    timeout: {}
    retry: {when: [reset, 503]}
    breaker: {slow: 12.5% over 1s}
    balance: least_requests
    fallback: {file: a.html, stale: 5s}
  - {name: b, match: {produce: "*"}, mode: off, priority: low}
  - {name: c, match: {}, fallback: {body: "a\nb ${env:C}"}, limit: {rate: 1/s}}
)",
                                 with_environment({{"C", "c"}}));
    const auto second = must_load(print(first));
    const auto &before = first.value.policies.in_place, &after = second.value.policies.in_place;
    ASSERT_EQ(before.size(), 3U);
    ASSERT_EQ(after.size(), 3U);
    for (std::size_t i = 0; i < 3; ++i) {
        const auto &a = before[i], &b = after[i];
        EXPECT_EQ(a.match, b.match);
        EXPECT_EQ(a.limits, b.limits);
        EXPECT_EQ(a.timeout, b.timeout) << print(first);
        EXPECT_EQ(a.retry, b.retry);
        EXPECT_EQ(a.breakers, b.breakers);
        EXPECT_EQ(a.balance, b.balance);
        EXPECT_EQ(a.fallback, b.fallback);
        EXPECT_EQ(a.mode, b.mode);
        EXPECT_EQ(a.priority, b.priority);
    }
}

}  // namespace
}  // namespace outrider::config::test
