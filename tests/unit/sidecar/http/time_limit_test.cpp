#include "sidecar/http/time_limit.hpp"

#include <gtest/gtest.h>

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using word = time_limit::word;

const net::steady_clock::time_point start{1h};

void add(field_list& fields, std::string_view name, std::string_view value) {
    fields.add(name, value, {}, identify(name));
}

TEST(TimeLimit, IsWhoeverSaysTheShortest) {
    time_limit limit;
    EXPECT_FALSE(limit.any());
    limit.narrow(word::setting, start + 3s, 3s);
    EXPECT_EQ(limit.end(), start + 3s);
    limit.narrow(word::trace, start + 2s);
    limit.narrow(word::timeout_ms, start + 2500ms, 2500ms);
    EXPECT_EQ(limit.end(), start + 2s);
    EXPECT_EQ(limit.by(), word::trace);
    EXPECT_TRUE(limit.of_caller());
}

TEST(TimeLimit, IsReadFromTheRequest) {
    field_list fields;
    add(fields, "X-Outrider-Timeout-Ms", "250");
    time_limit limit;
    limit.read(fields, start);
    EXPECT_EQ(limit.end(), start + 250ms);
    EXPECT_NE(limit.text().find("x-outrider-timeout-ms: 250"), std::string::npos);
    add(fields, "grpc-timeout", "100m");
    limit = {};
    limit.read(fields, start);
    EXPECT_EQ(limit.end(), start + 100ms);
    EXPECT_EQ(limit.by(), word::grpc_timeout);
}

TEST(TimeLimit, IsNeverLengthenedByACaller) {
    time_limit limit;
    limit.narrow(word::setting, start + 1s, 1s);
    field_list fields;
    add(fields, "x-outrider-timeout-ms", "5000");
    add(fields, "x-outrider-timeout-ms", "900");
    add(fields, "x-outrider-timeout-ms", "5000");
    limit.read(fields, start);
    EXPECT_EQ(limit.end(), start + 900ms);
}

TEST(TimeLimit, IsNotMadeOfWhatIsNoTime) {
    field_list fields;
    for (auto value : {"", "soon", "-5", "1.5", "5 ms"}) add(fields, "x-outrider-timeout-ms", value);
    for (auto value : {"", "5", "m", "5x"}) add(fields, "grpc-timeout", value);
    time_limit limit;
    limit.read(fields, start);
    EXPECT_FALSE(limit.any());
    EXPECT_FALSE(limit.spent(start));
}

TEST(TimeLimit, IsSpentWhenTheNextHopCouldBeToldNothing) {
    time_limit limit;
    limit.narrow(word::timeout_ms, start + 10ms, 10ms);
    EXPECT_FALSE(limit.spent(start));
    EXPECT_FALSE(limit.spent(start + 9ms));
    EXPECT_TRUE(limit.spent(start + 9ms + 1us));
    EXPECT_TRUE(limit.spent(start + 1s));
}

}  // namespace
}  // namespace outrider::http
