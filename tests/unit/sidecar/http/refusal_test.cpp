#include "sidecar/http/refusal.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using governance::compiled_breaker;
using governance::compiled_concurrency;
using governance::compiled_limit;
using governance::decision;
using governance::rule_kind;

/// A rule as it is compiled, without its state: answers only read what was written.
template <typename Compiled>
Compiled compiled(const governance::policy& of, rule_kind kind, std::uint32_t index = 0) {
    Compiled out;
    out.of = &of;
    out.kind = kind;
    out.index = index;
    return out;
}

struct a_limit {
    governance::policy policy;
    compiled_limit rule;
    decision why;

    explicit a_limit(double per_second, std::string text, std::uint32_t index = 0) {
        policy.name = "orders-per-tenant";
        for (std::uint32_t i = 0; i <= index; ++i) policy.limits.emplace_back();
        policy.limits[index].rate = {per_second, std::move(text)};
        rule = compiled<compiled_limit>(policy, rule_kind::limit, index);
        rule.rule = &policy.limits[index];
        why.verdict = governance::verdict::refuse;
        why.by = &rule;
        why.limit = per_second;
        why.burst = 50;
        why.observed = 50;
        why.retry_after = 300ms;
    }
    governance::limit_rule& written() { return policy.limits[rule.index]; }
    local_answer answer(std::uint32_t random = 0) const {
        local_answer out;
        explain(out, why, "7f3a", random);
        return out;
    }
};

TEST(Refusal, OfALimitTellsRuleAndLevelAndWhenToComeBack) {
    a_limit limit{100, "100/s"};
    auto answer = limit.answer();
    auto problem = nlohmann::json::parse("{\"status\":429" + answer.members + "}");
    EXPECT_EQ(problem["policy"], "orders-per-tenant");
    EXPECT_EQ(problem["rule"], "limit");
    EXPECT_EQ(problem["policy_version"], "7f3a");
    EXPECT_EQ(problem["observed"], 50);
    EXPECT_EQ(problem["limit"], 100);
    EXPECT_EQ(problem["burst"], 50);
    EXPECT_EQ(problem["retry_after"], 0.3);
    EXPECT_EQ(problem["violated-policies"], nlohmann::json::array({"orders-per-tenant"}));
    EXPECT_EQ(answer.type, "https://iana.org/assignments/http-problem-types#quota-exceeded");
    EXPECT_EQ(answer.fields,
              "Retry-After: 1\r\nRateLimit-Policy: \"orders-per-tenant\";q=100;w=1\r\n"
              "RateLimit: \"orders-per-tenant\";r=0;t=1\r\n");
}

TEST(Refusal, NamesTheSecondLimitOfAPolicyApart) {
    a_limit limit{100, "100/s", 1};
    auto answer = limit.answer();
    EXPECT_NE(answer.members.find("\"rule\":\"limit.1\""), std::string::npos);
    EXPECT_NE(answer.fields.find("RateLimit: \"orders-per-tenant.limit.1\";"), std::string::npos);
}

TEST(Refusal, TellsARateInWholeNumbersOverTheShortestWindow) {
    struct {
        double per_second;
        const char* quota;
    } cases[] = {{100, ";q=100;w=1\r\n"},           {0.1, ";q=6;w=60\r\n"},
                 {1.5, ";q=90;w=60\r\n"},           {1.0 / 3600, ";q=1;w=3600\r\n"},
                 {1.0 / 86400, ";q=1;w=86400\r\n"}, {33.37123, ";q=33;w=1\r\n"},
                 {0.0000001, ";q=0;w=86400\r\n"}};
    for (const auto& each : cases)
        EXPECT_NE((a_limit{each.per_second, "r"}.answer().fields.find(each.quota)), std::string::npos)
            << each.per_second << ": " << a_limit(each.per_second, "r").answer().fields;
}

TEST(Refusal, QuotesWhatAPolicyIsCalledAsAStructuredString) {
    a_limit limit{1, "1/s"};
    limit.policy.name = "a \"b\"\\ \xc3\xa9\r\nX: y";
    EXPECT_NE(limit.answer().fields.find("RateLimit: \"a \\\"b\\\"\\\\ ????X: y\";r=0"), std::string::npos)
        << limit.answer().fields;
}

TEST(Refusal, OfALimitOfBytesNamesItsUnit) {
    a_limit limit{5'242'880, "5MiB/s"};
    limit.written().of = governance::measure::bytes;
    limit.written().key = {governance::key_source::kind::header, "x-tenant"};
    EXPECT_NE(limit.answer().fields.find(";q=5242880;w=1;qu=\"content-bytes\"\r\n"), std::string::npos);
    EXPECT_EQ(detail_of(limit.why),
              "policy 'orders-per-tenant' allows 5MiB/s and 50 bytes at once for each value of header x-tenant");
}

TEST(Refusal, OfAnOverrideTellsTheRateThatHolds) {
    a_limit limit{1000, "100/s"};
    limit.written().rate.per_second = 100;
    EXPECT_EQ(detail_of(limit.why), "policy 'orders-per-tenant' allows 1000/s and 50 at once");
}

TEST(Refusal, OfSlotsTellsHowManyAreUnderWay) {
    governance::policy policy;
    policy.name = "protect";
    auto rule = compiled<compiled_concurrency>(policy, rule_kind::concurrency);
    decision why;
    why.by = &rule;
    why.observed = why.limit = 5;
    local_answer answer;
    explain(answer, why, "v", 0xffffffff);
    EXPECT_EQ(failure_of(rule), exchange::failure_code::concurrency_limited);
    EXPECT_EQ(detail_of(why), "policy 'protect' allows 5 exchanges at once, and 5 are under way");
    EXPECT_EQ(answer.type, "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity");
    EXPECT_EQ(answer.fields, "Retry-After: 1\r\n") << "a moment, when nobody knows";
}

TEST(Refusal, OfABreakerTellsTheTimeUntilItsProbes) {
    governance::policy policy;
    policy.name = "protect";
    auto rule = compiled<compiled_breaker>(policy, rule_kind::breaker);
    decision why;
    why.by = &rule;
    why.retry_after = 4s;
    local_answer answer;
    explain(answer, why, "v", 0);
    EXPECT_EQ(failure_of(rule), exchange::failure_code::circuit_open);
    EXPECT_EQ(answer.fields, "Retry-After: 4\r\n");
    auto problem = nlohmann::json::parse("{\"status\":503" + answer.members + "}");
    EXPECT_EQ(problem["retry_after"], 4);
    EXPECT_FALSE(problem.contains("limit"));
}

TEST(Refusal, SpreadsReturnsOverASecondOrAFifthButNeverBeforeTheTrueWait) {
    EXPECT_EQ(spread(300ms, 0), 300ms);
    EXPECT_GE(spread(300ms, 0xffffffff), 1299ms);
    EXPECT_LE(spread(300ms, 0xffffffff), 1300ms);
    EXPECT_EQ(spread(60s, 0), 60s);
    EXPECT_EQ(spread(60s, 0x80000000), 66s);
    EXPECT_LE(spread(60s, 0xffffffff), 72s);
    EXPECT_LE(spread(0ns, 0xffffffff), 1s);
}

}  // namespace
}  // namespace outrider::http
