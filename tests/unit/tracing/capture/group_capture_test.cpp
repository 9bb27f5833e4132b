#include "tracing/capture/group_capture.hpp"

#include <gtest/gtest.h>

#include "tracing/otlp.hpp"

namespace outrider::tracing {
namespace {

capture_settings by_key() {
    capture_settings out;
    out.echo_values = 4;
    out.keys = {{"order", {{capture_source::place::record_key, ""}}}};
    return out;
}

struct GroupCapture : testing::Test {
    capture_plan plan{by_key()};
    group_capture group;

    void add(const std::string& key) {
        message_capture one{plan};
        one.record_key(key);
        group.add(one);
    }
    std::vector<attribute> written(bool with_echo = true) {
        std::string bytes;
        span_encoder out{bytes};
        span_context own;
        own.trace.bytes[0] = own.span.bytes[0] = 1;
        out.begin(own, {}, true, {}, "x", span_kind::producer, 1, 2);
        group.write(out, plan, with_echo);
        out.end();
        return decode_otlp(otlp_request({}, bytes)).value().spans.at(0).attributes;
    }
};

TEST_F(GroupCapture, OneValueIsAText) {
    add("4711");
    add("4711");
    EXPECT_EQ(text_attribute(written(), "chain.key.order"), "4711");
}

TEST_F(GroupCapture, SeveralAreAnArrayInTheirOrder) {
    add("b-1");
    add("a-2");
    add("b-1");
    const auto all = written();
    const auto& values = std::get<attribute_value::array>(find_attribute(all, "chain.key.order")->data);
    ASSERT_EQ(values.size(), 2U);
    EXPECT_EQ(std::get<std::string>(values[0].data), "b-1");
    EXPECT_EQ(std::get<std::string>(values[1].data), "a-2");
    EXPECT_EQ(find_attribute(all, "outrider.captured.left_out"), nullptr);
}

TEST_F(GroupCapture, HasABoundAndCountsWhatFoundNoRoom) {
    for (int i = 0; i < 20; ++i) add("order-" + std::to_string(i));
    const auto all = written();
    EXPECT_EQ(std::get<attribute_value::array>(find_attribute(all, "chain.key.order")->data).size(), 16U);
    EXPECT_EQ(std::get<std::int64_t>(find_attribute(all, "outrider.captured.left_out")->data), 4);
    EXPECT_EQ(std::get<byte_string>(find_attribute(all, "outrider.echo")->data).bytes.size(), 4U * 8);
    EXPECT_EQ(find_attribute(written(false), "outrider.echo"), nullptr);
}

TEST_F(GroupCapture, GroupsBecomeOne) {
    add("one-1");
    group_capture all;
    all.add(group);
    group = {};
    add("two-2");
    all.add(group);
    group = all;
    EXPECT_EQ(std::get<attribute_value::array>(find_attribute(written(), "chain.key.order")->data).size(), 2U);
    EXPECT_TRUE(group_capture{}.empty());
}

}  // namespace
}  // namespace outrider::tracing
