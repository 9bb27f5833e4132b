#include <gtest/gtest.h>

#include "tests/unit/tracing/carried.hpp"

namespace outrider::tracing {
namespace {

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

}  // namespace
}  // namespace outrider::tracing
