#include <gtest/gtest.h>

#include "tests/unit/tracing/carried.hpp"

namespace outrider::tracing {
namespace {

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

}  // namespace
}  // namespace outrider::tracing
