#include "sidecar/kafka/push_parser.hpp"

#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/kafka/push_steps.hpp"
#include "tests/unit/sidecar/kafka/golden.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

push_parse read_numbers(std::string& log) {
    log += std::to_string(co_await push::int8()) + " ";
    log += std::to_string(co_await push::int16()) + " ";
    log += std::to_string(co_await push::int32()) + " ";
    log += std::to_string(co_await push::int64()) + " ";
    log += std::to_string(co_await push::unsigned_varint()) + " ";
    log += std::to_string(co_await push::varint()) + " ";
    log += std::to_string(co_await push::varlong()) + " ";
    log += std::to_string(co_await push::position());
}

push_parse read_texts(std::string& log, encoding how) {
    for (int i = 0; i < 3; ++i) {
        auto text = co_await push::text(how);
        log += testing::text_or_null(text) + "|";
    }
    log += std::to_string(co_await push::length(how)) + "|";
    log += std::to_string(co_await push::length(how)) + "|";
    co_await push::tags(how);
    log += co_await push::need(1);
}

template <typename Start>
testing::run run(Start start) {
    return [start](std::string_view body, std::size_t first, std::size_t others) {
        std::string log;
        push_parser parser{start(log)};
        testing::in_pieces(body, first, others, [&](std::string_view piece) { (void)parser.feed(piece); });
        return testing::ending(parser) + log;
    };
}

TEST(PushParser, ReadsNumbersAcrossPieces) {
    std::string body;
    wire_writer out{body};
    out.int8(-1);
    out.int16(-2);
    out.int32(70000);
    out.int64(std::numeric_limits<std::int64_t>::min());
    out.unsigned_varint(0xffffffffU);
    out.varint(std::numeric_limits<std::int32_t>::min());
    out.varlong(std::numeric_limits<std::int64_t>::min());
    auto parse = run(read_numbers);
    EXPECT_EQ(parse(body, body.size(), 1), "finished " + std::to_string(body.size()) +
                                               "\n-1 -2 70000 -9223372036854775808 4294967295 -2147483648 "
                                               "-9223372036854775808 " +
                                               std::to_string(body.size()));
    testing::expect_the_same_for_every_split(body, parse);
    testing::expect_no_truncation_finishes(body, parse);
}

TEST(PushParser, ReadsTextsLengthsAndTagsAcrossPieces) {
    for (auto how : {encoding::classic, encoding::flexible}) {
        std::string body;
        wire_writer out{body};
        out.string("orders", how);
        out.string({}, how);
        out.string("", how);
        out.array(-1, how);
        out.array(300, how);
        if (how == encoding::flexible) out.raw("\x02\x00\x03xyz\x81\x01\x00"sv);
        out.raw("!");
        auto parse = run([how](std::string& log) { return read_texts(log, how); });
        EXPECT_EQ(parse(body, body.size(), 1), "finished " + std::to_string(body.size()) + "\norders|null||-1|300|!");
        testing::expect_the_same_for_every_split(body, parse);
        testing::expect_no_truncation_finishes(body, parse);
    }
}

TEST(PushParser, FindsVarintsThatAreTooLongMalformed) {
    auto parse = run([](std::string&) -> push_parse { (void)co_await push::unsigned_varint(); });
    EXPECT_EQ(parse("\xff\xff\xff\xff\x7f"sv, 9, 1), "malformed\n");
    EXPECT_EQ(parse("\x80\x80\x80\x80\x80\x01"sv, 9, 1), "malformed\n");
    EXPECT_EQ(parse("\x80\x80\x80\x80\x01"sv, 9, 1), "finished 5\n");
}

push_parse hand_out(std::vector<std::string_view>& views) {
    views.push_back(co_await push::need(4));
    views.push_back(co_await push::some(100));
    views.push_back(co_await push::some(0));
}

TEST(PushParser, GivesViewsIntoThePiece) {
    auto piece = "headbody"sv;
    std::vector<std::string_view> views;
    push_parser parser{hand_out(views)};
    EXPECT_EQ(parser.feed(piece), parse_state::finished);
    ASSERT_EQ(views.size(), 3U);
    EXPECT_EQ(views[0].data(), piece.data());
    EXPECT_EQ(views[1].data(), piece.data() + 4);
    EXPECT_EQ(views[1].size(), 4U);
    EXPECT_TRUE(views[2].empty());
}

push_parse ask_for_nonsense(bool& resumed) {
    (void)co_await push::int8();
    co_await push::malformed();
    resumed = true;
}

push_parse pass_and_read(std::string& log) {
    log += co_await push::need(1);
    co_await push::skip(1000);
    log += co_await push::need(1);
    co_await push::skip(2000);
    log += std::to_string(co_await push::position());
}

