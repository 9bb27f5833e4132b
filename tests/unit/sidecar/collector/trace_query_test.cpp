#include "sidecar/collector/trace_query.hpp"

#include <gmock/gmock.h>

namespace outrider::collector {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr std::uint64_t now = 1'795'200'000'000'000'000;

trace_query parsed(std::string_view query) { return *parse_trace_query(net::query_parameters(query), now); }

std::string refused(std::string_view query) {
    const auto result = parse_trace_query(net::query_parameters(query), now);
    return result ? "accepted" : result.error().message;
}

TEST(ParseTraceQuery, ReadsEveryParameterOfJaeger) {
    const auto query = parsed(
        "service=orders&operation=GET%20/o&start=1000&end=2000&minDuration=1.5ms&maxDuration=2s&limit=7"
        "&tag=a:b:c&tags=%7B%22k%22%3A%22v%22%7D");
    EXPECT_EQ(query.service, "orders");
    EXPECT_EQ(query.operation, "GET /o");
    EXPECT_EQ(query.start_ns, 1'000'000u);
    EXPECT_EQ(query.end_ns, 2'000'000u);
    EXPECT_EQ(query.min_duration, 1500us);
    EXPECT_EQ(query.max_duration, 2s);
    EXPECT_EQ(query.limit, 7u);
    EXPECT_THAT(query.tags, ElementsAre(Pair("a", "b:c"), Pair("k", "v")));
}

TEST(ParseTraceQuery, HasTheDefaultsOfJaeger) {
    const auto query = parsed("service=orders");
    EXPECT_EQ(query.limit, 100u);
    EXPECT_EQ(query.start_ns, std::nullopt);
    EXPECT_TRUE(query.tags.empty());
}

TEST(ParseTraceQuery, LooksBackFromNowUnlessAStartIsGiven) {
    EXPECT_EQ(parsed("service=o&lookback=1h").start_ns, now - 3'600'000'000'000);
    EXPECT_EQ(parsed("service=o&lookback=2d").start_ns, now - 2 * 86'400'000'000'000);
    EXPECT_EQ(parsed("service=o&lookback=1h&start=5").start_ns, 5'000u);
    EXPECT_EQ(parsed("service=o&lookback=custom").start_ns, std::nullopt);
    EXPECT_EQ(parsed("service=o&lookback=90000d").start_ns, 0u);
}

TEST(ParseTraceQuery, IgnoresEmptyAndUnknownParameters) {
    EXPECT_EQ(parsed("service=o&minDuration=&maxDuration=&tags=&limit=&raw=true&x").min_duration, std::nullopt);
    EXPECT_EQ(parsed("service=o&operation=all").operation, "");
}

TEST(ParseTraceQuery, BoundsTheLimit) {
    EXPECT_EQ(parsed("service=o&limit=99999999").limit, 1'500u);
    EXPECT_EQ(parsed("service=o&limit=0").limit, 100u);
}

TEST(ParseTraceQuery, TakesTraceIdsInsteadOfAService) {
    const auto query = parsed("traceID=abc&traceID=0af7651916cd43dd8448eb211c80319c");
    ASSERT_EQ(query.traces.size(), 2u);
    EXPECT_EQ(query.traces[0].hex(), "00000000000000000000000000000abc");
    EXPECT_EQ(query.traces[1].hex(), "0af7651916cd43dd8448eb211c80319c");
}

TEST(ParseTraceQuery, SaysWhichParameterIsWrong) {
    EXPECT_EQ(refused(""), "parameter 'service' is required");
    EXPECT_EQ(refused("service="), "parameter 'service' is required");
    EXPECT_THAT(refused("service=o&start=x"), HasSubstr("'start'"));
    EXPECT_THAT(refused("service=o&end=-1"), HasSubstr("'end'"));
    EXPECT_THAT(refused("service=o&start=18446744073709551615"), HasSubstr("'start'"));
    EXPECT_THAT(refused("service=o&lookback=x"), HasSubstr("'lookback'"));
    EXPECT_THAT(refused("service=o&minDuration=5"), HasSubstr("'minDuration'"));
    EXPECT_THAT(refused("service=o&limit=-1"), HasSubstr("'limit'"));
    EXPECT_THAT(refused("service=o&tag=x"), HasSubstr("'tag'"));
    EXPECT_THAT(refused("service=o&traceID=xyz"), HasSubstr("'traceID'"));
    for (const auto* tags : {"x", "[]", "%7B%22a%22%3A1%7D", "%7B", "%FF"})
        EXPECT_THAT(refused("service=o&tags=" + std::string{tags}), HasSubstr("'tags'")) << tags;
    EXPECT_THAT(refused("service=o&minDuration=10ms&maxDuration=5ms"), HasSubstr("'maxDuration'"));
}

TEST(ParseDuration, ReadsGoNotation) {
    EXPECT_EQ(parse_duration("300ns"), 300ns);
    EXPECT_EQ(parse_duration("1.5ms"), 1500us);
    EXPECT_EQ(parse_duration("2h45m0.5s"), 2h + 45min + 500ms);
    EXPECT_EQ(parse_duration("7us"), 7us);
    EXPECT_EQ(parse_duration("7\u00b5s"), 7us);
    EXPECT_EQ(parse_duration("0"), 0ns);
    for (const auto* bad :
         {"", "5", "ms", "1e3s", "-1s", "1 s", "1sx", "nan", "inf", "nans", "99999999999999d", "1.s.", "0x1s"})
        EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
}

TEST(ParseTraceId, PadsShortIdsAndRefusesEverythingElse) {
    EXPECT_EQ(parse_trace_id("ABC")->hex(), "00000000000000000000000000000abc");
    EXPECT_EQ(parse_trace_id("0")->hex(), "00000000000000000000000000000000");
    for (const auto* bad : {"", "xyz", "0x1", "-1", "+1", " 1", "1 ", "0af7651916cd43dd8448eb211c80319c0"})
        EXPECT_EQ(parse_trace_id(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace outrider::collector
