#include "sidecar/exchange/access_log.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace outrider::exchange {
namespace {

using namespace std::chrono_literals;

/// One line of an access log about `facts`.
std::string line_about(const http_facts& facts, config::log_format format) {
    config::settings settings;
    settings.service = "orders";
    settings.access_log.format = format;
    tracing::span_buffer sink;
    access_log log{settings, &sink};
    started_span span;
    span.own.trace.bytes.fill(0xab);
    span.own.span.bytes.fill(0xcd);
    span.own.flags = tracing::flag_sampled;
    log.write(facts, span);
    log.flush();
    auto chunk = sink.take();
    return chunk ? chunk->bytes : "";
}

http_facts some_facts() {
    http_facts facts;
    facts.method = "GET";
    facts.path = "/orders/7";
    facts.query = "token=secret";
    facts.host = "shop";
    facts.peer = "192.0.2.7";
    facts.status = 200;
    facts.upstream = "app";
    facts.finished = facts.started + 1'234'567ns;
    return facts;
}

TEST(AccessLog, WritesALineOfJson) {
    auto line = line_about(some_facts(), config::log_format::json);
    ASSERT_TRUE(line.ends_with("}\n"));
    auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json["service"], "orders");
    EXPECT_EQ(json["direction"], "inbound");
    EXPECT_EQ(json["path"], "/orders/7");
    EXPECT_EQ(json["status"], 200);
    EXPECT_DOUBLE_EQ(json["duration_ms"], 1.234);
    EXPECT_EQ(json["trace_id"], std::string(16, 'x').replace(0, 16, "abababababababababababababababab"));
    EXPECT_EQ(json["span_id"], "cdcdcdcdcdcdcdcd");
    EXPECT_EQ(json["sampled"], true);
    EXPECT_FALSE(json.contains("error"));
}

TEST(AccessLog, NeverHoldsTheQuery) {
    for (auto format : {config::log_format::json, config::log_format::text})
        EXPECT_EQ(line_about(some_facts(), format).find("secret"), std::string::npos);
}

TEST(AccessLog, IsOneLineWhateverACallerSends) {
    std::string hostile;
    for (int c = 0; c < 256; ++c) hostile.push_back(static_cast<char>(c));
    auto facts = some_facts();
    facts.method = facts.path = facts.host = facts.user_agent = facts.peer = facts.upstream = hostile;
    for (auto format : {config::log_format::json, config::log_format::text}) {
        auto line = line_about(facts, format);
        EXPECT_EQ(line.find('\n'), line.size() - 1);
        for (unsigned char c : line.substr(0, line.size() - 1)) EXPECT_TRUE(c >= 0x20 && c < 0x7f) << int(c);
    }
    auto json = nlohmann::json::parse(line_about(facts, config::log_format::json));
    EXPECT_TRUE(json["path"].is_string());
}

TEST(AccessLog, CannotBeGivenAnotherFieldByACaller) {
    auto facts = some_facts();
    facts.path = "/x\",\"status\":999,\"a\":\"";
    EXPECT_EQ(nlohmann::json::parse(line_about(facts, config::log_format::json))["status"], 200);
    facts.path = "/x 999 error=none";
    auto text = line_about(facts, config::log_format::text);
    EXPECT_NE(text.find(" /x\\x20999\\x20error=none 200 "), std::string::npos) << text;
}

TEST(AccessLog, NamesTheFailure) {
    auto facts = some_facts();
    facts.failure = {failure_code::connect_timeout, origin::upstream, true};
    EXPECT_EQ(nlohmann::json::parse(line_about(facts, config::log_format::json))["error"], "connect_timeout");
    EXPECT_NE(line_about(facts, config::log_format::text).find(" error=connect_timeout "), std::string::npos);
}

TEST(AccessLog, IsSilentUnlessAsked) { EXPECT_EQ(line_about(some_facts(), config::log_format::none), ""); }

TEST(AccessLog, DropsAndCountsWhenNobodyTakesItsLines) {
    config::settings settings;
    settings.access_log.format = config::log_format::text;
    tracing::span_buffer sink{2, 256};
    access_log log{settings, &sink};
    for (int i = 0; i < 100; ++i) log.write(some_facts(), {});
    EXPECT_GT(sink.dropped(), 0U);
    EXPECT_EQ(sink.dropped() + sink.finished(), 100U);
}

TEST(JsonString, IsEscaped) {
    std::string out;
    append_json_string(out, "a\"b\\c\n\x7f\xe9");
    EXPECT_EQ(out, "\"a\\\"b\\\\c\\u000a\\u007f\\u00e9\"");
}

TEST(AccessLog, NamesWhoDecidedAndWhat) {
    governance::policy policy;
    policy.name = "orders per tenant";
    governance::compiled_rule rule;
    rule.of = &policy;
    rule.index = 1;
    ruling told;
    told.note(ruling::kind::refused, rule);
    auto facts = some_facts();
    facts.ruling = &told;
    auto json = nlohmann::json::parse(line_about(facts, config::log_format::json));
    EXPECT_EQ(json["decision"], "refused");
    EXPECT_EQ(json["policy"], "orders per tenant");
    EXPECT_EQ(json["rule"], "limit.1");
    EXPECT_FALSE(json.contains("fallback"));
    EXPECT_NE(line_about(facts, config::log_format::text)
                  .find(" decision=refused policy=orders\\x20per\\x20tenant rule=limit.1 trace="),
              std::string::npos);
    told.clear();
    EXPECT_EQ(line_about(facts, config::log_format::json).find("policy"), std::string::npos);
}

}  // namespace
}  // namespace outrider::exchange
