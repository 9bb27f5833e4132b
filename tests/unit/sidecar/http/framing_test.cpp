#include "sidecar/http/framing.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/http/head_parser.hpp"

namespace outrider::http {
namespace {

struct judged_request {
    std::string text;
    std::unique_ptr<request_head> head = std::make_unique<request_head>();
    request_facts facts;
    head_error error = head_error::none;
};

judged_request judge(std::string text) {
    judged_request out;
    out.text = std::move(text);
    EXPECT_EQ(parse_request_head(out.text, {}, *out.head).state, parse_state::complete) << out.text;
    out.error = check_request(*out.head, out.facts);
    return out;
}

/// A POST with these field lines behind Host.
judged_request post(const std::string& lines, const std::string& version = "1.1") {
    return judge("POST / HTTP/" + version + "\r\nHost: a\r\n" + lines + "\r\n");
}

struct judged_response {
    std::string text;
    std::unique_ptr<response_head> head = std::make_unique<response_head>();
    response_facts facts;
    head_error error = head_error::none;
};

judged_response judge_answer(std::string text, std::string_view method = "GET") {
    judged_response out;
    out.text = std::move(text);
    EXPECT_EQ(parse_response_head(out.text, {}, *out.head).state, parse_state::complete) << out.text;
    out.error = check_response(*out.head, method, out.facts);
    return out;
}

std::vector<std::string> kept(const field_list& fields) {
    std::vector<std::string> names;
    for (const auto& f : fields)
        if (!f.dropped) names.emplace_back(f.name);
    return names;
}

using names = std::vector<std::string>;

struct request_case {
    std::string_view lines;
    std::string_view version;
    head_error error;
    body_kind kind = body_kind::none;
    std::uint64_t length = 0;
};

TEST(RequestFraming, FollowsRfc9112Section63) {
    const request_case cases[] = {
        {"", "1.1", head_error::none, body_kind::none},
        {"", "1.0", head_error::none, body_kind::none},
        {"Content-Length: 0\r\n", "1.1", head_error::none, body_kind::length, 0},
        {"Content-Length: 12\r\n", "1.1", head_error::none, body_kind::length, 12},
        {"Content-Length: 12\r\n", "1.0", head_error::none, body_kind::length, 12},
        {"Content-Length: 0000000000000000000012\r\n", "1.1", head_error::none, body_kind::length, 12},
        {"Content-Length: 9223372036854775807\r\n", "1.1", head_error::none, body_kind::length, INT64_MAX},
        {"Content-Length: 9223372036854775808\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: 18446744073709551617\r\n", "1.1", head_error::length_invalid},
        {"Content-Length:\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: -1\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: +1\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: 1.0\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: 0x1\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: 1 1\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: 5, 5\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: 5,\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: 5\r\nContent-Length: 5\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: 5\r\nContent-Length: 6\r\n", "1.1", head_error::length_invalid},
        {"Content-Length: x\r\nContent-Length: 5\r\n", "1.1", head_error::length_invalid},
        {"Transfer-Encoding: chunked\r\n", "1.1", head_error::none, body_kind::chunked},
        {"transfer-encoding:  ChUnKeD\t\r\n", "1.1", head_error::none, body_kind::chunked},
        {"Transfer-Encoding: , chunked ,\r\n", "1.1", head_error::none, body_kind::chunked},
        {"Transfer-Encoding: chunked\r\n", "1.0", head_error::coding_in_http10},
        {"Transfer-Encoding: gzip\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: identity\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding:\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: ,\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: xchunked\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: \"chunked\"\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: chunked;q=1\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: chunked, gzip\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: chunked, chunked\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", "1.1", head_error::coding_not_last},
        {"Transfer-Encoding: gzip, chunked\r\n", "1.1", head_error::coding_unknown},
        {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "1.1", head_error::coding_unknown},
        {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "1.1", head_error::coding_and_length},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "1.1", head_error::coding_and_length},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "1.0", head_error::coding_in_http10},
    };
    for (const auto& each : cases) {
        auto seen = post(std::string{each.lines}, std::string{each.version});
        EXPECT_EQ(int(seen.error), int(each.error)) << each.version << " " << each.lines;
        if (each.error != head_error::none) continue;
        EXPECT_EQ(int(seen.facts.body.kind), int(each.kind)) << each.lines;
        EXPECT_EQ(seen.facts.body.length, each.length) << each.lines;
    }
}

struct response_case {
    int status;
    std::string_view lines;
    std::string_view method;
    head_error error;
    body_kind kind = body_kind::none;
    bool keep_alive = true;
};

