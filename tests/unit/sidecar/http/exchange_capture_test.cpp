#include "sidecar/http/exchange_capture.hpp"

#include <gtest/gtest.h>

#include "sidecar/http/head_parser.hpp"

namespace outrider::http {
namespace {

using place = tracing::capture_source::place;

tracing::capture_plan plan_of(std::size_t body) {
    tracing::capture_settings how;
    how.body_bytes = body;
    how.keys = {{"order", {{place::json, "/orderId"}, {place::path, "order"}}}};
    return tracing::capture_plan{how};
}

struct message {
    explicit message(std::string fields) : text("POST /orders HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n") {
        EXPECT_EQ(parse_request_head(text, {}, head).state, parse_state::complete);
        facts.path = "/orders";
    }
    std::string text;
    request_head head;
    exchange::http_facts facts;
};

struct answer {
    explicit answer(std::string fields) : text("HTTP/1.1 200 OK\r\n" + fields + "\r\n") {
        EXPECT_EQ(parse_response_head(text, {}, head).state, parse_state::complete);
    }
    std::string text;
    response_head head;
};

const std::string json = "Content-Type: application/json\r\n";

struct ExchangeCapture : testing::Test {
    tracing::capture_plan plan = plan_of(64);
    exchange_capture capture{plan};

    std::string order(const message& of, std::string_view body = {}) {
        const auto* found = capture.of_request(of.head, of.facts, body);
        return found ? std::string{found->value(found->values() - 1)} : "nothing";
    }
};

TEST_F(ExchangeCapture, ReadsABodyWhereItLies) {
    message request{json};
    capture.begin(true);
    EXPECT_EQ(order(request, R"({"orderId":"4711"})"), "4711");
}

TEST_F(ExchangeCapture, ReadsABodyThatCameInPieces) {
    message request{"content-type: Application/Problem+JSON; charset=utf-8\r\n"};
    for (std::size_t cut = 0; cut <= 18; ++cut) {
        const std::string body = R"({"orderId":"4711"})";
        capture.begin(true);
        capture.request_piece(request.head, std::string_view{body}.substr(0, cut), false);
        capture.request_piece(request.head, std::string_view{body}.substr(cut), true);
        EXPECT_EQ(order(request), "4711") << cut;
    }
}

TEST_F(ExchangeCapture, TakesNoBeginningOfANumberForTheNumber) {
    message request{json};
    for (const bool whole : {false, true}) {
        capture.begin(true);
        capture.request_piece(request.head, R"({"orderId":47)", false);
        capture.request_piece(request.head, "11", whole);  // else it breaks off, or an early answer ends the exchange
        EXPECT_EQ(order(request), whole ? "4711" : "");
    }
}

TEST_F(ExchangeCapture, LooksNoFurtherThanItMay) {
    message request{json};
    const std::string late = "{\"x\":\"" + std::string(64, 'x') + "\",\"orderId\":\"4711\"}";
    capture.begin(true);
    EXPECT_EQ(order(request, late), "");
    capture.begin(true);
    for (const char c : late) capture.request_piece(request.head, std::string_view{&c, 1}, false);
    EXPECT_EQ(order(request), "");
    // A value that the bound cuts in two is none.
    const std::string cut = "{\"x\":\"" + std::string(40, 'x') + "\",\"orderId\":47111111111}";
    capture.begin(true);
    EXPECT_EQ(order(request, cut), "");
}

TEST_F(ExchangeCapture, LooksAtJsonThatIsNotCompressedOnly) {
    for (const auto* fields : {"", "Content-Type: text/plain\r\n", "Content-Type: application/jsonp\r\n",
                               "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"}) {
        message request{fields};
        capture.begin(true);
        EXPECT_EQ(order(request, R"({"orderId":"4711"})"), "") << fields;
    }
    message request{json + "Content-Encoding: identity\r\n"};
    capture.begin(true);
    EXPECT_EQ(order(request, R"({"orderId":"4711"})"), "4711");
}

TEST_F(ExchangeCapture, AnAnswerTellsWhatTheRequestDidNot) {
    message request{json};
    answer said{json};
    const std::string body = R"({"orderId":"4711"})";
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        capture.begin(true);
        EXPECT_EQ(order(request), "");
        capture.begin_answer(said.head);
        capture.answer_piece(std::string_view{body}.substr(0, cut), cut == body.size());
        if (cut < body.size()) capture.answer_piece(std::string_view{body}.substr(cut), true);
        EXPECT_EQ(order(request), "4711") << cut;
    }
}

TEST_F(ExchangeCapture, ALongAnswerIsReadAsFarAsItMayBe) {
    message request{json};
    answer said{json};
    capture.begin(true);
    (void)order(request);
    capture.begin_answer(said.head);
    capture.answer_piece(R"({"orderId":"4711","x":")", false);
    for (int i = 0; i < 100; ++i) capture.answer_piece("xxxxxxxxxx", false);
    EXPECT_EQ(order(request), "4711");
}

TEST_F(ExchangeCapture, AnAnswerDoesNotBeatTheRequest) {
    message request{json};
    answer said{json};
    capture.begin(true);
    EXPECT_EQ(order(request, R"({"orderId":"1"})"), "1");
    capture.begin_answer(said.head);
    capture.answer_piece(R"({"orderId":"2"})", true);
    EXPECT_EQ(order(request), "1");
}

TEST_F(ExchangeCapture, KeepsNothingOfWhatIsNotRecorded) {
    message request{json};
    capture.begin(true);
    EXPECT_EQ(order(request, R"({"orderId":"1"})"), "1");
    capture.begin(false);
    capture.request_piece(request.head, R"({"orderId":"2"})", true);
    EXPECT_EQ(order(request), "nothing");
    capture.begin(true);
    EXPECT_EQ(order(request), "") << "and nothing of the exchange before";
}

}  // namespace
}  // namespace outrider::http
