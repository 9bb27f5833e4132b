#include "tracing/context.hpp"

#include <gtest/gtest.h>

#include "tests/unit/tracing/carried.hpp"
#include "tracing/request_id.hpp"

namespace outrider::tracing {
namespace {

TEST(Jaeger, PadsShortIdsAndReadsFlags) {
    auto found = from_jaeger("abc:1f:0:1");
    EXPECT_EQ(found.format, context_format::jaeger);
    EXPECT_EQ(found.parent.trace.hex(), "00000000000000000000000000000abc");
    EXPECT_EQ(found.parent.span.hex(), "000000000000001f");
    EXPECT_TRUE(found.parent.sampled());
    EXPECT_FALSE(found.parent.debug);
    EXPECT_FALSE(from_jaeger("abc:1f:0:0").parent.sampled());
    EXPECT_TRUE(from_jaeger("abc:1f:0:0").sampling_decided);
    EXPECT_TRUE(from_jaeger("abc:1f:0:3").parent.debug);
    EXPECT_TRUE(from_jaeger("abc:1f:0:2").parent.sampled());
    EXPECT_TRUE(from_jaeger("abc%3A1f%3a0%3A1").parent.valid());
    EXPECT_TRUE(from_jaeger("abc:1f::1").parent.valid());
}

TEST(Jaeger, IsRefusedWhenMalformed) {
    for (auto value : {"abc", "abc:1f", "abc:1f:0", "abc:1f:0:1:2", "0:1f:0:1", "abc:0:0:1", ":1f:0:1", "abc::0:1",
                       "abc:1f:0:", "abc:1f:0:zz", "abc:1f:zz:1", "abc:1f:0:001",
                       "4bf92f3577b34da6a3ce929d0e0e47360:1f:0:1", "abc:00f067aa0ba902b70:0:1"}) {
        EXPECT_TRUE(from_jaeger(value).bad) << value;
    }
}

TEST(Extract, PassesOverAMalformedFormatToTheNext) {
    context_fields fields;
    fields.b3 = "garbage";
    fields.uber_trace_id = "abc:1f:0:1";
    EXPECT_EQ(extract(fields).format, context_format::jaeger);
    EXPECT_FALSE(extract(fields).bad);
}

TEST(Extract, PrefersTheFormatsInTheirOrder) {
    context_fields fields;
    fields.request_id = "123e4567-e89b-12d3-a456-426614174000";
    EXPECT_EQ(extract(fields).format, context_format::request_id);
    EXPECT_EQ(extract(fields).parent.trace.hex(), "123e4567e89b12d3a456426614174000");
    EXPECT_FALSE(extract(fields).parent.valid());
    fields.uber_trace_id = "abc:1f:0:1";
    EXPECT_EQ(extract(fields).format, context_format::jaeger);
    fields.b3_trace_id = trace_hex;
    fields.b3_span_id = span_hex;
    EXPECT_EQ(extract(fields).format, context_format::b3_multi);
    fields.b3 = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7";
    EXPECT_EQ(extract(fields).format, context_format::b3_single);
    fields.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    EXPECT_EQ(extract(fields).format, context_format::w3c);
}

TEST(Extract, OfNothingIsNothing) {
    auto found = extract({});
    EXPECT_EQ(found.format, context_format::none);
    EXPECT_FALSE(found.bad);
    EXPECT_FALSE(found.sampling_decided);
}

TEST(RequestId, JoinsOnlyWhenItIsAUuid) {
    EXPECT_TRUE(trace_of_request_id("123E4567-E89B-12D3-A456-426614174000"));
    EXPECT_TRUE(trace_of_request_id("123e4567e89b12d3a456426614174000"));
    for (auto value : {"", "42", "123e4567-e89b-12d3-a456-42661417400", "123e4567-e89b-12d3-a456-42661417400g",
                       "123e4567+e89b+12d3+a456+426614174000", "00000000-0000-0000-0000-000000000000"}) {
        EXPECT_FALSE(trace_of_request_id(value)) << value;
    }
}

TEST(RequestId, IsWrittenSoThatItNamesTheTrace) {
    auto trace = trace_of_request_id("123e4567-e89b-12d3-a456-426614174000");
    std::string out;
    append_request_id(out, *trace);
    EXPECT_EQ(out, "123e4567-e89b-12d3-a456-426614174000");
}

/// A context to hand on, and what came in.
struct Inject : testing::Test {
    span_context own = from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03").parent;
    std::string written(format which, const extracted& incoming = {}, std::string_view member = {},
                        std::optional<std::string_view> ot = {}) {
        std::string out;
        inject(out, propagators{static_cast<std::uint8_t>(which), true}, own, incoming, member, ot);
        return out;
    }
};

TEST_F(Inject, WritesEachFormat) {
    EXPECT_EQ(written(format::tracecontext),
              "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03\r\n");
    EXPECT_EQ(written(format::b3), "b3: 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1\r\n");
    EXPECT_EQ(written(format::b3multi),
              "x-b3-traceid: 4bf92f3577b34da6a3ce929d0e0e4736\r\nx-b3-spanid: 00f067aa0ba902b7\r\nx-b3-sampled: 1\r\n");
    EXPECT_EQ(written(format::jaeger), "uber-trace-id: 4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1\r\n");
}

TEST_F(Inject, WritesDebugAndTheDecisionNotToSample) {
    own.debug = true;
    EXPECT_EQ(written(format::b3), "b3: 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-d\r\n");
    EXPECT_EQ(written(format::b3multi),
              "x-b3-traceid: 4bf92f3577b34da6a3ce929d0e0e4736\r\nx-b3-spanid: 00f067aa0ba902b7\r\nx-b3-flags: 1\r\n");
    EXPECT_EQ(written(format::jaeger), "uber-trace-id: 4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:3\r\n");
    own.debug = false;
    own.flags = 0;
    EXPECT_EQ(written(format::b3), "b3: 4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0\r\n");
    EXPECT_EQ(written(format::jaeger), "uber-trace-id: 4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:0\r\n");
}

TEST_F(Inject, AppendsAndReadsBackInEveryFormat) {
    std::string out = "host: x\r\n";
    inject(out, propagators{15, true}, own, {}, {});
    EXPECT_EQ(out.substr(0, 9), "host: x\r\n");
    auto value = [&](std::string_view name) {
        auto at = out.find(name) + name.size() + 2;
        return std::string_view{out}.substr(at, out.find('\r', at) - at);
    };
    EXPECT_EQ(from_traceparent(value("traceparent")).parent.trace, own.trace);
    EXPECT_EQ(from_b3(value("\nb3")).parent.span, own.span);
    EXPECT_EQ(from_jaeger(value("uber-trace-id")).parent.span, own.span);
}

constexpr std::string_view traceparent_line =
    "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03\r\n";

TEST_F(Inject, LeavesTracestateUntouchedWithoutAnOwnMember) {
    EXPECT_EQ(written(format::tracecontext, with_tracestate({"a=1 ,, b=2", "", "c=3"})),
              std::string{traceparent_line} + "tracestate: a=1 ,, b=2\r\ntracestate: c=3\r\n");
}

TEST_F(Inject, PutsTheOwnMemberLeftmostOnce) {
    EXPECT_EQ(written(format::tracecontext, {}, "00f067aa0ba902b7"),
              std::string{traceparent_line} + "tracestate: outrider=00f067aa0ba902b7\r\n");
    EXPECT_EQ(written(format::tracecontext, with_tracestate({"a=1, outrider=old", "b=2"}), "new"),
              std::string{traceparent_line} + "tracestate: outrider=new,a=1,b=2\r\n");
}

TEST_F(Inject, WritesAndRemovesTheMemberOfTheSampler) {
    EXPECT_EQ(written(format::tracecontext, with_tracestate({"a=1,ot=th:0"}), "x", "th:8"),
              std::string{traceparent_line} + "tracestate: outrider=x,ot=th:8,a=1\r\n");
    EXPECT_EQ(written(format::tracecontext, with_tracestate({"a=1,ot=th:0"}), {}, ""),
              std::string{traceparent_line} + "tracestate: a=1\r\n");
    EXPECT_EQ(written(format::tracecontext, with_tracestate({"ot=th:0"}), {}, ""), traceparent_line);
}

TEST_F(Inject, KeepsThirtyTwoMembersWithItsOwn) {
    std::string members;
    for (int i = 0; i < 32; ++i) members += (i == 0 ? "k" : ",k") + std::to_string(i) + "=v";
    auto out = written(format::tracecontext, with_tracestate({members}), "x");
    EXPECT_NE(out.find("outrider=x,k0=v,"), std::string::npos);
    EXPECT_NE(out.find(",k30=v\r\n"), std::string::npos);
    EXPECT_EQ(out.find("k31"), std::string::npos);
}

TEST_F(Inject, DropsLongMembersFirstAndThenFromTheRight) {
    auto member = [](std::string key, std::size_t size) { return key + "=" + std::string(size - key.size() - 1, 'v'); };
    std::string members = member("long", 200);
    for (char c = 'a'; c < 'a' + 10; ++c) members += "," + member(std::string(1, c), 100);
    auto out = written(format::tracecontext, with_tracestate({members}), "x");
    EXPECT_EQ(out.find("long="), std::string::npos);
    EXPECT_NE(out.find(",a="), std::string::npos);
    EXPECT_NE(out.find(",i="), std::string::npos);
    auto more = member("k", 100) + "," + member("l", 100);
    auto second = with_tracestate({members, more});
    out = written(format::tracecontext, second, "x");
    EXPECT_NE(out.find(",a="), std::string::npos);
    EXPECT_EQ(out.find(",l="), std::string::npos);
}

TEST_F(Inject, KeepsAtLeast512Characters) {
    std::string members = "a=" + std::string(250, 'v') + ",b=" + std::string(255, 'v');
    ASSERT_EQ(members.size(), 510U);
    EXPECT_NE(written(format::tracecontext, with_tracestate({members}), "x").find(members), std::string::npos);
}

}  // namespace
}  // namespace outrider::tracing