TEST(ResponseFraming, FollowsRfc9112Section63) {
    const response_case cases[] = {
        {200, "Content-Length: 5\r\n", "GET", head_error::none, body_kind::length},
        {200, "Transfer-Encoding: chunked\r\n", "GET", head_error::none, body_kind::chunked},
        {200, "", "GET", head_error::none, body_kind::until_close, false},
        {200, "Connection: keep-alive\r\n", "GET", head_error::none, body_kind::until_close, false},
        {200, "Content-Length: 5\r\nConnection: close\r\n", "GET", head_error::none, body_kind::length, false},
        {200, "Content-Length: 5\r\n", "HEAD", head_error::none, body_kind::none},
        {200, "Transfer-Encoding: chunked\r\n", "HEAD", head_error::none, body_kind::none},
        {200, "", "HEAD", head_error::none, body_kind::none},
        {304, "Content-Length: 5\r\n", "GET", head_error::none, body_kind::none},
        {204, "Content-Length: 5\r\n", "GET", head_error::none, body_kind::none},
        {100, "Content-Length: 5\r\n", "POST", head_error::none, body_kind::none},
        {103, "Transfer-Encoding: chunked\r\n", "GET", head_error::none, body_kind::none},
        {200, "", "CONNECT", head_error::none, body_kind::none},
        {404, "Content-Length: 5\r\n", "CONNECT", head_error::none, body_kind::length},
        {200, "Content-Length: 5\r\nContent-Length: 6\r\n", "GET", head_error::length_invalid},
        {200, "Content-Length: five\r\n", "GET", head_error::length_invalid},
        {200, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "GET", head_error::coding_and_length},
        {200, "Transfer-Encoding: gzip\r\n", "GET", head_error::coding_not_last},
        {200, "Transfer-Encoding: gzip, chunked\r\n", "GET", head_error::coding_unknown},
        {200, "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "HEAD", head_error::coding_and_length},
    };
    for (const auto& each : cases) {
        auto text = "HTTP/1.1 " + std::to_string(each.status) + " x\r\n" + std::string{each.lines} + "\r\n";
        auto seen = judge_answer(text, each.method);
        EXPECT_EQ(int(seen.error), int(each.error)) << each.method << " " << text;
        if (each.error != head_error::none) continue;
        EXPECT_EQ(int(seen.facts.body.kind), int(each.kind)) << each.method << " " << text;
        EXPECT_EQ(seen.facts.keep_alive, each.keep_alive) << each.method << " " << text;
    }
}

TEST(ResponseFraming, OfHttp10KeepsTheConnectionOnlyWhenAsked) {
    EXPECT_FALSE(judge_answer("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").facts.keep_alive);
    EXPECT_TRUE(
        judge_answer("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: Keep-Alive\r\n\r\n").facts.keep_alive);
    EXPECT_EQ(judge_answer("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").error,
              head_error::coding_in_http10);
}

TEST(RequestHost, IsNeededOnceAndValid) {
    EXPECT_EQ(judge("GET / HTTP/1.1\r\n\r\n").error, head_error::host_missing);
    EXPECT_EQ(judge("GET / HTTP/1.0\r\n\r\n").error, head_error::none);
    EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").error, head_error::host_repeated);
    EXPECT_EQ(judge("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n").error, head_error::host_repeated);
    EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a b\r\n\r\n").error, head_error::host_invalid);
    EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n").error, head_error::host_invalid);
    EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost: http://a\r\n\r\n").error, head_error::host_invalid);
    EXPECT_EQ(judge("GET / HTTP/1.1\r\nHost:\r\n\r\n").error, head_error::none);
    EXPECT_EQ(judge("GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n").error, head_error::host_invalid)
        << "even when the target wins";
}

TEST(RequestTarget, InAbsoluteFormWinsOverHost) {
    auto seen = judge("GET HTTP://b.example:81/x?y HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_EQ(seen.error, head_error::none);
    EXPECT_EQ(seen.facts.form, target_form::absolute);
    EXPECT_EQ(seen.facts.host.text, "b.example:81");
    EXPECT_EQ(seen.facts.path, "/x?y");
    EXPECT_FALSE(seen.facts.https);
    EXPECT_TRUE(seen.facts.conflicting_host);
    EXPECT_TRUE(judge("GET https://a/ HTTP/1.1\r\nHost: A\r\n\r\n").facts.https);
    EXPECT_FALSE(judge("GET https://a/ HTTP/1.1\r\nHost: A\r\n\r\n").facts.conflicting_host);
    EXPECT_EQ(judge("GET http://b?y HTTP/1.1\r\nHost: a\r\n\r\n").facts.path, "?y");
    EXPECT_EQ(judge("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n").facts.path, "");
}

TEST(RequestTarget, HasOneOfFourForms) {
    for (auto line : {"GET * HTTP/1.1", "GET a HTTP/1.1", "GET a:80 HTTP/1.1", "GET ftp://a/ HTTP/1.1",
                      "GET http:/a HTTP/1.1", "GET http:///x HTTP/1.1", "GET http://u@a/ HTTP/1.1",
                      "GET http://a:b/ HTTP/1.1", "GET ://a/ HTTP/1.1", "GET http://:80/ HTTP/1.1", "POST * HTTP/1.1"})
        EXPECT_EQ(judge(std::string{line} + "\r\nHost: a\r\n\r\n").error, head_error::target_form) << line;
    auto asterisk = judge("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(asterisk.error, head_error::none);
    EXPECT_EQ(asterisk.facts.form, target_form::asterisk);
    EXPECT_EQ(judge("GET //a/b HTTP/1.1\r\nHost: c\r\n\r\n").facts.host.text, "c") << "two slashes name no host";
}

TEST(RequestTarget, OfConnectIsHostAndPort) {
    auto seen = judge("CONNECT pay.example:443 HTTP/1.1\r\nHost: pay.example:443\r\n\r\n");
    EXPECT_EQ(seen.error, head_error::none);
    EXPECT_EQ(seen.facts.form, target_form::authority);
    EXPECT_EQ(seen.facts.host.port, 443);
    EXPECT_EQ(seen.facts.path, "");
    for (auto target : {"a", "a:", "a:0", ":443", "/a:443", "http://a:443", "u@a:443", "*"})
        EXPECT_EQ(judge("CONNECT " + std::string{target} + " HTTP/1.1\r\nHost: a\r\n\r\n").error,
                  head_error::connect_form)
            << target;
}

TEST(Request, OfMethodTraceIsRefused) {
    EXPECT_EQ(judge("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n").error, head_error::trace_method);
    EXPECT_EQ(judge("trace / HTTP/1.1\r\nHost: a\r\n\r\n").error, head_error::none) << "methods have a case";
}

TEST(Request, MayExpectOnlyToContinue) {
    EXPECT_EQ(post("Expect: 200-ok\r\n").error, head_error::expectation);
    EXPECT_EQ(post("Expect: 100-continue, x\r\n").error, head_error::expectation);
    EXPECT_EQ(post("Expect: 200-ok\r\n", "1.0").error, head_error::none);
    EXPECT_TRUE(post("Expect: 100-Continue\r\nContent-Length: 5\r\n").facts.expects_continue);
    EXPECT_FALSE(post("Expect: 100-continue\r\n").facts.expects_continue) << "there is nothing to continue with";
    EXPECT_FALSE(post("Expect: 100-continue\r\nContent-Length: 5\r\n", "1.0").facts.expects_continue);
}

TEST(Request, KeepsTheConnectionByVersionAndWish) {
    EXPECT_TRUE(post("").facts.keep_alive);
    EXPECT_FALSE(post("Connection: close\r\n").facts.keep_alive);
    EXPECT_FALSE(post("Connection: keep-alive, CLOSE\r\n").facts.keep_alive);
    EXPECT_FALSE(post("Connection: x\r\nConnection: close\r\n").facts.keep_alive);
    EXPECT_FALSE(post("", "1.0").facts.keep_alive);
    EXPECT_TRUE(post("Connection: Keep-Alive\r\n", "1.0").facts.keep_alive);
}

TEST(HopByHop, FieldsAreDropped) {
    auto seen = post(
        "Connection: x-mine , keep-alive\r\nKeep-Alive: 5\r\nProxy-Connection: y\r\nTE: trailers\r\nUpgrade: h2c\r\n"
        "HTTP2-Settings: z\r\nX-Mine: 1\r\nx-MINE: 2\r\nAccept: */*\r\n");
    EXPECT_EQ(kept(seen.head->fields), (names{"Host", "Accept"}));
    EXPECT_FALSE(seen.facts.upgrade_websocket);
}

TEST(HopByHop, ConnectionCannotNominateWhatOthersRelyOn) {
    const std::string names_[] = {"Host",
                                  "Content-Length",
                                  "X-Forwarded-For",
                                  "X-Forwarded-Host",
                                  "X-Forwarded-Proto",
                                  "Forwarded",
                                  "Via",
                                  "Authorization",
                                  "Cookie",
                                  "traceparent",
                                  "tracestate",
                                  "baggage",
                                  "b3",
                                  "X-B3-TraceId",
                                  "X-B3-SpanId",
                                  "X-B3-Sampled",
                                  "X-B3-ParentSpanId",
                                  "X-B3-Flags",
                                  "uber-trace-id",
                                  "X-Request-Id",
                                  "Content-Type",
                                  "Date",
                                  "Proxy-Authorization"};
    for (const auto& name : names_) {
        auto line = name == "Host" ? std::string{} : name + (name == "Content-Length" ? ": 5\r\n" : ": v\r\n");
        auto seen = post("Connection: " + name + "\r\n" + line);
        ASSERT_EQ(seen.error, head_error::none) << name;
        EXPECT_EQ(kept(seen.head->fields), name == "Host" ? names{"Host"} : (names{"Host", name})) << name;
    }
    auto chunked = post("Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n");
    EXPECT_EQ(chunked.facts.body.kind, body_kind::chunked);
}

TEST(HopByHop, FieldsOfAnAnswerAreDropped) {
    auto seen = judge_answer(
        "HTTP/1.1 200 OK\r\nConnection: x-private, set-cookie\r\nX-Private: 1\r\nSet-Cookie: a\r\nKeep-Alive: 5\r\n"
        "Proxy-Connection: close\r\nContent-Length: 0\r\nDate: now\r\n\r\n");
    EXPECT_EQ(kept(seen.head->fields), (names{"Set-Cookie", "Content-Length", "Date"}));
    EXPECT_TRUE(seen.facts.has_date);
}

TEST(Upgrade, IsAskedOnlyForWebSocketOnlyByGetWithoutABody) {
    auto upgrade = [](const std::string& method, const std::string& lines, const std::string& version = "1.1") {
        return judge(method + " / HTTP/" + version + "\r\nHost: a\r\n" + lines + "\r\n").facts.upgrade_websocket;
    };
    EXPECT_TRUE(upgrade("GET", "Connection: Upgrade\r\nUpgrade: WebSocket\r\n"));
    EXPECT_TRUE(upgrade("GET", "Connection: keep-alive, upgrade\r\nUpgrade: websocket\r\n"));
    EXPECT_FALSE(upgrade("GET", "Upgrade: websocket\r\n")) << "Connection does not name it";
    EXPECT_FALSE(upgrade("GET", "Connection: Upgrade\r\n"));
    EXPECT_FALSE(upgrade("GET", "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
    EXPECT_TRUE(upgrade("GET", "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n")) << "h2c is not passed on";
    EXPECT_TRUE(upgrade("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"));
    EXPECT_FALSE(upgrade("GET", "Connection: Upgrade\r\nUpgrade: h2c\r\n"));
    EXPECT_FALSE(upgrade("GET", "Connection: Upgrade\r\nUpgrade: websockets, not websocket\r\n"));
    EXPECT_FALSE(upgrade("POST", "Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    EXPECT_FALSE(upgrade("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n"));
    EXPECT_FALSE(upgrade("GET", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "1.0"));
    EXPECT_TRUE(judge_answer("HTTP/1.1 101 x\r\n\r\n").facts.switches_protocol);
}

TEST(HeadError, HasAStatusAndWordsForEach) {
    for (int code = 1; code <= int(head_error::expectation); ++code) {
        auto [status, text] = describe(static_cast<head_error>(code));
        EXPECT_GE(status, 400) << code;
        EXPECT_LT(status, 600) << code;
        EXPECT_FALSE(text.empty()) << code;
    }
    EXPECT_EQ(describe(head_error::target_too_long).status, 414);
    EXPECT_EQ(describe(head_error::head_too_large).status, 431);
    EXPECT_EQ(describe(head_error::too_many_fields).status, 431);
    EXPECT_EQ(describe(head_error::coding_unknown).status, 501);
    EXPECT_EQ(describe(head_error::version).status, 505);
    EXPECT_EQ(describe(head_error::expectation).status, 417);
    EXPECT_EQ(describe(head_error::trace_method).status, 405);
}

TEST(Idempotence, IsAPropertyOfTheMethod) {
    for (auto method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) EXPECT_TRUE(is_idempotent(method)) << method;
    for (auto method : {"POST", "PATCH", "CONNECT", "get", "", "PROPFIND"}) EXPECT_FALSE(is_idempotent(method));
}

}  // namespace
}  // namespace outrider::http