TEST(PushParser, MayBeToldOfBytesThatWentByUnseen) {
    std::string log;
    push_parser parser{pass_and_read(log)};
    EXPECT_EQ(parser.passes(), 0U);
    parser.feed("a");
    EXPECT_EQ(parser.passes(), 1000U);
    parser.feed(std::string(100, 'x'));
    EXPECT_EQ(parser.passes(), 900U);
    EXPECT_EQ(parser.went_by(400), parse_state::wants_more);
    EXPECT_EQ(parser.passes(), 500U);
    parser.went_by(500);
    EXPECT_EQ(parser.passes(), 0U);
    EXPECT_EQ(parser.position(), 1001U);
    parser.feed("b" + std::string(1999, 'x'));
    EXPECT_EQ(parser.passes(), 1U);
    EXPECT_EQ(parser.went_by(1), parse_state::finished);
    EXPECT_EQ(parser.passes(), 0U);
    EXPECT_EQ(log, "ab3002");
}

TEST(PushParser, PassesNothingOnceStartedAgainOrMalformed) {
    std::string log;
    push_parser parser{pass_and_read(log)};
    parser.feed("a");
    parser.start(pass_and_read(log));
    EXPECT_EQ(parser.passes(), 0U);
    parser.start([]() -> push_parse {
        co_await push::skip(1);
        co_await push::malformed();
    }());
    parser.feed({});
    EXPECT_EQ(parser.passes(), 1U);
    EXPECT_EQ(parser.feed("xx"), parse_state::malformed);
    EXPECT_EQ(parser.passes(), 0U);
}

TEST(PushParser, IsNeverResumedOnceMalformed) {
    bool resumed = false;
    push_parser parser{ask_for_nonsense(resumed)};
    EXPECT_EQ(parser.feed("ab"), parse_state::malformed);
    EXPECT_EQ(parser.feed("cd"), parse_state::malformed);
    EXPECT_FALSE(resumed);
}

TEST(PushParser, AStepThatFailedIsNotTriedAgainOnTheBytesBehind) {
    auto parse = run([](std::string& log) -> push_parse {
        (void)co_await push::length(encoding::classic);
        log += "resumed";
    });
    auto body = "\xff\xff\xff\xfe\0\0\0\1"sv;
    EXPECT_EQ(parse(body, body.size(), 1), "malformed\n");
    testing::expect_the_same_for_every_split(body, parse);
}

push_parse one_byte(int& sum) { sum += co_await push::int8(); }
push_parse nested_bytes(int& sum, int count) {
    for (; count > 0; --count) co_await one_byte(sum);
}
push_parse outer(int& sum, int count) {
    co_await nested_bytes(sum, count);
    co_await nested_bytes(sum, 1);
}

TEST(PushParser, NestsWithoutGrowingTheStack) {
    int sum = 0;
    push_parser parser{outer(sum, 1'000'000)};
    std::string ones(1'000'000, '\1');
    EXPECT_EQ(parser.feed(ones), parse_state::wants_more);
    EXPECT_EQ(parser.feed("\1"), parse_state::finished);
    EXPECT_EQ(sum, 1'000'001);
}

TEST(PushParser, MayBeGivenUpInTheMiddleAndStartedAgain) {
    int sum = 0;
    push_parser parser;
    EXPECT_EQ(parser.state(), parse_state::finished);
    for (int i = 0; i < 3; ++i) {
        parser.start(outer(sum, 5));
        EXPECT_EQ(parser.feed("\1\1"), parse_state::wants_more);
        EXPECT_EQ(parser.position(), 2U);
    }
    parser.start(outer(sum, 1));
    EXPECT_EQ(parser.feed("\1\1\1"), parse_state::finished);
    EXPECT_EQ(parser.position(), 2U);
}

push_parse throw_within(int& sum) {
    co_await one_byte(sum);
    throw std::runtime_error{"no memory"};
}
push_parse throw_inside_of(int& sum) { co_await throw_within(sum); }

TEST(PushParser, IsNotResumedAfterAnExceptionLeftIt) {
    int sum = 0;
    push_parser parser{throw_inside_of(sum)};
    EXPECT_THROW((void)parser.feed("\1\1"), std::runtime_error);
    EXPECT_EQ(parser.feed("\1\1"), parse_state::malformed);
    parser.start(outer(sum, 0));
    EXPECT_EQ(parser.feed("\1"), parse_state::finished);
}

TEST(PushParser, FramesAreUsedAgain) {
    auto* frame = take_frame(500);
    give_frame(frame, 500);
    EXPECT_EQ(take_frame(500), frame);
    give_frame(frame, 500);
    std::vector<void*> many;
    for (int i = 0; i < 100; ++i) many.push_back(take_frame(500));
    for (auto* one : many) give_frame(one, 500);
    auto* large = take_frame(1 << 20);
    give_frame(large, 1 << 20);
}

TEST(PushParser, MayGoOnAnotherThreadThanItsOwn) {
    int sum = 0;
    auto parser = std::make_unique<push_parser>(outer(sum, 2));
    (void)parser->feed("\1");
    std::thread{[&] {
        EXPECT_EQ(parser->feed("\1\1"), parse_state::finished);
        parser.reset();
    }}.join();
    EXPECT_EQ(sum, 3);
}

}  // namespace
}  // namespace outrider::kafka
