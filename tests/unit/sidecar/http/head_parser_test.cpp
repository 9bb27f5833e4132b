#include "sidecar/http/head_parser.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/http/every_prefix.hpp"

namespace outrider::http {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view golden_request =
    "POST /orders/7?x=1&y=%20 HTTP/1.1\r\n"
    "Host: orders.example:8080\r\n"
    "content-LENGTH:\t 12 \t\r\n"
    "X-Empty:\r\n"
    "X-Obs: caf\xc3\xa9 \xff\r\n"
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n"
    "\r\n";

constexpr std::string_view golden_response =
    "HTTP/1.1 404 Not here, \xc3\xa9ither\r\n"
    "Content-Length: 0\r\n"
    "Date: Sat, 21 Nov 2026 03:00:00 GMT\r\n"
    "\r\n";

struct parsed_request {
    parse_outcome outcome;
    std::unique_ptr<request_head> head = std::make_unique<request_head>();
};

parsed_request parse(std::string_view text, const head_limits& limits = {}) {
    parsed_request out;
    out.outcome = parse_request_head(text, limits, *out.head);
    return out;
}

head_error error_of(std::string_view text, const head_limits& limits = {}) {
    exact_copy copy{text};
    auto seen = parse(copy.view(), limits);
    return seen.outcome.state == parse_state::bad ? seen.outcome.error : head_error::none;
}

head_error response_error_of(std::string_view text, const head_limits& limits = {}) {
    exact_copy copy{text};
    response_head head;
    auto seen = parse_response_head(copy.view(), limits, head);
    return seen.state == parse_state::bad ? seen.error : head_error::none;
}

bool lies_within(std::string_view part, std::string_view whole) {
    return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

/// A name, and a target, with each octet at places before, in and behind a block that is looked at as a whole.
TEST(RequestHead, KnowsEveryOctetOfNamesAndTargetsAtEveryPlace) {
    for (int octet = 0; octet < 256; ++octet) {
        auto c = static_cast<char>(octet);
        for (std::size_t place = 1; place < 40; ++place) {
            std::string name(40, 'n'), target(40, '/');
            name[place] = target[place] = c;
            auto named = parse("GET / HTTP/1.1\r\n" + name + ": v\r\n\r\n");
            bool token = is_token_char(c);
            ASSERT_EQ(named.outcome.state == parse_state::complete, token || c == ':') << octet << " at " << place;
            if (token) {
                ASSERT_EQ(named.head->fields.begin()->name.size(), name.size());
            }
            bool visible = octet > 0x20 && octet < 0x7f && c != '#';
            ASSERT_EQ(error_of("GET " + target + " HTTP/1.1\r\n\r\n") == head_error::none, visible)
                << octet << " at " << place;
        }
    }
}

/// The contract of the parser: a prefix says `incomplete`, or what the whole says.
void expect_no_prefix_disagrees(std::string_view text, const head_limits& limits = {}) {
    auto whole = parse(text, limits);
    for_every_prefix(text, [&](std::string_view prefix) {
        auto seen = parse(prefix, limits);
        if (seen.outcome.state == parse_state::incomplete) return;
        EXPECT_EQ(seen.outcome.state, whole.outcome.state) << "after " << prefix.size() << " bytes of\n" << text;
        EXPECT_EQ(int(seen.outcome.error), int(whole.outcome.error)) << "after " << prefix.size() << " of\n" << text;
        if (seen.outcome.state == parse_state::complete) {
            EXPECT_EQ(seen.head->size, whole.head->size);
        }
    });
}

void expect_no_response_prefix_disagrees(std::string_view text, const head_limits& limits = {}) {
    response_head whole;
    auto expected = parse_response_head(text, limits, whole);
    for_every_prefix(text, [&](std::string_view prefix) {
        response_head head;
        auto seen = parse_response_head(prefix, limits, head);
        if (seen.state == parse_state::incomplete) return;
        EXPECT_EQ(seen.state, expected.state) << "after " << prefix.size() << " bytes of\n" << text;
        EXPECT_EQ(int(seen.error), int(expected.error)) << "after " << prefix.size() << " bytes of\n" << text;
    });
}

TEST(RequestHead, IsTakenApartInPlace) {
    auto [outcome, head] = parse(golden_request);
    ASSERT_EQ(outcome.state, parse_state::complete);
    EXPECT_EQ(head->method, "POST");
    EXPECT_EQ(head->target, "/orders/7?x=1&y=%20");
    EXPECT_EQ(head->minor_version, 1);
    EXPECT_EQ(head->size, golden_request.size());
    ASSERT_EQ(head->fields.size(), 5U);
    const auto* f = head->fields.begin();
    EXPECT_EQ(f[0].name, "Host");
    EXPECT_EQ(f[0].value, "orders.example:8080");
    EXPECT_EQ(f[0].line, "Host: orders.example:8080\r\n");
    EXPECT_EQ(f[0].id, field_id::host);
    EXPECT_EQ(f[1].name, "content-LENGTH");
    EXPECT_EQ(f[1].value, "12") << "white space around a value is no part of it";
    EXPECT_EQ(f[1].id, field_id::content_length);
    EXPECT_EQ(f[2].value, "");
    EXPECT_EQ(f[2].id, field_id::other);
    EXPECT_EQ(f[3].value, "caf\xc3\xa9 \xff") << "obs-text passes";
    EXPECT_EQ(f[4].id, field_id::trace_parent);
    for (const auto& each : head->fields) EXPECT_TRUE(lies_within(each.line, golden_request));
}

TEST(RequestHead, IsIncompleteAtEveryTruncation) {
    for_every_prefix(golden_request.substr(0, golden_request.size() - 1), [](std::string_view prefix) {
        EXPECT_EQ(parse(prefix).outcome.state, parse_state::incomplete) << prefix.size();
    });
}

TEST(RequestHead, EndsWhereItsEmptyLineEnds) {
    auto text = std::string{golden_request} + "the body, or the next request";
    auto [outcome, head] = parse(text);
    ASSERT_EQ(outcome.state, parse_state::complete);
    EXPECT_EQ(head->size, golden_request.size());
}

TEST(RequestHead, MayFollowTwoEmptyLinesButNotThree) {
    auto [outcome, head] = parse("\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    ASSERT_EQ(outcome.state, parse_state::complete);
    EXPECT_EQ(head->size, 22U) << "the empty lines count";
    EXPECT_EQ(error_of("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n"), head_error::start_line);
}

TEST(RequestHead, CountsAHigherMinorVersionAsOne) {
    EXPECT_EQ(parse("GET / HTTP/1.9\r\n\r\n").head->minor_version, 1);
    EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").head->minor_version, 0);
}

struct refusal {
    std::string_view text;
    head_error error;
};

const refusal refused_requests[] = {
    {" GET / HTTP/1.1\r\n\r\n", head_error::start_line},
    {"GET  / HTTP/1.1\r\n\r\n", head_error::start_line},
    {"GET /  HTTP/1.1\r\n\r\n", head_error::start_line},
    {"GET / HTTP/1.1 \r\n\r\n", head_error::start_line},
    {"GET\t/ HTTP/1.1\r\n\r\n", head_error::start_line},
    {"GE(T / HTTP/1.1\r\n\r\n", head_error::start_line},
    {"GET /\r\n\r\n", head_error::start_line},
    {"GET / \r\n\r\n", head_error::start_line},
    {"GET / HTTP/1.1\r\r\n\r\n", head_error::start_line},
    {"GET / http/1.1\r\n\r\n", head_error::start_line},
    {"GET / HTTP/1.1x\r\n\r\n", head_error::start_line},
    {"GET / HTTP/11\r\n\r\n", head_error::start_line},
    {"GET / HTTP/1.\r\n\r\n", head_error::start_line},
    {"AMETHODOFMORETHANTHIRTYTWOLETTERSX / HTTP/1.1\r\n\r\n", head_error::start_line},
    {"GET / HTTP/2.0\r\n\r\n", head_error::version},
    {"GET / HTTP/0.9\r\n\r\n", head_error::version},
    {"GET / HTTP/3.7\n\r\n", head_error::version},
    {"GET / HTTP/1.1\n\r\n", head_error::bare_lf},
    {"GET / HTTP/1.1\nHost: a\n\n", head_error::bare_lf},
    {"GET / HTTP/1.1\r\nHost: a\n\r\n", head_error::bare_lf},
    {"GET / HTTP/1.1\r\nHost: a\r\n\n", head_error::bare_lf},
    {"GET / HTTP/1.1\r\nHost\n\r\n", head_error::bare_lf},
    {"GET /a\x7f HTTP/1.1\r\n\r\n", head_error::target_character},
    {"GET /a#b HTTP/1.1\r\n\r\n", head_error::target_character},
    {"GET /caf\xc3\xa9 HTTP/1.1\r\n\r\n", head_error::target_character},
    {"GET /\x01 HTTP/1.1\r\n\r\n", head_error::target_character},
    {"GET /\t HTTP/1.1\r\n\r\n", head_error::target_character},
    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", head_error::field_syntax},
    {"GET / HTTP/1.1\r\nHost\r\n\r\n", head_error::field_syntax},
    {"GET / HTTP/1.1\r\n: a\r\n\r\n", head_error::field_syntax},
    {"GET / HTTP/1.1\r\nHo st: a\r\n\r\n", head_error::field_syntax},
    {"GET / HTTP/1.1\r\nH\xc3\xb6st: a\r\n\r\n", head_error::field_syntax},
    {"GET / HTTP/1.1\r\nA: b\r\n\rX", head_error::field_syntax},
    {"GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n", head_error::folded},
    {"GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", head_error::folded},
    {"GET / HTTP/1.1\r\n Host: a\r\n\r\n", head_error::folded},
    {"GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", head_error::field_value},
    {"GET / HTTP/1.1\r\nA: b\x01\r\n\r\n", head_error::field_value},
    {"GET / HTTP/1.1\r\nA: b\x7f\r\n\r\n", head_error::field_value},
    {"GET / HTTP/1.1\r\nA: b\0c\r\n\r\n"sv, head_error::field_value},
    {"GET / HTTP/1.1\r\nA: sixteen bytes and then \x0b some more\r\n\r\n", head_error::field_value},
};

TEST(RequestHead, IsRefusedByTheRuleThatItBreaks) {
    for (const auto& each : refused_requests) EXPECT_EQ(int(error_of(each.text)), int(each.error)) << each.text;
}

TEST(RequestHead, HasAnOutcomeThatDoesNotDependOnTheSplit) {
    expect_no_prefix_disagrees(golden_request);
    expect_no_prefix_disagrees("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    for (const auto& each : refused_requests) expect_no_prefix_disagrees(each.text);
}

TEST(RequestHead, TakesEveryPrintableCharacterOfATargetAndNoOther) {
    for (int c = 1; c < 256; ++c) {
        auto text = "GET /" + std::string(1, static_cast<char>(c)) + " HTTP/1.1\r\n\r\n";
        bool allowed = c > 0x20 && c < 0x7f && c != '#';
        if (c == ' ') continue;  // ends the target
        EXPECT_EQ(error_of(text) == head_error::none, allowed) << c;
    }
}

TEST(RequestHead, FindsAControlCharacterAtEveryOffsetOfAValue) {
    // The value is searched sixteen bytes at a time: the seams matter.
    for (std::size_t length = 1; length < 70; ++length)
        for (std::size_t at = 0; at < length; ++at) {
            std::string value(length, 'v');
            value[at] = '\x1f';
            EXPECT_EQ(error_of("GET / HTTP/1.1\r\nA:" + value + "\r\n\r\n"), head_error::field_value);
            value[at] = '\t';
            EXPECT_EQ(error_of("GET / HTTP/1.1\r\nA:" + value + "\r\n\r\n"), head_error::none);
            value[at] = '\x80';
            EXPECT_EQ(error_of("GET / HTTP/1.1\r\nA:" + value + "\r\n\r\n"), head_error::none);
        }
}

TEST(RequestHead, BoundsTheTarget) {
    head_limits limits;
    limits.target_bytes = 4;
    EXPECT_EQ(error_of("GET /abc HTTP/1.1\r\n\r\n", limits), head_error::none);
    EXPECT_EQ(error_of("GET /abcd HTTP/1.1\r\n\r\n", limits), head_error::target_too_long);
    EXPECT_EQ(error_of("GET /abcd", limits), head_error::target_too_long) << "without waiting for its end";
    expect_no_prefix_disagrees("GET /abcd HTTP/1.1\r\n\r\n", limits);
}

TEST(RequestHead, BoundsTheNumberOfFields) {
    head_limits limits;
    limits.fields = 2;
    EXPECT_EQ(error_of("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\n\r\n", limits), head_error::none);
    EXPECT_EQ(error_of("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits), head_error::too_many_fields);
    expect_no_prefix_disagrees("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n", limits);
}

TEST(RequestHead, NeverKeepsMoreFieldsThanItsCapacity) {
    head_limits limits;
    limits.fields = 100'000;
    std::string text = "GET / HTTP/1.1\r\n";
    for (std::size_t i = 0; i < field_list::capacity + 1; ++i) text += "A: b\r\n";
    EXPECT_EQ(error_of(text + "\r\n", limits), head_error::too_many_fields);
}

TEST(RequestHead, BoundsItsBytes) {
    const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    head_limits limits;
    limits.head_bytes = head.size();
    EXPECT_EQ(error_of(head, limits), head_error::none);
    EXPECT_EQ(error_of(head + "GET /next HTTP/1.1\r\n\r\n", limits), head_error::none) << "what follows does not count";
    limits.head_bytes = head.size() - 1;
    EXPECT_EQ(error_of(head, limits), head_error::head_too_large);
    EXPECT_EQ(error_of(head.substr(0, limits.head_bytes), limits), head_error::head_too_large);
    expect_no_prefix_disagrees(head, limits);
}

TEST(RequestHead, IsTooLargeWhateverIsWrongBehindTheBound) {
    head_limits limits;
    limits.head_bytes = 20;
    expect_no_prefix_disagrees("GET / HTTP/1.1\r\nA: b\r\nno field\r\n\r\n", limits);
    EXPECT_EQ(error_of("GET / HTTP/1.1\r\nA: b\r\nno field\r\n\r\n", limits), head_error::head_too_large);
}

TEST(ResponseHead, IsTakenApartInPlace) {
    response_head head;
    ASSERT_EQ(parse_response_head(golden_response, {}, head).state, parse_state::complete);
    EXPECT_EQ(head.status, 404);
    EXPECT_EQ(head.reason, "Not here, \xc3\xa9ither");
    EXPECT_EQ(head.minor_version, 1);
    EXPECT_EQ(head.size, golden_response.size());
    ASSERT_EQ(head.fields.size(), 2U);
    EXPECT_EQ(head.fields.begin()[1].id, field_id::date);
}

TEST(ResponseHead, IsIncompleteAtEveryTruncation) {
    for_every_prefix(golden_response.substr(0, golden_response.size() - 1), [](std::string_view prefix) {
        response_head head;
        EXPECT_EQ(parse_response_head(prefix, {}, head).state, parse_state::incomplete) << prefix.size();
    });
}

TEST(ResponseHead, MayLackAReasonAndEvenTheSpaceBeforeIt) {
    response_head head;
    for (auto text : {"HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 200\r\n\r\n"}) {
        ASSERT_EQ(parse_response_head(text, {}, head).state, parse_state::complete) << text;
        EXPECT_EQ(head.status, 200);
        EXPECT_EQ(head.reason, "");
    }
}

const refusal refused_responses[] = {
    {"HTTP/2.0 200 OK\r\n\r\n", head_error::start_line},
    {"http/1.1 200 OK\r\n\r\n", head_error::start_line},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 20 OK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 2000 OK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1  200 OK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 099 OK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 600 OK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 +20 OK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 200\tOK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 200 O\x01K\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 200 O\rK\r\n\r\n", head_error::start_line},
    {"HTTP/1.1 200\n\r\n", head_error::start_line},
    {"HTTP/1.1 200 OK\n\r\n", head_error::bare_lf},
    {"HTTP/1.1 200 OK\r\nA: b\n\r\n", head_error::bare_lf},
    {"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", head_error::field_syntax},
    {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", head_error::folded},
    {"HTTP/1.1 200 OK\r\nA: b\x02\r\n\r\n", head_error::field_value},
};

TEST(ResponseHead, IsRefusedByTheRuleThatItBreaks) {
    for (const auto& each : refused_responses)
        EXPECT_EQ(int(response_error_of(each.text)), int(each.error)) << each.text;
}

TEST(ResponseHead, HasAnOutcomeThatDoesNotDependOnTheSplit) {
    expect_no_response_prefix_disagrees(golden_response);
    for (const auto& each : refused_responses) expect_no_response_prefix_disagrees(each.text);
    head_limits limits;
    limits.head_bytes = 25;
    expect_no_response_prefix_disagrees("HTTP/1.1 200 OK\r\nA: b\r\nno field\r\n\r\n", limits);
}

TEST(ResponseHead, BoundsItsBytes) {
    head_limits limits;
    limits.head_bytes = golden_response.size();
    EXPECT_EQ(response_error_of(golden_response, limits), head_error::none);
    --limits.head_bytes;
    EXPECT_EQ(response_error_of(golden_response, limits), head_error::head_too_large);
}

}  // namespace
}  // namespace outrider::http
