#include "sidecar/http/forward.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/http/head_parser.hpp"

namespace outrider::http {
namespace {

using lines = std::vector<std::string>;

/// A request, judged, with what forwarding it needs.
struct forwarding {
    explicit forwarding(std::string request, config::settings configured = {})
        : text(std::move(request)), settings(std::move(configured)), setup(settings) {
        EXPECT_EQ(parse_request_head(text, {}, *head).state, parse_state::complete) << text;
        EXPECT_EQ(check_request(*head, facts), head_error::none) << text;
        span = tracer.start(context_of(head->fields), config::trust::continue_, {});
        rewrite.trailers = facts.body.kind == body_kind::chunked;
    }

    /// The lines of the built head, without the traceparent unless `with_context`.
    lines built(bool with_context = false) {
        std::string out;
        build_request(out, *head, facts, rewrite, tracer, span);
        EXPECT_TRUE(out.ends_with("\r\n\r\n"));
        lines all;
        for (std::size_t at = 0; at + 2 < out.size();) {
            auto end = out.find("\r\n", at);
            all.push_back(out.substr(at, end - at));
            at = end + 2;
        }
        if (!with_context) std::erase_if(all, [](auto& line) { return line.starts_with("traceparent: "); });
        return all;
    }

    std::string text;
    config::settings settings;
    exchange::tracing_setup setup;
    exchange::tracer tracer{setup, nullptr};
    std::unique_ptr<request_head> head = std::make_unique<request_head>();
    request_facts facts;
    request_rewrite rewrite;
    exchange::started_span span;
};

std::size_t count(const lines& all, std::string_view start) {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](auto& line) { return line.starts_with(start); }));
}

TEST(ForwardedRequest, KeepsEndToEndFieldsInOrderAndSpelling) {
    forwarding f(
        "GET /a?b HTTP/1.1\r\nACCEPT:  */*\r\nHost: shop\r\nKeep-Alive: 5\r\nX-one: 1\r\nX-one: 2\r\n"
        "Connection: x-two\r\nX-Two: 2\r\nCookie: c\r\n\r\n");
    EXPECT_EQ(f.built(),
              (lines{"GET /a?b HTTP/1.1", "Host: shop", "ACCEPT:  */*", "X-one: 1", "X-one: 2", "Cookie: c"}));
}

TEST(ForwardedRequest, SpeaksHttp11ForAnHttp10Client) {
    forwarding f("GET / HTTP/1.0\r\n\r\n");
    f.rewrite.host = "127.0.0.1:9000";
    EXPECT_EQ(f.built(), (lines{"GET / HTTP/1.1", "Host: 127.0.0.1:9000"}));
    f.rewrite.host = {};
    EXPECT_EQ(count(f.built(), "Host: "), 1U) << "HTTP/1.1 needs one";
}

TEST(ForwardedRequest, HasTheTargetInOriginForm) {
    auto first_line = [](const std::string& request) { return forwarding(request).built()[0]; };
    EXPECT_EQ(first_line("GET http://shop:81/x?y HTTP/1.1\r\nHost: z\r\n\r\n"), "GET /x?y HTTP/1.1");
    EXPECT_EQ(first_line("GET http://shop HTTP/1.1\r\nHost: z\r\n\r\n"), "GET / HTTP/1.1");
    EXPECT_EQ(first_line("GET http://shop?y HTTP/1.1\r\nHost: z\r\n\r\n"), "GET /?y HTTP/1.1");
    EXPECT_EQ(first_line("OPTIONS http://shop HTTP/1.1\r\nHost: z\r\n\r\n"), "OPTIONS * HTTP/1.1");
    EXPECT_EQ(first_line("OPTIONS * HTTP/1.1\r\nHost: z\r\n\r\n"), "OPTIONS * HTTP/1.1");
    EXPECT_EQ(forwarding("GET http://shop:81/ HTTP/1.1\r\nHost: z\r\n\r\n").built()[1], "Host: shop:81");
}

