#include "governance/policy_set.hpp"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "governance/breaker_table.hpp"
#include "governance/mismatch.hpp"

namespace outrider::governance {
namespace {

const time_point start{std::chrono::seconds{1'000}};

/// A request as policies see it.
struct request {
    facts of;
    std::map<std::string, std::string, std::less<>> headers;

    request(std::string_view method, std::string_view path) {
        of.method = method;
        of.path = path;
    }
    request& outbound(std::string_view upstream) {
        of.kind = traffic::outbound;
        of.upstream = upstream;
        return *this;
    }
    const facts& read() {
        of.header = {[](const void* message, std::string_view name) -> std::string_view {
                         auto& fields = static_cast<const request*>(message)->headers;
                         auto at = fields.find(name);
                         return at == fields.end() ? std::string_view{} : std::string_view{at->second};
                     },
                     this};
        return of;
    }
};

policy named(std::string name, match by) {
    policy out;
    out.name = std::move(name);
    out.match = std::move(by);
    return out;
}

match inbound(std::string method, std::string path) {
    match out;
    out.kind = traffic::inbound;
    out.method = std::move(method);
    out.path = std::move(path);
    return out;
}

std::shared_ptr<const policy_set> compile(std::vector<policy> policies, const policy_set* former = nullptr) {
    return policy_set::compile(std::move(policies), former, {.now = start});
}

std::vector<std::string> names(const policy_set& set, const facts& of) {
    matched found;
    set.match(of, found);
    std::vector<std::string> out;
    for (std::size_t i = 0; i < found.policies.size(); ++i) out.push_back(found.policies[i]->source->name);
    return out;
}

using list = std::vector<std::string>;

TEST(PolicySet, FindsPoliciesByMethodAndPathInTheOrderOfTheFile) {
    auto set = compile({named("one", inbound("POST", "/orders/{id}")), named("get", inbound("GET", "/orders/{id}")),
                        named("all", inbound("", "")), named("rest", inbound("", "/orders/{rest...}"))});
    EXPECT_EQ(names(*set, request("POST", "/orders/7").read()), (list{"one", "all", "rest"}));
    EXPECT_EQ(names(*set, request("GET", "/orders/7").read()), (list{"get", "all", "rest"}));
    EXPECT_EQ(names(*set, request("GET", "/orders/7/items").read()), (list{"all", "rest"}));
    EXPECT_EQ(names(*set, request("GET", "/stock").read()), (list{"all"}));
}

TEST(PolicySet, ADisguisedPathIsStillThePath) {
    auto set = compile({named("admin", inbound("", "/admin/{what}"))});
    for (const char* path : {"/admin/x", "/%61dmin/x", "//admin//x", "/a/../admin/x", "/admin/x/"})
        EXPECT_EQ(names(*set, request("GET", path).read()), (list{"admin"})) << path;
    EXPECT_EQ(names(*set, request("GET", "/admin").read()), list{});
}

TEST(PolicySet, ParametersAreThoseOfThePoliciesThatMatch) {
    auto set =
        compile({named("a", inbound("PUT", "/{tenant}/orders/{id}")), named("b", inbound("", "/{x}/orders/{y}"))});
    matched found;
    request get{"GET", "/acme/orders/7"};
    set->match(get.read(), found);
    ASSERT_EQ(found.parameters.size(), 2U);
    EXPECT_EQ(found.parameters[0].name, "x");
    EXPECT_EQ(found.parameters[0].value, "acme");
    EXPECT_EQ(found.parameters[1].value, "7");
}

TEST(PolicySet, FindsByUpstreamHostAndHeader) {
    match stock, beta, host;
    stock.kind = traffic::outbound;
    stock.upstream = "stock*";
    beta.headers = {{"x-channel", "beta"}};
    host.kind = traffic::outbound;
    host.host = "api.example";
    auto set = compile({named("stock", stock), named("beta", beta), named("host", host)});
    request call{"GET", "/"};
    call.outbound("stock-eu");
    EXPECT_EQ(names(*set, call.read()), (list{"stock"}));
    call.headers["x-channel"] = "beta";
    EXPECT_EQ(names(*set, call.read()), (list{"stock", "beta"}));
    request other{"GET", "/"};
    other.outbound("");
    other.of.host = "api.example";
    EXPECT_EQ(names(*set, other.read()), (list{"host"}));
}

TEST(PolicySet, FindsByTopicGroupAndClient) {
    match clicks, one, group;
    clicks.kind = traffic::produce;
    clicks.topic = "click.*";
    one.kind = traffic::produce;
    one.topic = "click.raw";
    one.client = "web-*";
    group.kind = traffic::consume;
    group.group = "billing";
    auto set = compile({named("clicks", clicks), named("one", one), named("group", group)});
    facts of;
    of.kind = traffic::produce;
    of.topic = "click.raw";
    of.client = "web-1";
    EXPECT_EQ(names(*set, of), (list{"clicks", "one"}));
    of.client = "batch";
    EXPECT_EQ(names(*set, of), (list{"clicks"}));
    of.kind = traffic::consume;
    of.group = "billing";
    EXPECT_EQ(names(*set, of), (list{"group"}));
}

TEST(PolicySet, TheMostSpecificPolicySetsWhatCountsAndShadowsSetNothing) {
    auto wide = named("wide", inbound("", ""));
    auto narrow = named("narrow", inbound("GET", "/orders/{id}"));
    auto shadow = named("shadow", inbound("GET", "/orders/7"));
    wide.timeout = narrow.timeout = shadow.timeout = timeout_rule{};
    wide.retry = retry_rule{};
    shadow.mode = mode::shadow;
    auto set = compile({wide, narrow, shadow});
    matched found;
    request get{"GET", "/orders/7"};
    set->match(get.read(), found);
    EXPECT_EQ(found.policies.size(), 3U);
    EXPECT_EQ(found.timeout->source->name, "narrow");
    EXPECT_EQ(found.retry->source->name, "wide");
    EXPECT_EQ(found.fallback, nullptr);
}

TEST(PolicySet, ADisabledPolicyIsNotThere) {
    auto gone = named("gone", inbound("", ""));
    gone.mode = mode::disabled;
    EXPECT_TRUE(compile({gone})->empty());
}

/// A set of one policy with a rule of each kind that has state.
std::vector<policy> with_state(double rate) {
    auto one = named("one", inbound("", ""));
    one.limits.push_back({.rate = {rate, "x"}});
    one.concurrency.push_back({.max = 10});
    one.breakers.push_back({.consecutive = 5});
    one.retry = retry_rule{};
    return {one};
}

TEST(PolicySet, StateOfUnchangedRulesPassesToTheNextSet) {
    auto first = compile(with_state(100));
    auto second = compile(with_state(100), first.get());
    const auto &a = first->policies()[0], &b = second->policies()[0];
    EXPECT_EQ(a.limits[0].limiter, b.limits[0].limiter);
    EXPECT_EQ(a.concurrency[0].limiter, b.concurrency[0].limiter);
    EXPECT_EQ(a.breakers[0].breakers, b.breakers[0].breakers);
    EXPECT_EQ(a.retry.budget, b.retry.budget);
}

TEST(PolicySet, AChangedRuleBeginsAnewAndItsNeighboursGoOn) {
    auto first = compile(with_state(100));
    auto second = compile(with_state(200), first.get());
    const auto &a = first->policies()[0], &b = second->policies()[0];
    EXPECT_NE(a.limits[0].limiter, b.limits[0].limiter);
    EXPECT_EQ(a.concurrency[0].limiter, b.concurrency[0].limiter);
}

/// Random policies and requests from a small alphabet, so that many match.
class random_world {
  public:
    explicit random_world(unsigned seed) : random_(seed) {}
    match any_match() {
        match out;
        if (chance(3)) out.kind = static_cast<traffic>(random_() % 2);
        if (chance(2)) out.method = pick({"GET", "POST"});
        if (chance(2)) out.path = pick({"/", "/a", "/a/{x}", "/{x}/b", "/a/{r...}", "/{r...}", "/a/b", "/{x}"});
        if (chance(3)) out.upstream = pick({"u", "v", "*", "u*"});
        if (chance(3)) out.host = pick({"h", "h.*"});
        if (chance(3)) out.headers = {{pick({"k", "l"}), pick({"1", "2", "*"})}};
        return out;
    }
    request any_request() {
        request out{pick({"GET", "POST"}), pick({"/", "/a", "/a/b", "/c/b", "/a/b/c", "//a/./b", "/%61"})};
        if (chance(2)) out.outbound(pick({"u", "v", "uu"}));
        out.of.host = pick({"h", "h.x", ""});
        if (chance(2)) out.headers[pick({"k", "l"})] = pick({"1", "2", "3"});
        return out;
    }

  private:
    bool chance(unsigned in) { return random_() % in == 0; }
    const char* pick(std::initializer_list<const char*> from) { return *(from.begin() + random_() % from.size()); }
    std::mt19937 random_;
};

TEST(PolicySet, TheIndexFindsWhatLookingAtEveryPolicyFinds) {
    std::size_t hits = 0;
    for (unsigned seed = 0; seed < 50; ++seed) {
        random_world world{seed};
        std::vector<policy> policies;
        for (int i = 0; i < 40; ++i) policies.push_back(named("p" + std::to_string(i), world.any_match()));
        auto set = compile(policies);
        for (int i = 0; i < 40; ++i) {
            auto one = world.any_request();
            list expected;
            for (const auto& each : policies)
                if (mismatch(each.match, one.read()).empty()) expected.push_back(each.name);
            hits += expected.size();
            ASSERT_EQ(names(*set, one.read()), expected)
                << "seed " << seed << ": " << one.of.method << " " << one.of.path;
        }
    }
    EXPECT_GT(hits, 5'000U);
}

}  // namespace
}  // namespace outrider::governance
