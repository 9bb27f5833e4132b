#include "sidecar/exchange/tracer.hpp"

#include <gtest/gtest.h>

#include "tests/unit/sidecar/exchange/traced_http.hpp"

namespace outrider::exchange {
namespace {

using namespace std::chrono_literals;
TEST(ServerSpan, SaysWhatTheConventionsAsk) {
    traced t;
    auto facts = some_http_facts();
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
    auto facts = some_http_facts();
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
    auto facts = some_http_facts();
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
        auto facts = some_http_facts();
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
    auto facts = some_http_facts();
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
    t.tracer.finish_client(first, some_http_facts(), attempt);
    attempt.number = 1;
    t.tracer.finish_client(second, some_http_facts(), attempt);
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
    auto facts = some_http_facts();
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
    auto facts = some_http_facts();
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
    auto continued = t.server(some_http_facts(), config::trust::continue_);
    EXPECT_EQ(continued.trace.hex(), "0af7651916cd43dd8448eb211c80319c");

    auto linked = t.server(some_http_facts(), config::trust::link);
    EXPECT_NE(linked.trace, continued.trace);
    EXPECT_FALSE(linked.parent.valid());
    ASSERT_EQ(linked.links.size(), 1U);
    EXPECT_EQ(linked.links[0].trace, continued.trace);
    EXPECT_EQ(linked.links[0].span.hex(), "b7ad6b7169203331");

    auto restarted = t.server(some_http_facts(), config::trust::restart);
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
    t.tracer.finish_server(span, some_http_facts());
    t.tracer.finish_client(span, some_http_facts(), some_attempt());
    EXPECT_TRUE(t.finished().empty());
    std::string head;
    t.tracer.inject(head, span);
    EXPECT_NE(head.find("-00\r\n"), std::string::npos) << "the trace goes on, unsampled";
}

TEST(Tracer, SurvivesHostileText) {
    traced t;
    std::string hostile;
    for (int c = 0; c < 256; ++c) hostile.push_back(static_cast<char>(c));
    auto facts = some_http_facts();
    facts.path = facts.host = facts.user_agent = facts.query = facts.method = hostile;
    facts.status = 502;
    EXPECT_EQ(t.server(facts).name, "HTTP");
}

}  // namespace
}  // namespace outrider::exchange
