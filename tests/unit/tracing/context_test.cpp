#include "tracing/context.hpp"

#include <gtest/gtest.h>

#include "tracing/baggage.hpp"
#include "tracing/request_id.hpp"

namespace outrider::tracing {
namespace {

constexpr std::string_view trace_hex = "4bf92f3577b34da6a3ce929d0e0e4736", span_hex = "00f067aa0ba902b7";

extracted from_traceparent(std::string_view value) {
    context_fields fields;
    fields.traceparent = value;
    return extract(fields);
}

extracted from_b3(std::string_view value) {
    context_fields fields;
    fields.b3 = value;
    return extract(fields);
}

extracted from_jaeger(std::string_view value) {
    context_fields fields;
    fields.uber_trace_id = value;
    return extract(fields);
}

extracted with_tracestate(std::initializer_list<std::string_view> lines) {
    context_fields fields;
    fields.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (auto line : lines) fields.tracestate[fields.tracestate_lines++] = line;
    return extract(fields);
}

TEST(Traceparent, IsReadAsW3CWritesIt) {
    auto found = from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    EXPECT_EQ(found.format, context_format::w3c);
    EXPECT_EQ(found.parent.trace.hex(), trace_hex);
    EXPECT_EQ(found.parent.span.hex(), span_hex);
    EXPECT_TRUE(found.parent.sampled());
    EXPECT_TRUE(found.sampling_decided);
    EXPECT_FALSE(found.bad);
}

TEST(Traceparent, KeepsTheSampledAndTheRandomFlagAndClearsOthers) {
    auto flags = [](const char* hex) {
        return from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-" + std::string{hex})
            .parent.flags;
    };
    EXPECT_EQ(flags("00"), 0);
    EXPECT_EQ(flags("01"), flag_sampled);
    EXPECT_EQ(flags("02"), flag_random);
    EXPECT_EQ(flags("ff"), flag_sampled | flag_random);
    EXPECT_EQ(flags("fc"), 0);
}

TEST(Traceparent, OfALaterVersionIsReadAsFarAsItIsKnown) {
    for (auto value : {"cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                       "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
                       "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what-comes-later"}) {
        EXPECT_TRUE(from_traceparent(value).parent.valid()) << value;
    }
}

TEST(Traceparent, IsRefusedWhenMalformed) {
    for (auto value : {
             "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",        // forbidden version
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",       // version 00 has no more fields
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra",  //
             "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.extra",  // a later one separates by a dash
             "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",         //
             "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",        // capitals
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00F067AA0BA902B7-01",        //
             "0A-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",        //
             "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0A",        //
             "00-00000000000000000000000000000000-00f067aa0ba902b7-01",        // no ids
             "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",        //
             "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",         // too short
             "00-4bf92f3577b34da6a3ce929d0e0e47360-00f067aa0ba902b7-01",       // too long
             "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",        // no digit
             "00_4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7_01",        //
             "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",         //
             "-",
             "00",
             "garbage",
             " ",
         }) {
        auto found = from_traceparent(value);
        EXPECT_TRUE(found.bad) << value;
        EXPECT_FALSE(found.parent.valid()) << value;
        EXPECT_EQ(found.format, context_format::none) << value;
    }
}

TEST(Traceparent, IsRefusedAtEveryTruncation) {
    std::string_view whole = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (std::size_t size = 1; size < whole.size(); ++size)
        EXPECT_TRUE(from_traceparent(whole.substr(0, size)).bad) << size;
}

TEST(Traceparent, TwiceIsBad) {
    context_fields fields;
    fields.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    fields.repeated_traceparent = true;
    EXPECT_TRUE(extract(fields).bad);
}

TEST(Traceparent, WhenBadDropsTracestateAndSilencesOtherFormats) {
    context_fields fields;
    fields.traceparent = "00-garbage";
    fields.tracestate = {"a=1"};
    fields.tracestate_lines = 1;
    fields.b3 = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";
    auto found = extract(fields);
    EXPECT_TRUE(found.bad);
    EXPECT_FALSE(found.parent.valid());
    EXPECT_EQ(found.tracestate_lines, 0);
}

TEST(Tracestate, IsHandedOnByLine) {
    auto found = with_tracestate({"a=1,b=2", "", "c=3"});
    ASSERT_EQ(found.tracestate_lines, 3);
    EXPECT_EQ(found.tracestate[0], "a=1,b=2");
    EXPECT_EQ(found.tracestate[2], "c=3");
}

TEST(Tracestate, AdmitsWhatLevelTwoAdmits) {
    std::string long_key(256, 'k'), long_value(256, 'v');
    auto longest = long_key + "=" + long_value;
    for (std::string_view line :
         {std::string_view{"foo=1"}, std::string_view{"foo=1 \t,  bar=2"}, std::string_view{"foo=1,,,bar=2,"},
          std::string_view{"0a@b@c-_*/=1"}, std::string_view{"a= inner spaces stay"},
          std::string_view{"a=!\"#$%&'()*+-./:;<>?@[]^_`{|}~"}, std::string_view{longest}}) {
        EXPECT_EQ(with_tracestate({line}).tracestate_lines, 1) << line;
    }
}

TEST(Tracestate, IsDroppedWholeWhenMalformedAndTheParentKept) {
    std::string key257(257, 'k'), value257(257, 'v');
    for (const std::string& line : std::initializer_list<std::string>{
             "foo", "=1", "foo=", "foo= ", "Foo=1", "_foo=1", "@foo=1", "fo o=1", "foo =1", "foo=1=2", "foo=1,bar",
             "foo=\x01", "foo=\xc3\xa9", "foo=1,bar=2,foo=3", key257 + "=1", "foo=" + value257, "foo.bar=1"}) {
        auto found = with_tracestate({line});
        EXPECT_EQ(found.tracestate_lines, 0) << line;
        EXPECT_TRUE(found.parent.valid()) << line;
        EXPECT_FALSE(found.bad) << line;
    }
}

TEST(Tracestate, KeysAreUniqueAcrossLines) { EXPECT_EQ(with_tracestate({"a=1", "b=2,a=3"}).tracestate_lines, 0); }

TEST(Tracestate, HasAtMostThirtyTwoMembers) {
    std::string members;
    for (int i = 0; i < 32; ++i) members += "k" + std::to_string(i) + "=v,";
    EXPECT_EQ(with_tracestate({members}).tracestate_lines, 1);
    EXPECT_EQ(with_tracestate({members, "one=more"}).tracestate_lines, 0);
}

TEST(Tracestate, WithoutATraceparentIsIgnored) {
    context_fields fields;
    fields.tracestate = {"a=1"};
    fields.tracestate_lines = 1;
    fields.b3 = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1";
    EXPECT_EQ(extract(fields).tracestate_lines, 0);
}

TEST(Tracestate, OnMoreLinesThanWeHoldIsDropped) {
    context_fields fields;
    fields.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    fields.tracestate = {"a=1", "b=1", "c=1", "d=1"};
    fields.tracestate_lines = 4;
    fields.tracestate_overflow = true;
    EXPECT_EQ(extract(fields).tracestate_lines, 0);
    EXPECT_TRUE(extract(fields).parent.valid());
}

TEST(B3, IsReadInAllItsForms) {
    struct {
        const char* value;
        bool decided, sampled, debug;
    } table[] = {
        {"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", false, false, false},
        {"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", true, true, false},
        {"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0", true, false, false},
        {"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-d", true, true, true},
        {"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-05e3ac9a4f6e3b90", true, true, false},
        {"4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-1", true, true, false},
    };
    for (const auto& row : table) {
        auto found = from_b3(row.value);
        EXPECT_EQ(found.format, context_format::b3_single) << row.value;
        EXPECT_EQ(found.parent.trace.hex(), trace_hex);
        EXPECT_EQ(found.parent.span.hex(), span_hex);
        EXPECT_EQ(found.sampling_decided, row.decided) << row.value;
        EXPECT_EQ(found.parent.sampled(), row.sampled) << row.value;
        EXPECT_EQ(found.parent.debug, row.debug) << row.value;
    }
}

TEST(B3, PadsIdsOf64Bits) {
    EXPECT_EQ(from_b3("a3ce929d0e0e4736-00f067aa0ba902b7-1").parent.trace.hex(), "0000000000000000a3ce929d0e0e4736");
}

TEST(B3, MayBeADecisionWithoutIds) {
    struct {
        const char* value;
        bool sampled, debug;
    } table[] = {{"0", false, false}, {"1", true, false}, {"d", true, true}};
    for (const auto& row : table) {
        auto found = from_b3(row.value);
        EXPECT_TRUE(found.sampling_decided) << row.value;
        EXPECT_EQ(found.parent.sampled(), row.sampled) << row.value;
        EXPECT_EQ(found.parent.debug, row.debug) << row.value;
        EXPECT_FALSE(found.parent.valid()) << row.value;
        EXPECT_FALSE(found.bad) << row.value;
    }
}

TEST(B3, IsRefusedWhenMalformed) {
    for (auto value :
         {"2", "x", "4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736-",
          "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-", "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-2",
          "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-",
          "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1-12",
          "00000000000000000000000000000000-00f067aa0ba902b7-1", "4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-1",
          "f92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1", "4bf92f3577b34da6a3ce929d0e0e4736-0ba902b7-1"}) {
        EXPECT_TRUE(from_b3(value).bad) << value;
        EXPECT_FALSE(from_b3(value).parent.valid()) << value;
    }
}

TEST(B3Multi, IsReadInAllItsForms) {
    context_fields fields;
    fields.b3_trace_id = trace_hex;
    fields.b3_span_id = span_hex;
    EXPECT_EQ(extract(fields).format, context_format::b3_multi);
    EXPECT_FALSE(extract(fields).sampling_decided);
    fields.b3_sampled = "1";
    EXPECT_TRUE(extract(fields).parent.sampled());
    fields.b3_sampled = "0";
    EXPECT_TRUE(extract(fields).sampling_decided);
    EXPECT_FALSE(extract(fields).parent.sampled());
    fields.b3_flags = "1";
    EXPECT_TRUE(extract(fields).parent.debug);
    EXPECT_TRUE(extract(fields).parent.sampled());
    EXPECT_EQ(extract(fields).parent.trace.hex(), trace_hex);
}

TEST(B3Multi, MayBeADecisionWithoutIds) {
    context_fields fields;
    fields.b3_sampled = "0";
    EXPECT_TRUE(extract(fields).sampling_decided);
    EXPECT_FALSE(extract(fields).bad);
}

TEST(B3Multi, IsRefusedWithHalfAnIdentity) {
    context_fields fields;
    fields.b3_trace_id = trace_hex;
    EXPECT_TRUE(extract(fields).bad);
    fields.b3_span_id = "xyz";
    EXPECT_TRUE(extract(fields).bad);
    fields.b3_span_id = span_hex;
    fields.b3_sampled = "maybe";
    EXPECT_TRUE(extract(fields).bad);
}

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
    span_context own = [] {
        auto parent = from_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03").parent;
        return parent;
    }();
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

TEST(Baggage, WithinTheLimitsIsUntouched) {
    EXPECT_EQ(baggage_within_limits(""), "");
    EXPECT_EQ(baggage_within_limits(" a=1;p , b=2,"), " a=1;p , b=2,");
    std::string exact = "a=" + std::string(8190, 'v');
    EXPECT_EQ(baggage_within_limits(exact), exact);
}

TEST(Baggage, IsCutToWholeMembers) {
    std::string many;
    for (int i = 0; i < 70; ++i) many += (i == 0 ? "k" : ",k") + std::to_string(i) + "=v";
    auto cut = baggage_within_limits(many);
    EXPECT_EQ(cut.substr(cut.rfind(',') + 1), "k63=v");
    std::string large = "a=1,b=" + std::string(9000, 'v') + ",c=2";
    EXPECT_EQ(baggage_within_limits(large), "a=1");
    EXPECT_EQ(baggage_within_limits(std::string(9000, 'v')), "");
    std::string trailing = "a=" + std::string(8190, 'v') + ",";
    EXPECT_EQ(baggage_within_limits(trailing), std::string_view{trailing}.substr(0, 8192));
}

}  // namespace
}  // namespace outrider::tracing
