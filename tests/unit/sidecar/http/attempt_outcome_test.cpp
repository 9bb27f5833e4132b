#include "sidecar/http/attempt_outcome.hpp"

#include <gtest/gtest.h>

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using enum exchange::failure_code;
using governance::outcome;

constexpr auto client = exchange::origin::client;
constexpr auto upstream = exchange::origin::upstream;
constexpr auto self = exchange::origin::self;

constexpr attempt_verdict well{outcome::success, outcome::success};
constexpr attempt_verdict sick{outcome::failure, outcome::failure};
constexpr attempt_verdict says_nothing{outcome::ignored, outcome::ignored};
/// Alive, but no sample of its latency.
constexpr attempt_verdict alive{outcome::success, outcome::ignored};

TEST(AttemptOutcome, OfAnAnswerIsInItsStatus) {
    const std::pair<int, attempt_verdict> table[] = {
        {101, well}, {200, well},  {204, well}, {302, well}, {400, well}, {404, well}, {408, well},
        {418, well}, {429, alive}, {499, well}, {500, sick}, {501, well}, {502, sick}, {503, sick},
        {504, sick}, {505, well},  {507, sick}, {520, sick}, {599, sick},
    };
    for (const auto& [status, expected] : table) EXPECT_EQ(judge({{}, status, false, 5ms}), expected) << status;
}

TEST(AttemptOutcome, OfAFailureIsInItsOrigin) {
    struct row {
        exchange::failure_code code;
        exchange::origin whose;
        attempt_verdict expected;
    };
    const row table[] = {
        {connect_refused, upstream, sick},
        {connect_timeout, upstream, sick},
        {unresolvable, upstream, sick},
        {tls_failed, upstream, sick},
        {upstream_closed, upstream, sick},
        {upstream_malformed, upstream, sick},
        {upstream_timeout, upstream, sick},
        {upstream_truncated, upstream, sick},
        {total_timeout, upstream, sick},
        {deadline_exceeded, upstream, sick},
        // The client's doing: it was slow, wrong, or left.
        {client_gone, client, says_nothing},
        {request_timeout, client, says_nothing},
        {malformed_request, client, says_nothing},
        {total_timeout, client, says_nothing},
        {deadline_exceeded, client, says_nothing},
        // Our own: a local refusal is never an upstream failure.
        {draining, self, says_nothing},
        {overloaded, self, says_nothing},
        {circuit_open, self, says_nothing},
        {rate_limited, self, says_nothing},
        {concurrency_limited, self, says_nothing},
        {destination_refused, self, says_nothing},
    };
    for (const auto& each : table)
        EXPECT_EQ(judge({{each.code, each.whose, false}, 0, false, 1s}), each.expected)
            << exchange::name_of(each.code) << " of " << static_cast<int>(each.whose);
}

TEST(AttemptOutcome, OfACutOffAnswerIsTheFailureWhateverTheStatusWas) {
    EXPECT_EQ(judge({{upstream_truncated, upstream, false}, 200, false, 5ms}), sick);
    EXPECT_EQ(judge({{client_gone, client, false}, 200, false, 5ms}), says_nothing);
}

TEST(AttemptOutcome, OfADeadlineThatLeftNoFairChanceIsNone) {
    const exchange::failure late{deadline_exceeded, upstream, false};
    EXPECT_EQ(judge({late, 0, false, 0ms}), says_nothing);
    EXPECT_EQ(judge({late, 0, false, fair_chance - 1ns}), says_nothing);
    EXPECT_EQ(judge({late, 0, false, fair_chance}), sick);
    // The operator's own timeouts are meant so, however short.
    EXPECT_EQ(judge({{upstream_timeout, upstream, false}, 0, false, 5ms}), sick);
    EXPECT_EQ(judge({{total_timeout, upstream, false}, 0, false, 5ms}), sick);
}

TEST(AttemptOutcome, OfAConnectionThatWasIdleForTooLongIsNone) {
    EXPECT_EQ(judge({{upstream_closed, upstream, true}, 0, true, 5ms}), says_nothing);
}

TEST(AttemptOutcome, IsASignOfSicknessWhenTheApplicationDidNotAnswer) {
    using exchange::failure_code;
    for (auto code : {connect_refused, connect_timeout, upstream_closed, upstream_timeout, total_timeout})
        EXPECT_TRUE(is_sign_of_sickness({code, upstream, false})) << name_of(code);
    // It answered, if badly; or it was not asked; or a caller's deadline was too short for it.
    for (auto code : {failure_code::none, upstream_malformed, upstream_truncated, unresolvable, tls_failed, overloaded,
                      application_unhealthy, deadline_exceeded})
        EXPECT_FALSE(is_sign_of_sickness({code, upstream, false})) << name_of(code);
    EXPECT_FALSE(is_sign_of_sickness({total_timeout, client, false})) << "its body was waited for";
    EXPECT_FALSE(is_sign_of_sickness({total_timeout, self, false})) << "it waited for its turn";
}

}  // namespace
}  // namespace outrider::http
