#include "sidecar/exchange/tracer.hpp"

#include <gtest/gtest.h>

#include "sidecar/exchange/capture_settings.hpp"
#include "tracing/otlp.hpp"

namespace outrider::exchange {
namespace {

using namespace std::chrono_literals;
using tracing::span_data;

constexpr std::string_view parent_line = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

tracing::context_fields carried(std::string_view traceparent = parent_line) {
    tracing::context_fields fields;
    fields.traceparent = traceparent;
    return fields;
}

/// A tracer whose finished spans are read back as a collector would read them.
struct traced {
    explicit traced(config::settings configured = {}) : settings(std::move(configured)), setup(settings) {}

    std::vector<span_data> finished() {
        tracer.flush();
        std::string entries;
        while (auto chunk = sink.take()) {
            entries += chunk->bytes;
            sink.give_back(std::move(chunk));
        }
        return tracing::decode_otlp(tracing::otlp_request({}, entries)).value().spans;
    }
    span_data server(const http_facts& facts, config::trust trust = config::trust::continue_) {
        tracer.finish_server(tracer.start(carried(), trust, {}), facts);
        return only();
    }
    span_data client(const http_facts& facts, const attempt_facts& attempt) {
        tracer.finish_client(tracer.start(carried(), config::trust::continue_, {}), facts, attempt);
        return only();
    }
    span_data only() {
        auto spans = finished();
        EXPECT_EQ(spans.size(), 1U);
        return spans.empty() ? span_data{} : spans[0];
    }

