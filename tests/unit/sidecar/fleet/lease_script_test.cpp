#include "sidecar/fleet/lease_script.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "sidecar/fleet/key_names.hpp"
#include "sidecar/fleet/redis_connection.hpp"
#include "tests/support/redis_server.hpp"

namespace outrider::fleet {
namespace {

using namespace std::chrono_literals;
using governance::lease_request;

/// So that nothing comes while a test runs.
constexpr double slow = 0.01;

lease_question about(std::string_view key, lease_request what, double per_second = slow, double burst = 20) {
    return {"outrider:limit:tests:0:", {name_of_key(key), per_second, burst, what, nullptr}};
}
lease_request wants(double amount) { return {0, 0, amount, {}}; }

TEST(LeaseScript, NamesItsKeysAndWritesItsNumbersShortly) {
    const auto said = lease_arguments({about("a", {1, 0.5, 2.25, 7}, 10)});
    const std::vector<std::string> numbers{"10", "20", "1", "0.5", "2.25", "7"};
    ASSERT_EQ(said.size(), 8U);
    EXPECT_EQ(said[0], "1");
    EXPECT_EQ(said[1], "outrider:limit:tests:0:ca978112ca1bbdcafac231b39a23dc4d");
    EXPECT_EQ(std::vector<std::string>(said.begin() + 2, said.end()), numbers);
}

TEST(LeaseScript, BelievesNoGrantThatCannotBe) {
    const std::vector<lease_question> batch{about("a", wants(5))};
    EXPECT_TRUE(read_grants(batch, {"5", "3"}));
    EXPECT_TRUE(read_grants(batch, {"0", "-7.5"}));
    for (const auto& [granted, left] : std::vector<std::pair<std::string, std::string>>{{"5.1", "3"},
                                                                                        {"-1", "3"},
                                                                                        {"nan", "3"},
                                                                                        {"inf", "3"},
                                                                                        {"5", "nan"},
                                                                                        {"5", "21"},
                                                                                        {"5", ""},
                                                                                        {"", "3"},
                                                                                        {"5 ", "3"},
                                                                                        {"0x5", "3"},
                                                                                        {"5", "1e999"}})
        EXPECT_FALSE(read_grants(batch, {granted, left})) << granted << " " << left;
    EXPECT_FALSE(read_grants(batch, {}));
    EXPECT_FALSE(read_grants(batch, {"5"}));
    EXPECT_FALSE(read_grants(batch, {"5", "3", "5"}));
}

TEST(KeyNames, TellRulesApart) {
    governance::limit_rule one;
    one.rate.per_second = 10;
    auto other = one;
    other.rate.per_second = 11;
    EXPECT_EQ(prefix_of("p", 0, one), prefix_of("p", 0, one));
    EXPECT_NE(prefix_of("p", 0, one), prefix_of("p", 0, other));
    EXPECT_NE(prefix_of("p", 0, one), prefix_of("p", 1, one));
    EXPECT_NE(prefix_of("p", 0, one), prefix_of("q", 0, one));
    other = one;
    other.overrides["a"].per_second = 10;
    EXPECT_NE(prefix_of("p", 0, one), prefix_of("p", 0, other));
    other = one;
    other.longest_wait = std::chrono::seconds(1);
    EXPECT_EQ(prefix_of("p", 0, one), prefix_of("p", 0, other)) << "says nothing about what is counted";
}

class LeaseScriptInRedis : public testing::Test {
  protected:
    void SetUp() override {
        redis_ = test::redis_server::start();
        const char* const ci = std::getenv("CI");
        if (!redis_ && ci && std::string(ci) == "true") FAIL() << "there is no redis-server";
        if (!redis_) GTEST_SKIP() << "there is no redis-server";
        ASSERT_TRUE(connection_.open({"127.0.0.1", redis_->port(), "", "", 0}, 5s, 5s));
    }
    std::vector<governance::lease_grant> ask(const std::vector<lease_question>& batch) {
        std::vector<std::string> command{"EVAL", std::string(lease_script())};
        for (auto& argument : lease_arguments(batch)) command.push_back(argument);
        const auto said = connection_.call(command, 5s);
        EXPECT_TRUE(said) << connection_.why();
        const auto grants = said ? read_grants(batch, said->list) : std::nullopt;
        EXPECT_TRUE(grants);
        return grants.value_or(std::vector<governance::lease_grant>(batch.size()));
    }
    std::string run(const std::vector<std::string>& command) {
        const auto said = connection_.call(command, 5s);
        return said ? said->text : connection_.why();
    }
    static std::string key_of(const lease_question& question) { return lease_arguments({question})[1]; }

