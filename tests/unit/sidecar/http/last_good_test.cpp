#include "sidecar/http/last_good.hpp"

#include <gtest/gtest.h>

#include "sidecar/http/framing.hpp"
#include "sidecar/http/head_parser.hpp"

namespace outrider::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

const auto start = steady_clock::time_point{} + 1h;

std::string key_for(const std::string& fields, std::string_view path = "/a?b=1",
                    std::span<const std::string_view> callers = {}) {
    auto text = "GET /a HTTP/1.1\r\nHost: shop\r\n" + fields + "\r\n";
    request_head head;
    EXPECT_EQ(parse_request_head(text, {}, head).state, parse_state::complete);
    return key_of({"app", "shop", path, callers}, head);
}

std::unique_ptr<good_answer> copy_of(const std::string& fields, std::optional<std::uint64_t> length = 2,
                                     int status = 200) {
    auto text = "HTTP/1.1 " + std::to_string(status) + " x\r\n" + fields + "\r\n";
    response_head head;
    response_facts facts;
    EXPECT_EQ(parse_response_head(text, {}, head).state, parse_state::complete);
    EXPECT_EQ(check_response(head, "GET", facts), head_error::none);
    return begin_copy(head, length);
}

TEST(KeyOfAnAnswer, TellsTargetsAndEncodingsApart) {
    EXPECT_EQ(key_for(""), key_for("User-Agent: x\r\n"));
    EXPECT_NE(key_for(""), key_for("", "/a?b=2"));
    EXPECT_NE(key_for("Accept-Encoding: gzip\r\n"), key_for("Accept-Encoding: br\r\n"));
    EXPECT_NE(key_for("Accept-Encoding: gzip\r\n"), key_for(""));
}

TEST(KeyOfAnAnswer, IsNoneForRequestsWithCredentials) {
    EXPECT_EQ(key_for("Authorization: Basic eA==\r\n"), "");
    EXPECT_EQ(key_for("cookie: session=1\r\n"), "");
    EXPECT_EQ(key_for("Cache-Control: max-age=0, no-store\r\n"), "");
    EXPECT_EQ(key_for("", std::string(5'000, '/')), "") << "or too long";
}

TEST(KeyOfAnAnswer, KeepsCallersApartThatPoliciesTellApart) {
    std::string_view tenant[] = {"x-tenant"};
    EXPECT_NE(key_for("X-Tenant: gold\r\n", "/a", tenant), key_for("X-Tenant: iron\r\n", "/a", tenant));
    EXPECT_NE(key_for("X-Tenant: gold\r\n", "/a", tenant), key_for("", "/a", tenant));
    EXPECT_EQ(key_for("X-Tenant: gold\r\n", "/a"), key_for("X-Tenant: iron\r\n", "/a"));
}

TEST(CopyOfAnAnswer, HoldsItsEndToEndFields) {
    auto copy = copy_of(
        "Content-Type: text/plain\r\nDate: Sat, 21 Nov 2026 03:00:00 GMT\r\nContent-Length: 2\r\nKeep-Alive: 5\r\n"
        "Connection: X-Hop\r\nX-Hop: 1\r\nAge: 7\r\nETag: \"1\"\r\n");
    ASSERT_TRUE(copy);
    EXPECT_EQ(copy->fields, "Content-Type: text/plain\r\nDate: Sat, 21 Nov 2026 03:00:00 GMT\r\nETag: \"1\"\r\n");
    EXPECT_TRUE(copy->dated);
    EXPECT_EQ(copy->age, 7s);
}

TEST(CopyOfAnAnswer, IsNotMadeOfWhatMustNotBeGivenToOthersOrLater) {
    for (auto fields : {"Set-Cookie: a=1\r\n", "Cache-Control: private\r\n", "Cache-Control: max-age=1, No-Store\r\n",
                        "Cache-Control: private=\"set-cookie\"\r\n", "Cache-Control: must-revalidate\r\n",
                        "Cache-Control: s-maxage=5\r\n", "Vary: *\r\n", "Vary: Accept-Encoding, X-Tenant\r\n",
                        "Outrider-Fallback: protect\r\n"})
        EXPECT_FALSE(copy_of(fields)) << fields;
    for (auto fields : {"", "Cache-Control: max-age=60, public\r\n", "Vary: accept-encoding\r\n"})
        EXPECT_TRUE(copy_of(fields)) << fields;
    EXPECT_FALSE(copy_of("", 2, 203));
    EXPECT_FALSE(copy_of("", last_good::most_body + 1));
    EXPECT_TRUE(copy_of("", last_good::most_body));
    EXPECT_TRUE(copy_of("", std::nullopt)) << "a length that is not known yet";
}

std::shared_ptr<const good_answer> answer_of(std::string body, steady_clock::time_point at = start) {
    auto made = std::make_shared<good_answer>();
    made->body = std::move(body);
    made->at = at;
    return made;
}

TEST(LastGood, GivesTheLastAnswerWhileItIsYoung) {
    last_good kept;
    kept.keep("k", answer_of("one"));
    kept.keep("k", answer_of("two", start + 1s));
    ASSERT_TRUE(kept.find("k", start + 31s, 30s));
    EXPECT_EQ(kept.find("k", start + 31s, 30s)->body, "two");
    EXPECT_FALSE(kept.find("k", start + 31s + 1ns, 30s));
    EXPECT_FALSE(kept.find("other", start, 30s));
    EXPECT_EQ(kept.size(), 1U);
}

TEST(LastGood, HoldsNoMoreThanItsBoundAndForgetsWhatWasNotUsed) {
    last_good kept;
    for (int i = 0; i < 100; ++i) {
        kept.keep("k" + std::to_string(i), answer_of(std::string(last_good::most_body, 'x')));
        kept.find("k0", start, 1s);
        EXPECT_LE(kept.bytes(), last_good::most_bytes);
    }
    EXPECT_GT(kept.size(), 60U);
    EXPECT_TRUE(kept.find("k0", start, 1s)) << "used all the time";
    EXPECT_FALSE(kept.find("k1", start, 1s));
    EXPECT_TRUE(kept.find("k99", start, 1s));
}

TEST(LastGood, GivesBackTheRoomOfWhatIsReplaced) {
    last_good kept;
    kept.keep("k", answer_of(std::string(60'000, 'x')));
    auto large = kept.bytes();
    kept.keep("k", answer_of("x"));
    EXPECT_EQ(kept.bytes(), large - 59'999);
}

}  // namespace
}  // namespace outrider::http
