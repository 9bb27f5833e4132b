#include "sidecar/app/own_card.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "governance/breaker_table.hpp"
#include "sidecar/collector/sidecar_card.hpp"

namespace outrider::app {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class OwnCard : public testing::Test {
  protected:
    OwnCard() {
        card.secret = "00112233445566778899aabbccddeeff";
        card.service = "orders";
        card.instance = "orders-1";
        card.started = wall - 10s;
        card.health = {governance::health_state::healthy, now - 3s, {}};
    }
    void use(std::vector<governance::policy> policies) {
        governance::policy_set::options with;
        with.now = now;
        card.policies = governance::policy_set::compile(std::move(policies), nullptr, with);
    }
    static governance::policy named(const std::string& name) {
        governance::policy out;
        out.name = name;
        out.match.kind = governance::traffic::outbound;
        out.match.upstream = "stock";
        return out;
    }
    encoded_card encoded() const { return encode(card, now, wall); }
    /// As the collector keeps it.
    json kept() const {
        const auto read = collector::read_sidecar_card(encoded().body);
        if (!read) return read.error().why;
        return json::parse("{" + read->body + "}");
    }

    const governance::time_point now{1'000s};
    const std::chrono::system_clock::time_point wall{1'700'000'000s};
    own_card card;
};

TEST_F(OwnCard, TellsOfHealthAndDependencies) {
    card.health = {governance::health_state::degraded, now - 3s, {{"upstream stock", "refused", now - 3s}}};
    card.dependencies = {{"stock", "upstream", "127.0.0.1:8081", "down", "refused"}, {"main", "kafka", "", "up", ""}};
    const auto out = kept();
    EXPECT_EQ(out["service"], "orders");
    EXPECT_EQ(out["startedUnixNano"], "1699999990000000000");
    EXPECT_EQ(out["health"], json::parse(R"({"verdict":"degraded","sinceUnixNano":"1699999997000000000",
                                            "reasons":["upstream stock: refused"]})"));
    EXPECT_EQ(out["dependencies"][0], json::parse(R"({"name":"stock","kind":"upstream","endpoint":"127.0.0.1:8081",
                                                     "verdict":"down","reason":"refused"})"));
    EXPECT_EQ(out["dependencies"][1], json::parse(R"({"name":"main","kind":"kafka","verdict":"up"})"));
}

TEST_F(OwnCard, TellsEveryVerdictInWordsThatTheCollectorKnows) {
    for (std::size_t i = 0; i < governance::health_states; ++i) {
        card.health.state = static_cast<governance::health_state>(i);
        EXPECT_TRUE(kept().is_object()) << kept();
    }
    card.stopped = true;
    EXPECT_TRUE(collector::read_sidecar_card(encoded().body)->stopped);
}

TEST_F(OwnCard, TellsOfEveryRuleAndBreaker) {
    auto all = named("all");
    all.limits.emplace_back().rate = {10, "10/s"};
    all.concurrency.emplace_back().max = 5;
    all.breakers.emplace_back();
    all.timeout.emplace();
    all.retry.emplace();
    all.fallback.emplace();
    auto off = named("off");
    off.mode = governance::mode::disabled;
    auto shadow = named("shadow");
    shadow.mode = governance::mode::shadow;
    shadow.limits.emplace_back().rate = {1, "1/s"};
    use({all, off, shadow});
    auto& breakers = *card.policies->find("all")->breakers.front().breakers;
    breakers.of("stock", now).force(governance::breaker_force::open, now);
    card.counts[{"all", "limit"}] = {7, 2, 1};
    const auto out = kept();
    std::vector<std::string> kinds;
    for (const auto& one : out["policies"]) kinds.push_back(one.value("kind", one["mode"]));
    EXPECT_THAT(kinds, testing::UnorderedElementsAre("limit", "concurrency", "breaker", "timeout", "retry", "fallback",
                                                     "disabled", "limit"));
    const auto& limit = out["policies"][0];
    EXPECT_EQ(limit["allowed"], 7);
    EXPECT_EQ(limit["refused"], 2);
    EXPECT_EQ(limit["delayed"], 1);
    EXPECT_EQ(limit["level"], 0.0);
    for (const auto& one : out["policies"])
        if (one.value("kind", "") == "breaker") {
            EXPECT_EQ(one["state"], "open");
            EXPECT_EQ(one["target"], "stock");
        }
    EXPECT_EQ(out["policies"].back()["mode"], "shadow");
}

TEST_F(OwnCard, SaysWhetherThereIsNews) {
    use({[] {
        auto out = named("protect");
        out.breakers.emplace_back();
        return out;
    }()});
    auto& breaker = card.policies->find("protect")->breakers.front().breakers->of("stock", now);
    auto before = encoded().stands;
    const auto news = [&] { return std::exchange(before, encoded().stands) != before; };
    card.rates = {{"inbound", {5, 0, 1, 2}}};
    card.counts[{"protect", "breaker"}] = {1, 0, 0};
    EXPECT_FALSE(news()) << "figures are no news";
    breaker.force(governance::breaker_force::open, now);
    EXPECT_TRUE(news());
    card.health.state = governance::health_state::degraded;
    EXPECT_TRUE(news());
    card.dependencies = {{"stock", "upstream", "", "up", ""}};
    EXPECT_TRUE(news());
    card.dependencies[0].verdict = "down";
    EXPECT_TRUE(news());
    EXPECT_FALSE(news());
}

TEST_F(OwnCard, HasABoundAndCountsWhatIsLeftOut) {
    for (int i = 0; i < 5'000; ++i)
        card.dependencies.push_back(
            {std::string(1'000, 'n'), "upstream", "e" + std::to_string(i), "up", std::string(10'000, 'r')});
    std::vector<governance::policy> policies;
    for (int i = 0; i < 3'000; ++i) {
        policies.push_back(named("policy-" + std::to_string(i)));
        policies.back().timeout.emplace();
    }
    use(std::move(policies));
    const auto out = encoded();
    EXPECT_LE(out.body.size(), 256u << 10);
    const auto read = kept();
    ASSERT_TRUE(read.is_object()) << read;
    EXPECT_EQ(read["dependencies"].size() + read["policies"].size() + out.left_out, 8'000u);
    EXPECT_EQ(read["leftOut"], out.left_out);
}

TEST_F(OwnCard, TellsRates) {
    card.rates = {{"inbound", {12.5, 0.5, 1'000'000, 9'000'000}}, {"produce", {3, 0, {}, {}}}};
    EXPECT_EQ(
        kept()["rates"],
        json::parse(R"({"inbound":{"perSecond":12.5,"errorsPerSecond":0.5,"p50Nano":"1000000","p99Nano":"9000000"},
                                             "produce":{"perSecond":3.0,"errorsPerSecond":0.0}})"));
}

}  // namespace
}  // namespace outrider::app
