// What whole conversations leave for chains.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/session.hpp"

namespace outrider::http {
namespace {

using place = config::value_source::place;

void collecting(config::settings& settings) {
    settings.tracing.collector = "http://collector:4318";
    settings.tracing.sampler = config::sampler::always_off;
    settings.keys["order"].sources = {{place::path, "order"}, {place::json, "/orderId"}};
}

std::string order_of(const tracing::span_data& span) {
    return std::string{tracing::text_attribute(span.attributes, "chain.key.order")};
}

std::string post(std::string_view framing, std::string_view body) {
    return "POST /place HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n" + std::string{framing} + "\r\n" +
           std::string{body};
}

TEST(SessionCapture, EachExchangeOfAConnectionHasItsOwnKey) {
    session s{collecting};
    const std::string body = R"({"orderId":"from-body"})";
    s.converse("GET /orders/one HTTP/1.1\r\nHost: a\r\n\r\n" +
               post("Content-Length: " + std::to_string(body.size()) + "\r\n", body) +
               post("Transfer-Encoding: chunked\r\n", "5\r\n{\"ord\r\n16\r\nerId\":\"chunked-order\"}\r\n0\r\n\r\n") +
               "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(s.turn_until_idle());
    const auto spans = s.spans();
    ASSERT_EQ(spans.size(), 4U) << "recorded although the sampler says no";
    EXPECT_EQ(order_of(spans[0]), "one");
    EXPECT_EQ(order_of(spans[1]), "from-body");
    EXPECT_EQ(order_of(spans[2]), "chunked-order");
    EXPECT_EQ(order_of(spans[3]), "");
    EXPECT_EQ(s.setup->tracing.inbound->count(), 0) << "nothing is open any more";
}

TEST(SessionCapture, AnAnswerTellsWhatTheRequestDidNot) {
    session s{collecting};
    s.origin.on_request = [](const received&) {
        return reply{
            "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: "
            "19\r\n\r\n{\"orderId\":\"given\"}"};
    };
    s.converse("GET /place HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(s.turn_until_idle());
    const auto spans = s.spans();
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(order_of(spans[0]), "given");
}

TEST(SessionCapture, WhatIsNotRecordedLeavesNothing) {
    session s{[](config::settings& settings) { settings.tracing.sampler = config::sampler::always_off; }};
    s.converse("GET /orders/one HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    ASSERT_TRUE(s.turn_until_idle());
    EXPECT_TRUE(s.spans().empty());
}

}  // namespace
}  // namespace outrider::http