TEST(ForwardedRequest, IsFramedAsItWasJudged) {
    forwarding chunked(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:  CHUNKED\r\nTrailer: Checksum\r\nConnection: "
        "transfer-encoding\r\n\r\n");
    EXPECT_EQ(chunked.built(),
              (lines{"POST / HTTP/1.1", "Host: a", "Trailer: Checksum", "Transfer-Encoding: chunked"}));
    forwarding sized("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTrailer: Checksum\r\n\r\n");
    EXPECT_EQ(sized.built(), (lines{"POST / HTTP/1.1", "Host: a", "Content-Length: 5"}));
}

TEST(ForwardedRequest, KeepsExpectUntilTheBodyIsHere) {
    forwarding f("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(count(f.built(), "Expect: 100-continue"), 1U);
    f.rewrite.drop_expect = true;
    EXPECT_EQ(count(f.built(), "Expect"), 0U);
}

TEST(ForwardedRequest, AsksForAWebSocketWhenTheCallerDid) {
    forwarding f(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n");
    f.rewrite.upgrade = f.facts.upgrade_websocket;
    EXPECT_EQ(f.built(), (lines{"GET / HTTP/1.1", "Host: a", "Sec-WebSocket-Key: k", "Connection: Upgrade",
                                "Upgrade: websocket"}));
    f.rewrite.upgrade = false;
    EXPECT_EQ(count(f.built(), "Upgrade"), 0U);
}

TEST(ForwardedRequest, CountsDownTheHopsOfOptions) {
    forwarding f("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\nAccept: x\r\n\r\n");
    EXPECT_EQ(f.built(), (lines{"OPTIONS * HTTP/1.1", "Host: a", "Accept: x", "Max-Forwards: 9"}));
    EXPECT_EQ(count(forwarding("GET / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 10\r\n\r\n").built(), "Max-Forwards: 10"),
              1U);
    for (auto odd : {"ten", "", "-1", "99999999999999999999"})
        EXPECT_EQ(
            count(forwarding("OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: " + std::string{odd} + "\r\n\r\n").built(),
                  "Max-Forwards:"),
            1U);
}

TEST(ForwardedRequest, CarriesNoContextOfACallerWhoIsNotBelieved) {
    forwarding f(
        "GET / HTTP/1.1\r\nHost: a\r\nb3: 1-2-1\r\nuber-trace-id: 1:2:0:1\r\nbaggage: k=v\r\nX-Request-Id: r\r\n"
        "X-B3-TraceId: 1\r\n\r\n");
    EXPECT_EQ(f.built().size(), 7U);
    f.rewrite.drop_context = true;
    EXPECT_EQ(f.built(), (lines{"GET / HTTP/1.1", "Host: a"}));
}

TEST(ForwardedRequest, AppendsOurMemberOfVia) {
    forwarding f("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 before\r\n\r\n");
    f.rewrite.via = "1.1 outrider-1-in";
    EXPECT_EQ(f.built(), (lines{"GET / HTTP/1.1", "Host: a", "Via: 1.0 before", "Via: 1.1 outrider-1-in"}));
}

const std::string forwarded_request =
    "GET / HTTP/1.1\r\nHost: shop:80\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
    "X-Forwarded-Host: public.example\r\nForwarded: for=10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\n\r\n";

TEST(ForwardedRequest, ReplacesForwardingFieldsOfACallerWhoIsNotTrusted) {
    forwarding f(forwarded_request);
    f.rewrite.client = "192.0.2.7";
    EXPECT_EQ(f.built(), (lines{"GET / HTTP/1.1", "Host: shop:80", "X-Forwarded-For: 192.0.2.7",
                                "X-Forwarded-Proto: http", "X-Forwarded-Host: shop:80"}));
}

TEST(ForwardedRequest, ExtendsForwardingFieldsOfATrustedCaller) {
    forwarding f(forwarded_request);
    f.rewrite.client = "192.0.2.7";
    f.rewrite.trust_forwarded = true;
    EXPECT_EQ(f.built(),
              (lines{"GET / HTTP/1.1", "Host: shop:80", "X-Forwarded-Proto: https", "X-Forwarded-Host: public.example",
                     "Forwarded: for=10.0.0.1", "X-Forwarded-For: 10.0.0.1, 10.0.0.2, 192.0.2.7"}));
}

TEST(ForwardedRequest, LeavesForwardingFieldsAloneOnTheWayOut) {
    forwarding f(forwarded_request);
    EXPECT_EQ(count(f.built(), "X-Forwarded-For: "), 2U);
    EXPECT_EQ(count(f.built(), "Forwarded: "), 1U);
}

TEST(ForwardedRequest, CarriesOneContextInPlaceOfTheCallers) {
    forwarding f(
        "GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
        "tracestate: x=1\r\nTraceState: y=2\r\nBaggage: k=v\r\n\r\n");
    auto all = f.built(true);
    EXPECT_EQ(count(all, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-"), 1U);
    EXPECT_EQ(count(all, "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"), 0U)
        << "the parent is our span, not the caller's";
    EXPECT_EQ(count(all, "traceparent: "), 1U);
    EXPECT_EQ(count(all, "TraceState: "), 0U);
    std::string state;
    for (const auto& line : all)
        if (line.starts_with("tracestate: ")) state += line;
    EXPECT_NE(state.find("x=1"), std::string::npos);
    EXPECT_NE(state.find("y=2"), std::string::npos);
    EXPECT_EQ(count(all, "Baggage: k=v"), 1U);
}

TEST(ForwardedRequest, DropsTheTracestateOfABadTraceparent) {
    forwarding f(
        "GET / HTTP/1.1\r\nHost: a\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\ntracestate: x=1\r\n\r\n");
    auto all = f.built(true);
    EXPECT_EQ(count(all, "traceparent: "), 1U);
    EXPECT_EQ(count(all, "traceparent: 00-0af7651916cd43dd8448eb211c80319c"), 0U) << "two traceparents are bad";
    EXPECT_EQ(count(all, "tracestate: "), 0U);
}

TEST(ForwardedRequest, ReplacesTheFormatsThatAreWrittenAndNoOther) {
    config::settings settings;
    settings.tracing.propagators = {config::propagator::tracecontext, config::propagator::b3multi};
    forwarding f(
        "GET / HTTP/1.1\r\nHost: a\r\nX-B3-TraceId: 0af7651916cd43dd8448eb211c80319c\r\nX-B3-SpanId: "
        "b7ad6b7169203331\r\n"
        "X-B3-ParentSpanId: 1111111111111111\r\nX-B3-Sampled: 1\r\nuber-trace-id: 1:2:0:1\r\n\r\n",
        settings);
    auto all = f.built(true);
    std::string joined;
    for (const auto& line : all) joined += line + "\n";
    EXPECT_EQ(joined.find("b7ad6b7169203331"), std::string::npos) << joined;
    EXPECT_NE(joined.find("uber-trace-id: 1:2:0:1"), std::string::npos) << joined;
    std::string lower = joined;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
    EXPECT_NE(lower.find("x-b3-traceid: 0af7651916cd43dd8448eb211c80319c"), std::string::npos) << joined;
}

TEST(ForwardedRequest, IsAValidRequestAgain) {
    const std::string requests[] = {
        forwarded_request,
        "GET http://shop?y HTTP/1.1\r\nHost: z\r\n\r\n",
        "OPTIONS * HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close, transfer-encoding\r\n\r\n",
        "PUT /p HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n",
    };
    for (const auto& request : requests)
        for (bool inbound : {false, true}) {
            forwarding f(request);
            if (inbound) f.rewrite.client = "192.0.2.7";
            std::string out;
            build_request(out, *f.head, f.facts, f.rewrite, f.tracer, f.span);
            forwarding again(out);
            EXPECT_EQ(again.head->method, f.head->method);
            EXPECT_EQ(again.facts.body.kind, f.facts.body.kind);
            EXPECT_EQ(again.facts.body.length, f.facts.body.length);
        }
}

std::string forwarded_answer(std::string text, const response_rewrite& rewrite, std::string_view method = "GET") {
    response_head head;
    response_facts facts;
    EXPECT_EQ(parse_response_head(text, {}, head).state, parse_state::complete);
    EXPECT_EQ(check_response(head, method, facts), head_error::none);
    std::string out;
    build_response(out, head, rewrite);
    return out;
}

TEST(ForwardedAnswer, KeepsEndToEndFieldsInOrderAndSpelling) {
    EXPECT_EQ(forwarded_answer("HTTP/1.0 418 I'm a teapot\r\nserver: x\r\nConnection: x-p\r\nX-P: 1\r\n"
                               "Content-Length: 0\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n",
                               {}),
              "HTTP/1.1 418 I'm a teapot\r\nserver: x\r\nContent-Length: 0\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n");
}

TEST(ForwardedAnswer, IsDelimitedAsTheClientUnderstands) {
    response_rewrite rewrite;
    rewrite.chunked = rewrite.drop_length = rewrite.close = true;
    EXPECT_EQ(forwarded_answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", rewrite),
              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    rewrite = {};
    rewrite.keep_alive_10 = true;
    EXPECT_EQ(forwarded_answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", rewrite),
              "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n");
    rewrite = {};
    rewrite.drop_length = true;
    EXPECT_EQ(forwarded_answer("HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n", rewrite),
              "HTTP/1.1 204 No Content\r\n\r\n");
    rewrite = {};
    EXPECT_EQ(forwarded_answer("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", rewrite),
              "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n")
        << "the length of what was not sent is information";
}

TEST(ForwardedAnswer, GainsViaAndDate) {
    response_rewrite rewrite;
    rewrite.via = "1.1 outrider-1-out";
    rewrite.date = "Sat, 21 Nov 2026 03:00:00 GMT";
    EXPECT_EQ(forwarded_answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", rewrite),
              "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nVia: 1.1 outrider-1-out\r\nDate: Sat, 21 Nov 2026 03:00:00 "
              "GMT\r\n\r\n");
}

TEST(ForwardedAnswer, SwitchesProtocols) {
    response_rewrite rewrite;
    rewrite.upgrade = true;
    EXPECT_EQ(forwarded_answer("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n"
                               "Sec-WebSocket-Accept: k\r\n\r\n",
                               rewrite),
              "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: k\r\nConnection: Upgrade\r\nUpgrade: "
              "websocket\r\n\r\n");
}

TEST(Trailers, PassWhenTheyDescribeNothingButThemselves) {
    std::string out;
    ASSERT_TRUE(filter_trailers("Checksum: abc\r\nGrpc-Status: 0\r\n", out));
    EXPECT_EQ(out, "Checksum: abc\r\nGrpc-Status: 0\r\n");
}

TEST(Trailers, NeverFrameRouteAuthenticateOrDescribe) {
    std::string trailers;
    for (auto name : {"Transfer-Encoding",
                      "Content-Length",
                      "Host",
                      "Connection",
                      "Trailer",
                      "TE",
                      "Upgrade",
                      "Via",
                      "X-Forwarded-For",
                      "Forwarded",
                      "traceparent",
                      "tracestate",
                      "b3",
                      "Expect",
                      "Max-Forwards",
                      "Authorization",
                      "Proxy-Authorization",
                      "WWW-Authenticate",
                      "Cookie",
                      "Set-Cookie",
                      "Content-Type",
                      "Content-Encoding",
                      "Content-Range",
                      "Cache-Control",
                      "Age",
                      "Expires",
                      "Date",
                      "Location",
                      "Retry-After",
                      "Vary",
                      "Range",
                      "If-Match"})
        trailers += std::string{name} + ": x\r\n";
    std::string out;
    ASSERT_TRUE(filter_trailers(trailers, out));
    EXPECT_EQ(out, "");
}

TEST(Trailers, AreRefusedWhenMalformed) {
    for (auto text :
         {"no colon\r\n", "a : b\r\n", ": b\r\n", " folded\r\n", "a: b", "a: b\x01\r\n", "\r\n", "a: b\nc\r\n"}) {
        std::string out;
        EXPECT_FALSE(filter_trailers(text, out)) << text;
    }
}

}  // namespace
}  // namespace outrider::http
