// Spans that go to a collector, which also takes those that the sampler leaves out.

#include <gtest/gtest.h>

#include "sidecar/exchange/capture_settings.hpp"
#include "tests/unit/sidecar/exchange/traced_http.hpp"

namespace outrider::exchange {
namespace {

using tracing::span_data;

config::settings collected() {
    config::settings settings;
    settings.tracing.collector = "http://collector:4318";
    settings.tracing.sampler = config::sampler::always_off;
    return settings;
}

bool says_not_sampled(const span_data& span) {
    const auto* found = tracing::find_attribute(span.attributes, "outrider.head_sampled");
    return found && found->data == decltype(found->data){false};
}

TEST(CollectedSpan, IsRecordedWhateverTheSamplerSays) {
    traced t{collected()};
    const auto span = t.server(some_http_facts());
    EXPECT_TRUE(says_not_sampled(span));
    EXPECT_EQ(span.flags & tracing::flag_sampled, 0U);
    EXPECT_TRUE(says_not_sampled(t.client(some_http_facts(), some_attempt())));
    t.tracer.finish_fallback(t.tracer.start({}, config::trust::continue_, {}), some_http_facts());
    EXPECT_TRUE(says_not_sampled(t.only()));
}

TEST(CollectedSpan, HandsOnTheSamplersDecisionAndItsOwnName) {
    traced t{collected()};
    const auto span = t.tracer.start({}, config::trust::continue_, {});
    EXPECT_TRUE(span.recorded);
    std::string head;
    t.tracer.inject(head, span);
    EXPECT_NE(head.find("-" + span.own.span.hex() + "-02\r\n"), std::string::npos) << head;
    EXPECT_NE(head.find("tracestate: outrider=" + span.own.span.hex()), std::string::npos) << head;
}

TEST(CollectedSpan, OfASampledTraceSaysNothingOfIt) {
    auto settings = collected();
    settings.tracing.sampler = config::sampler::always_on;
    traced t{settings};
    EXPECT_FALSE(has(t.server(some_http_facts()), "outrider.head_sampled"));
}

TEST(CollectedSpan, KeepsTheMemberThatNamedTheSpanBefore) {
    traced t{collected()};
    auto fields = carried();
    fields.tracestate[fields.tracestate_lines++] = "vendor=1,outrider=00f067aa0ba902b7";
    t.tracer.finish_server(t.tracer.start(fields, config::trust::continue_, {}), some_http_facts());
    EXPECT_EQ(t.only().tracestate, "outrider=00f067aa0ba902b7");
    t.tracer.finish_server(t.tracer.start(fields, config::trust::restart, {}), some_http_facts());
    EXPECT_EQ(t.only().tracestate, "");
    traced plain;
    plain.tracer.finish_server(plain.tracer.start(fields, config::trust::continue_, {}), some_http_facts());
    EXPECT_EQ(plain.only().tracestate, "") << "nobody would read it";
}

TEST(CollectedSpan, CountsWhatMayBeItsCause) {
    traced t{collected()};
    auto& first = t.setup.inbound->next();
    auto& second = t.setup.inbound->next();
    {
        const open_exchange one{first}, two{second};
        auto three = open_exchange{second};
        three.end();
        auto root = t.tracer.start({}, config::trust::continue_, {});
        t.tracer.note_candidates(root);
        t.tracer.finish_client(root, some_http_facts(), some_attempt());
        EXPECT_EQ(number(t.only(), "outrider.inbound_open"), 2);
        auto child = t.tracer.start(carried(), config::trust::continue_, {});
        t.tracer.note_candidates(child);
        t.tracer.finish_client(child, some_http_facts(), some_attempt());
        EXPECT_FALSE(has(t.only(), "outrider.inbound_open")) << "its cause is known";
    }
    EXPECT_EQ(t.setup.inbound->count(), 0);
}

TEST(CaptureSettings, HashNothingWithoutACollector) {
    config::settings settings;
    settings.keys["order"].sources = {{config::value_source::place::path, "order"}};
    EXPECT_EQ(capture_settings_of(settings).echo_values, 0U);
    EXPECT_TRUE(tracing_setup{settings}.capture.any()) << "keys are attributes all the same";
    EXPECT_FALSE(tracing_setup{config::settings{}}.capture.any());
    settings.tracing.collector = "http://collector:4318";
    EXPECT_EQ(capture_settings_of(settings).echo_values, 16U);
    EXPECT_NE(capture_settings_of(settings).key, capture_settings_of(settings).key) << "random where none is given";
    settings.tracing.echo_key = "0123456789abcdef";
    EXPECT_EQ(capture_settings_of(settings).key, capture_settings_of(settings).key);
    settings.tracing.disabled = true;
    EXPECT_FALSE(tracing_setup{settings}.capture.any());
}

}  // namespace
}  // namespace outrider::exchange
