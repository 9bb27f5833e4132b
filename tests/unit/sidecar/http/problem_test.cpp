#include "sidecar/http/problem.hpp"

#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sidecar/http/head_parser.hpp"

namespace outrider::http {
namespace {

using exchange::failure_code;
using exchange::origin;

struct answer_case {
    failure_code code;
    int status;
    std::string_view proxy_error;
};

const answer_case answers[] = {
    {failure_code::malformed_request, 400, "http_request_error"},
    {failure_code::request_timeout, 408, "http_request_error"},
    {failure_code::loop_detected, 508, "proxy_loop_detected"},
    {failure_code::misdirected, 421, "http_request_error"},
    {failure_code::unknown_host, 403, "http_request_denied"},
    {failure_code::destination_refused, 403, "destination_ip_prohibited"},
    {failure_code::overloaded, 503, "proxy_internal_response"},
    {failure_code::draining, 503, "proxy_internal_response"},
    {failure_code::unresolvable, 503, "dns_error"},
    {failure_code::connect_refused, 502, "connection_refused"},
    {failure_code::connect_timeout, 504, "connection_timeout"},
    {failure_code::tls_failed, 502, "tls_certificate_error"},
    {failure_code::upstream_closed, 502, "connection_terminated"},
    {failure_code::upstream_malformed, 502, "http_protocol_error"},
    {failure_code::upstream_timeout, 504, "http_response_timeout"},
    {failure_code::upstream_truncated, 502, "http_response_incomplete"},
    {failure_code::total_timeout, 504, "http_response_timeout"},
    {failure_code::rate_limited, 429, "http_request_denied"},
    {failure_code::concurrency_limited, 503, "connection_limit_reached"},
    {failure_code::circuit_open, 503, "destination_unavailable"},
    {failure_code::deadline_exceeded, 504, "http_response_timeout"},
    {failure_code::no_endpoint, 503, "destination_unavailable"},
    {failure_code::application_unhealthy, 503, "destination_unavailable"},
};

TEST(Answer, FollowsFromTheFailure) {
    for (const auto& each : answers) {
        auto made = answer_for({each.code, origin::upstream, false}, "why");
        EXPECT_EQ(made.status, each.status) << name_of(each.code);
        EXPECT_EQ(made.proxy_error, each.proxy_error) << name_of(each.code);
        EXPECT_EQ(made.title, reason_phrase(each.status));
        EXPECT_NE(made.title, "Error") << name_of(each.code);
        EXPECT_EQ(made.detail, "why");
    }
}

std::string written(const local_answer& answer, bool head_only = false, bool close = true,
                    std::string_view trace = "0af7651916cd43dd8448eb211c80319c") {
    std::string out;
    write_answer(out, answer, trace, "Sat, 21 Nov 2026 03:00:00 GMT", head_only, close ? "close" : "");
    return out;
}

TEST(Answer, IsAProblemDocumentBehindAHead) {
    auto text = written(answer_for({failure_code::connect_refused, origin::upstream, true}, "cannot connect to \"x\""));
    response_head head;
    ASSERT_EQ(parse_response_head(text, {}, head).state, parse_state::complete);
    EXPECT_EQ(head.status, 502);
    EXPECT_EQ(head.reason, "Bad Gateway");
    auto body = text.substr(head.size);
    EXPECT_EQ(head.fields.find(field_id::content_length)->value, std::to_string(body.size()));
    EXPECT_EQ(head.fields.find(field_id::connection)->value, "close");
    EXPECT_NE(text.find("\r\nContent-Type: application/problem+json\r\n"), std::string::npos);
    EXPECT_NE(text.find("\r\nProxy-Status: outrider; error=connection_refused\r\n"), std::string::npos);
    auto json = nlohmann::json::parse(body);
    EXPECT_EQ(json["status"], 502);
    EXPECT_EQ(json["title"], "Bad Gateway");
    EXPECT_EQ(json["detail"], "cannot connect to \"x\"");
    EXPECT_EQ(json["trace_id"], "0af7651916cd43dd8448eb211c80319c");
}

TEST(Answer, StaysJsonWhateverTheDetailHolds) {
    std::string detail;
    for (int c = 0; c < 256; ++c) detail.push_back(static_cast<char>(c));
    auto text = written(answer_for({failure_code::unknown_host, origin::self, false}, detail));
    auto body = text.substr(text.find("\r\n\r\n") + 4);
    EXPECT_NO_THROW(EXPECT_EQ(nlohmann::json::parse(body)["status"], 403));
}

TEST(Answer, ToHeadHasTheLengthButNotTheBody) {
    auto answer = answer_for({failure_code::draining, origin::self, false}, "stopping");
    auto with = written(answer), without = written(answer, true);
    EXPECT_EQ(without, with.substr(0, with.find("\r\n\r\n") + 4));
}

TEST(Answer, NamesNoTraceWhenThereIsNone) {
    auto text = written(answer_for({failure_code::draining, origin::self, false}, "stopping"), false, false, "");
    EXPECT_EQ(text.find("trace_id"), std::string::npos);
    EXPECT_EQ(text.find("Connection: close"), std::string::npos);
}

TEST(Answer, SaysWhichMethodsAreAllowed) {
    local_answer answer{405, "Method Not Allowed", "no", "", "GET, HEAD"};
    EXPECT_NE(written(answer).find("\r\nAllow: GET, HEAD\r\n"), std::string::npos);
    EXPECT_EQ(written(answer).find("Proxy-Status"), std::string::npos);
}

TEST(Answer, OfSuccessHasNoBody) {
    EXPECT_NE(written({200, "OK", "", "", "GET"}).find("\r\nContent-Length: 0\r\n"), std::string::npos);
}

}  // namespace
}  // namespace outrider::http
