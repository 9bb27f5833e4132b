#include "sidecar/kafka/cluster_policies.hpp"

#include <gtest/gtest.h>

#include "sidecar/kafka/governed_request.hpp"

namespace outrider::kafka {
namespace {

using namespace std::chrono_literals;
using governance::traffic;

governance::policy policy(std::string cluster, std::optional<traffic> kind = {}) {
    governance::policy out;
    out.name = "one";
    out.match.cluster = std::move(cluster);
    out.match.kind = kind;
    return out;
}

governance::policy limiting(governance::policy out, governance::over_limit over = governance::over_limit::by_protocol) {
    governance::limit_rule rule;
    rule.rate = {1, "1/s"};
    rule.over = over;
    out.limits.push_back(rule);
    return out;
}

governance::policy breaking(governance::policy out, std::string topic = {}) {
    out.match.topic = std::move(topic);
    governance::breaker_rule rule;
    rule.consecutive = 1;
    out.breakers.push_back(rule);
    return out;
}

class ClusterPolicies : public ::testing::Test {
  protected:
    void use(governance::policy one) { by.use(governance::policy_set::compile({std::move(one)}, nullptr, {})); }
    exchange::governor by;
    cluster_policies of_main{by, "main"};
};

TEST_F(ClusterPolicies, AreNoneWithoutPolicies) {
    EXPECT_FALSE(of_main.of(traffic::produce).any());
    EXPECT_FALSE(of_main.of(traffic::consume).any());
}

TEST_F(ClusterPolicies, AreThoseThatNameTheClusterOrNone) {
    for (const auto* cluster : {"main", "ma*", ""}) {
        use(limiting(policy(cluster)));
        EXPECT_TRUE(of_main.of(traffic::produce).limits) << cluster;
        EXPECT_TRUE(of_main.of(traffic::consume).limits) << cluster;
    }
    use(limiting(policy("other")));
    EXPECT_FALSE(of_main.of(traffic::produce).any());
}

TEST_F(ClusterPolicies, AreToldApartByTheKindOfTraffic) {
    use(limiting(policy("main", traffic::produce)));
    EXPECT_TRUE(of_main.of(traffic::produce).limits);
    EXPECT_FALSE(of_main.of(traffic::consume).any());
    use(limiting(policy("", traffic::inbound)));
    EXPECT_FALSE(of_main.of(traffic::produce).any()) << "HTTP";
}

TEST_F(ClusterPolicies, KnowWhatNeedsRequestsThatAreHeld) {
    use(limiting(policy("main"), governance::over_limit::reject));
    EXPECT_TRUE(of_main.of(traffic::produce).refusals);
    auto shadow = limiting(policy("main"), governance::over_limit::reject);
    shadow.mode = governance::mode::shadow;
    use(shadow);
    EXPECT_TRUE(of_main.of(traffic::produce).refusals) << "what it would refuse is to be counted";
}

TEST_F(ClusterPolicies, KnowBreakersForCertainTopics) {
    use(breaking(policy("main")));
    EXPECT_TRUE(of_main.of(traffic::consume).breakers);
    EXPECT_FALSE(of_main.of(traffic::consume).topics);
    use(breaking(policy("main"), "orders"));
    EXPECT_TRUE(of_main.of(traffic::consume).topics);
}

TEST_F(ClusterPolicies, LetGoOfWhatIsNotInUseAnyMore) {
    use(limiting(policy("main")));
    (void)of_main.of(traffic::produce);
    std::weak_ptr<const exchange::policies_in_use> former{by.policies()};
    use(limiting(policy("other")));
    EXPECT_FALSE(former.expired());
    of_main.refresh();
    EXPECT_TRUE(former.expired());
}

TEST(ThrottleTime, IsRoundedUpToWholeMilliseconds) {
    const governance::time_point now{1'000s};
    EXPECT_EQ(throttle_time(now, now), 0);
    EXPECT_EQ(throttle_time(governance::time_point::min(), now), 0);
    EXPECT_EQ(throttle_time(now + 1ns, now), 1);
    EXPECT_EQ(throttle_time(now + 1'500us, now), 2);
    EXPECT_EQ(throttle_time(now + std::chrono::hours{24 * 365}, now), 0x7fffffff);
}

}  // namespace
}  // namespace outrider::kafka