    std::unique_ptr<test::redis_server> redis_;
    redis_connection connection_;
};

TEST_F(LeaseScriptInRedis, BeginsWithAFullBucketAndGrantsHalfOfIt) {
    const auto said = ask({about("a", wants(100))});
    EXPECT_DOUBLE_EQ(said[0].granted, 10);
    EXPECT_DOUBLE_EQ(said[0].left, 10);
}

TEST_F(LeaseScriptInRedis, GrantsTheLastWholeOne) {
    EXPECT_NEAR(ask({about("a", {18.5, 0, 5, {}})})[0].granted, 1, 0.01);
    EXPECT_NEAR(ask({about("b", {19.5, 0, 5, {}})})[0].granted, 0.5, 0.01);
}

TEST_F(LeaseScriptInRedis, TakesWhatWasSpentWhateverTheLevel) {
    const auto said = ask({about("a", {50, 0, 5, {}})});
    EXPECT_EQ(said[0].granted, 0);
    EXPECT_DOUBLE_EQ(said[0].left, -30);
    EXPECT_NEAR(ask({about("a", {0, 10, 0, {}})})[0].left, -20, 0.5);
}

TEST_F(LeaseScriptInRedis, FillsToTheBurstAndNoFurther) {
    EXPECT_DOUBLE_EQ(ask({about("a", {0, 1'000, 0, {}})})[0].left, 20);
    EXPECT_EQ(run({"EXISTS", key_of(about("a", {}))}), "0") << "a full bucket needs no key";
}

TEST_F(LeaseScriptInRedis, LowersALevelThatASidecarKnowsBetter) {
    EXPECT_NEAR(ask({about("a", {0, 0, 0, 3})})[0].left, 3, 0.1);
    EXPECT_NEAR(ask({about("a", {0, 0, 0, 100})})[0].left, 3, 0.5);
    EXPECT_NEAR(ask({about("a", {0, 0, 0, -5})})[0].left, -5, 0.5);
}

TEST_F(LeaseScriptInRedis, FillsByTheClockOfRedis) {
    ask({about("a", {20, 0, 0, {}}, 1'000)});
    std::this_thread::sleep_for(10ms);
    const double left = ask({about("a", {}, 1'000)})[0].left;
    EXPECT_GE(left, 10);
    EXPECT_LE(left, 20);
}

TEST_F(LeaseScriptInRedis, AnswersABatchKeyByKey) {
    const auto said = ask({about("a", wants(3)), about("b", wants(4)), about("a", wants(3))});
    EXPECT_DOUBLE_EQ(said[0].left, 17);
    EXPECT_DOUBLE_EQ(said[1].left, 16);
    EXPECT_NEAR(said[2].left, 14, 0.01);
}

TEST_F(LeaseScriptInRedis, EndsADebtAfterAnHour) {
    EXPECT_DOUBLE_EQ(ask({about("a", {1e9, 0, 0, {}}, 10)})[0].left, -36'000);
    EXPECT_LE(std::stoll(run({"PTTL", key_of(about("a", {}))})), 3'602'000);
}

TEST_F(LeaseScriptInRedis, GoesOnFromWhateverStandsThere) {
    const auto key = key_of(about("a", {}));
    for (const auto& put : std::vector<std::vector<std::string>>{{"SET", key, "nonsense"},
                                                                 {"SET", key, "nan"},
                                                                 {"SET", key, "-inf"},
                                                                 {"SET", key, ""},
                                                                 {"SET", key, "1"},
                                                                 {"DEL", key},
                                                                 {"LPUSH", key, "a list"}}) {
        run(put);
        EXPECT_DOUBLE_EQ(ask({about("a", wants(3))})[0].left, 17) << put.back();
        run({"DEL", key});
    }
    run({"SET", key, "inf"});
    EXPECT_DOUBLE_EQ(ask({about("a", wants(3))})[0].left, -36);
}

TEST_F(LeaseScriptInRedis, DoesAsTheFormulaSays) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> any(0, 15);
    const double burst = 20;
    double level = burst;
    for (int i = 0; i < 300; ++i) {
        lease_request what{any(random) / 2, any(random), any(random), {}};
        if (i % 7 == 0) what.at_most = any(random) + 2;
        const auto said = ask({about("a", what, slow, burst)})[0];
        level = std::min({level - what.spend + what.give, burst, what.at_most.value_or(burst)});
        const double granted = std::max(0.0, std::min({what.want, level, std::max(level / 2, 1.0)}));
        EXPECT_NEAR(said.granted, granted, 0.01) << i;
        EXPECT_NEAR(said.left, level - granted, 0.01) << i;
        level = said.left;
    }
}

}  // namespace
}  // namespace outrider::fleet