    config::settings settings;
    tracing_setup setup;
    tracing::span_buffer sink;
    exchange::tracer tracer{setup, &sink};
};

http_facts some_facts() {
    http_facts facts;
    facts.method = "GET";
    facts.path = "/orders/7";
    facts.host = "shop";
    facts.peer = "192.0.2.7";
    facts.peer_port = 4711;
    facts.user_agent = "curl/8";
    facts.status = 200;
    facts.upstream = "stock";
    facts.attempts = 1;
    facts.finished = facts.started + 5ms;
    return facts;
}

attempt_facts some_attempt() {
    attempt_facts attempt;
    attempt.server_address = "stock-1";
    attempt.server_port = 8080;
    attempt.peer_address = "10.0.0.9";
    attempt.peer_port = 8080;
    attempt.status = 200;
    attempt.finished = attempt.started + 3ms;
    return attempt;
}

std::string_view text(const span_data& span, std::string_view key) {
    return tracing::text_attribute(span.attributes, key);
}

std::int64_t number(const span_data& span, std::string_view key) {
    auto* found = tracing::find_attribute(span.attributes, key);
    if (!found || !std::holds_alternative<std::int64_t>(found->data)) return -1;
    return std::get<std::int64_t>(found->data);
}

bool has(const span_data& span, std::string_view key) {
    return tracing::find_attribute(span.attributes, key) != nullptr;
}

TEST(ServerSpan, SaysWhatTheConventionsAsk) {
    traced t;
    auto facts = some_facts();
    facts.query = "a=1";
    auto span = t.server(facts);
    EXPECT_EQ(span.name, "GET") << "never the raw path";
    EXPECT_EQ(span.kind, tracing::span_kind::server);
    EXPECT_EQ(span.trace.hex(), "0af7651916cd43dd8448eb211c80319c");
    EXPECT_EQ(span.parent.hex(), "b7ad6b7169203331");
    EXPECT_NE(span.span.hex(), "b7ad6b7169203331");
    EXPECT_EQ(span.flags & 0x300, 0x300U) << "the parent is remote, and known to be";
    EXPECT_EQ(tracing::duration_ns(span), 5'000'000U);
    EXPECT_EQ(text(span, "http.request.method"), "GET");
    EXPECT_EQ(text(span, "url.path"), "/orders/7");
    EXPECT_EQ(text(span, "url.query"), "a=1");
    EXPECT_EQ(text(span, "url.scheme"), "http");
    EXPECT_EQ(number(span, "http.response.status_code"), 200);
    EXPECT_EQ(text(span, "client.address"), "192.0.2.7");
    EXPECT_EQ(text(span, "network.peer.address"), "192.0.2.7");
    EXPECT_EQ(number(span, "network.peer.port"), 4711);
    EXPECT_EQ(text(span, "network.protocol.name"), "http");
    EXPECT_EQ(text(span, "network.protocol.version"), "1.1");
    EXPECT_EQ(text(span, "user_agent.original"), "curl/8");
    EXPECT_EQ(text(span, "server.address"), "shop");
    EXPECT_EQ(span.status, tracing::status_code::unset);
    EXPECT_FALSE(has(span, "error.type"));
    EXPECT_TRUE(span.links.empty());
}

TEST(ServerSpan, TellsTheServersPortFromItsAddress) {
    traced t;
    auto facts = some_facts();
    facts.host = "shop:8080";
    auto span = t.server(facts);
    EXPECT_EQ(text(span, "server.address"), "shop");
    EXPECT_EQ(number(span, "server.port"), 8080);
    facts.host = "[2001:db8::1]:81";
    span = t.server(facts);
    EXPECT_EQ(text(span, "server.address"), "2001:db8::1");
    EXPECT_EQ(number(span, "server.port"), 81);
    facts.host = "[2001:db8::1]";
    span = t.server(facts);
    EXPECT_EQ(text(span, "server.address"), "2001:db8::1");
    EXPECT_FALSE(has(span, "server.port"));
}

TEST(ServerSpan, OfAnUnknownMethodIsNamedHttp) {
    traced t;
    auto facts = some_facts();
    facts.method = "PROPFIND";
    facts.minor_version = 0;
    auto span = t.server(facts);
    EXPECT_EQ(span.name, "HTTP");
    EXPECT_EQ(text(span, "http.request.method"), "_OTHER");
    EXPECT_EQ(text(span, "http.request.method_original"), "PROPFIND");
    EXPECT_EQ(text(span, "network.protocol.version"), "1.0");
}

struct status_case {
    int status;
    failure why;
    bool server_error;
    bool client_error;
    std::string_view client_type;
};

TEST(Span, IsAnErrorByTheRulesOfItsSide) {
    const failure upstream{failure_code::upstream_closed, origin::upstream, false};
    const failure client{failure_code::malformed_request, origin::client, false};
    const failure self{failure_code::unknown_host, origin::self, false};
    const status_case cases[] = {
        {200, {}, false, false, ""},
        {302, {}, false, false, ""},
        {404, {}, false, true, "404"},
        {499, {}, false, true, "499"},
        {500, {}, true, true, "500"},
        {503, {}, true, true, "503"},
        {502, upstream, true, true, "upstream_closed"},
        {400, client, false, true, "malformed_request"},
        {403, self, false, true, "unknown_host"},
    };
    for (const auto& each : cases) {
        traced t;
        auto facts = some_facts();
        auto attempt = some_attempt();
        facts.status = attempt.status = each.status;
        facts.failure = attempt.failure = each.why;
        auto server = t.server(facts), made = t.client(facts, attempt);
        EXPECT_EQ(server.status == tracing::status_code::error, each.server_error) << each.status;
        EXPECT_EQ(made.status == tracing::status_code::error, each.client_error) << each.status;
        EXPECT_EQ(text(made, "error.type"), each.client_type) << each.status;
        if (each.server_error) {
            EXPECT_EQ(text(server, "error.type"), each.client_type) << each.status;
        }
    }
}

TEST(ClientSpan, SaysWhatTheConventionsAsk) {
    traced t;
    auto facts = some_facts();
    facts.direction = direction::outbound;
    facts.https = true;
    facts.query = "a=1";
    auto span = t.client(facts, some_attempt());
    EXPECT_EQ(span.name, "GET");
    EXPECT_EQ(span.kind, tracing::span_kind::client);
    EXPECT_EQ(text(span, "url.full"), "https://shop/orders/7?a=1");
    EXPECT_EQ(text(span, "server.address"), "stock-1");
    EXPECT_EQ(number(span, "server.port"), 8080);
    EXPECT_EQ(text(span, "network.peer.address"), "10.0.0.9");
    EXPECT_EQ(number(span, "network.peer.port"), 8080);
    EXPECT_EQ(text(span, "peer.service"), "stock");
    EXPECT_FALSE(has(span, "http.request.resend_count"));
    EXPECT_EQ(tracing::duration_ns(span), 3'000'000U);
}

TEST(ClientSpan, OfAnotherAttemptIsASiblingThatCountsResends) {
    traced t;
    auto first = t.tracer.start(carried(), config::trust::continue_, {});
    auto second = t.tracer.another(first);
    auto attempt = some_attempt();
    t.tracer.finish_client(first, some_facts(), attempt);
    attempt.number = 1;
    t.tracer.finish_client(second, some_facts(), attempt);
    auto spans = t.finished();
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans[0].trace, spans[1].trace);
    EXPECT_EQ(spans[0].parent, spans[1].parent);
    EXPECT_NE(spans[0].span, spans[1].span);
    EXPECT_FALSE(has(spans[0], "http.request.resend_count"));
    EXPECT_EQ(number(spans[1], "http.request.resend_count"), 1);
}

TEST(Span, OfARefusalSaysSo) {
    traced t;
    auto facts = some_facts();
    facts.status = 508;
    facts.failure = {failure_code::loop_detected, origin::self, false};
    auto span = t.server(facts);
    EXPECT_EQ(text(span, "outrider.decision"), "refused");
    EXPECT_EQ(text(span, "outrider.reason"), "loop_detected");
    ASSERT_EQ(span.events.size(), 1U);
    EXPECT_EQ(span.events[0].name, "outrider.refused");
}

TEST(Query, HidesTheValuesOfSecrets) {
    config::settings settings;
    settings.tracing.redact_query = {"session"};
    traced t{settings};
    auto facts = some_facts();
    facts.query =
        "a=1&token=t&sig=s&Signature=S&AWSAccessKeyId=A&X-Goog-Signature=G&session=x&%74oken=t&b&token&sign=2&=3&%=4";
    auto span = t.server(facts);
    EXPECT_EQ(text(span, "url.query"),
              "a=1&token=REDACTED&sig=REDACTED&Signature=REDACTED&AWSAccessKeyId=REDACTED&X-Goog-Signature=REDACTED&"
              "session=REDACTED&%74oken=REDACTED&b&token&sign=2&=3&%=4");
    auto client = t.client(facts, some_attempt());
    EXPECT_EQ(text(client, "url.full").find("token=t"), std::string_view::npos);
}

TEST(Trust, DecidesWhatBecomesOfTheCallersTrace) {
    traced t;
    auto continued = t.server(some_facts(), config::trust::continue_);
    EXPECT_EQ(continued.trace.hex(), "0af7651916cd43dd8448eb211c80319c");

    auto linked = t.server(some_facts(), config::trust::link);
    EXPECT_NE(linked.trace, continued.trace);
    EXPECT_FALSE(linked.parent.valid());
    ASSERT_EQ(linked.links.size(), 1U);
    EXPECT_EQ(linked.links[0].trace, continued.trace);
    EXPECT_EQ(linked.links[0].span.hex(), "b7ad6b7169203331");

    auto restarted = t.server(some_facts(), config::trust::restart);
    EXPECT_NE(restarted.trace, continued.trace);
    EXPECT_FALSE(restarted.parent.valid());
    EXPECT_TRUE(restarted.links.empty());
}

TEST(Trust, HandsNoForeignTracestateOn) {
    traced t;
    auto fields = carried();
    fields.tracestate[0] = "x=1";
    fields.tracestate_lines = 1;
    for (auto trust : {config::trust::continue_, config::trust::link, config::trust::restart}) {
        std::string head;
        t.tracer.inject(head, t.tracer.start(fields, trust, {}));
        EXPECT_EQ(head.find("x=1") != std::string::npos, trust == config::trust::continue_) << head;
        EXPECT_EQ(head.find("0af7651916cd43dd8448eb211c80319c") != std::string::npos,
                  trust == config::trust::continue_);
    }
}

TEST(Trust, LetsNoForeignSamplingDecisionIn) {
    traced t;
    auto refused = carried("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
    EXPECT_FALSE(t.tracer.start(refused, config::trust::continue_, {}).own.sampled());
    EXPECT_TRUE(t.tracer.start(refused, config::trust::restart, {}).own.sampled());
    EXPECT_TRUE(t.tracer.start(refused, config::trust::link, {}).own.sampled());
}

TEST(Context, OfANewTraceIsRandomAndOfAContinuedOneAsItWas) {
    traced t;
    EXPECT_EQ(t.tracer.start({}, config::trust::continue_, {}).own.flags, 0x03);
    EXPECT_EQ(t.tracer.start(carried(), config::trust::continue_, {}).own.flags, 0x01);
    auto random = carried("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03");
    EXPECT_EQ(t.tracer.start(random, config::trust::continue_, {}).own.flags, 0x03);
    auto unknown = carried("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff");
    EXPECT_EQ(t.tracer.start(unknown, config::trust::continue_, {}).own.flags, 0x03) << "unknown flags are sent as 0";
}

TEST(Context, NamesTheExportedSpanInTracestateOnlyWhenThereIsOne) {
    traced t;
    auto span = t.tracer.start(carried(), config::trust::continue_, {});
    std::string head;
    t.tracer.inject(head, span);
    EXPECT_NE(head.find("tracestate: outrider=" + span.own.span.hex()), std::string::npos) << head;

    exchange::tracer unheard{t.setup, nullptr};
    head.clear();
    unheard.inject(head, unheard.start(carried(), config::trust::continue_, {}));
    EXPECT_EQ(head.find("tracestate"), std::string::npos) << head;
}

TEST(Tracer, RecordsNothingThatIsNotSampled) {
    config::settings settings;
    settings.tracing.sampler = config::sampler::always_off;
    traced t{settings};
    auto span = t.tracer.start(carried(), config::trust::continue_, {});
    EXPECT_FALSE(span.recorded);
    t.tracer.finish_server(span, some_facts());
    t.tracer.finish_client(span, some_facts(), some_attempt());
    EXPECT_TRUE(t.finished().empty());
    std::string head;
    t.tracer.inject(head, span);
    EXPECT_NE(head.find("-00\r\n"), std::string::npos) << "the trace goes on, unsampled";
}

TEST(Tracer, SurvivesHostileText) {
    traced t;
    std::string hostile;
    for (int c = 0; c < 256; ++c) hostile.push_back(static_cast<char>(c));
    auto facts = some_facts();
    facts.path = facts.host = facts.user_agent = facts.query = facts.method = hostile;
    facts.status = 502;
    EXPECT_EQ(t.server(facts).name, "HTTP");
}

/// The decision of a limit called "guard".
struct decided_by_guard {
    explicit decided_by_guard(ruling::kind what) {
        guard.name = "guard";
        rule.of = &guard;
        told.note(what, rule);
        told.version = "7f3a";
    }
    governance::policy guard;
    governance::compiled_rule rule;
    ruling told;
};

TEST(ServerSpan, NamesTheRuleThatRefused) {
    traced t;
    decided_by_guard by{ruling::kind::refused};
    auto facts = some_facts();
    facts.status = 429;
    facts.failure = {failure_code::rate_limited, origin::self, false};
    facts.ruling = &by.told;
    auto span = t.server(facts);
    EXPECT_EQ(text(span, "outrider.decision"), "refused");
    EXPECT_EQ(text(span, "outrider.reason"), "rate_limited");
    EXPECT_EQ(text(span, "outrider.policy"), "guard");
    EXPECT_EQ(text(span, "outrider.rule"), "limit");
    EXPECT_EQ(text(span, "outrider.policy.version"), "7f3a");
    ASSERT_EQ(span.events.size(), 1U);
    EXPECT_EQ(span.events[0].name, "outrider.refused");
    EXPECT_EQ(tracing::text_attribute(span.events[0].attributes, "outrider.policy"), "guard");
}

TEST(ServerSpan, TellsHowLongItWaitedAndForWhom) {
    traced t;
    decided_by_guard by{ruling::kind::waited};
    by.told.waited = 2ms;
    auto facts = some_facts();
    facts.ruling = &by.told;
    auto span = t.server(facts);
    EXPECT_EQ(text(span, "outrider.decision"), "waited");
    auto* waited = tracing::find_attribute(span.attributes, "outrider.wait_ms");
    ASSERT_TRUE(waited);
    EXPECT_DOUBLE_EQ(std::get<double>(waited->data), 2.0);
    ASSERT_EQ(span.events.size(), 1U);
    EXPECT_EQ(span.events[0].unix_ns - span.start_unix_ns, 2'000'000U) << "when the wait ended";
    EXPECT_EQ(span.status, tracing::status_code::unset);
}

TEST(ServerSpan, ThatAFallbackAnsweredIsNoError) {
    traced t;
    decided_by_guard by{ruling::kind::refused};
    by.told.note_fallback(by.rule);
    auto facts = some_facts();
    facts.failure = {failure_code::circuit_open, origin::self, false};
    facts.ruling = &by.told;
    auto span = t.server(facts);
    EXPECT_EQ(span.status, tracing::status_code::unset);
    EXPECT_EQ(text(span, "error.type"), "circuit_open");
    EXPECT_EQ(text(span, "outrider.decision"), "degraded");
    EXPECT_EQ(text(span, "outrider.fallback"), "guard");
    facts.status = 503;
    EXPECT_EQ(t.server(facts).status, tracing::status_code::error) << "but for one that says so itself";
}

TEST(ServerSpan, SaysNothingOfPoliciesThatDecidedNothing) {
    traced t;
    ruling nothing;
    auto facts = some_facts();
    facts.ruling = &nothing;
    auto span = t.server(facts);
    EXPECT_FALSE(has(span, "outrider.decision"));
    EXPECT_TRUE(span.events.empty());
}

TEST(ClientSpan, OfTheFirstAttemptTellsWhatWasDecidedBefore) {
    traced t;
    decided_by_guard by{ruling::kind::waited};
    auto facts = some_facts();
    facts.ruling = &by.told;
    auto attempt = some_attempt();
    EXPECT_EQ(text(t.client(facts, attempt), "outrider.decision"), "waited");
    attempt.number = 1;
    EXPECT_FALSE(has(t.client(facts, attempt), "outrider.decision"));
}

TEST(FallbackSpan, StandsBesideTheAttemptsItAnsweredFor) {
    traced t;
    decided_by_guard by{ruling::kind::none};
    by.told.note_fallback(by.rule);
    auto facts = some_facts();
    facts.failure = {failure_code::upstream_closed, origin::upstream, false};
    facts.ruling = &by.told;
    auto begun = t.tracer.start(carried(), config::trust::continue_, {});
    t.tracer.finish_fallback(begun, facts);
    auto span = t.only();
    EXPECT_EQ(span.name, "fallback");
    EXPECT_EQ(span.kind, tracing::span_kind::internal);
    EXPECT_EQ(span.parent.hex(), "b7ad6b7169203331");
    EXPECT_EQ(span.trace.hex(), "0af7651916cd43dd8448eb211c80319c");
    EXPECT_NE(span.span.hex(), begun.own.span.hex());
    EXPECT_EQ(text(span, "outrider.decision"), "degraded");
    EXPECT_EQ(text(span, "outrider.reason"), "upstream_closed");
    EXPECT_EQ(number(span, "http.response.status_code"), 200);
}

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
    const auto span = t.server(some_facts());
    EXPECT_TRUE(says_not_sampled(span));
    EXPECT_EQ(span.flags & tracing::flag_sampled, 0U);
    EXPECT_TRUE(says_not_sampled(t.client(some_facts(), some_attempt())));
    t.tracer.finish_fallback(t.tracer.start({}, config::trust::continue_, {}), some_facts());
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
    EXPECT_FALSE(has(t.server(some_facts()), "outrider.head_sampled"));
}

TEST(CollectedSpan, KeepsTheMemberThatNamedTheSpanBefore) {
    traced t{collected()};
    auto fields = carried();
    fields.tracestate[fields.tracestate_lines++] = "vendor=1,outrider=00f067aa0ba902b7";
    t.tracer.finish_server(t.tracer.start(fields, config::trust::continue_, {}), some_facts());
    EXPECT_EQ(t.only().tracestate, "outrider=00f067aa0ba902b7");
    t.tracer.finish_server(t.tracer.start(fields, config::trust::restart, {}), some_facts());
    EXPECT_EQ(t.only().tracestate, "");
    traced plain;
    plain.tracer.finish_server(plain.tracer.start(fields, config::trust::continue_, {}), some_facts());
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
        t.tracer.finish_client(root, some_facts(), some_attempt());
        EXPECT_EQ(number(t.only(), "outrider.inbound_open"), 2);
        auto child = t.tracer.start(carried(), config::trust::continue_, {});
        t.tracer.note_candidates(child);
        t.tracer.finish_client(child, some_facts(), some_attempt());
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
