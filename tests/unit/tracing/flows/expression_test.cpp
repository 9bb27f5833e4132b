#include "tracing/flows/expression.hpp"

#include <gtest/gtest.h>

namespace outrider::flows::test {
namespace {

parsed_expression must_parse(std::string_view text) {
    auto parsed = parse_expression(text);
    if (auto* error = std::get_if<expression_error>(&parsed)) {
        ADD_FAILURE() << text << ": " << error->column << ": " << error->text;
        return {};
    }
    return std::get<parsed_expression>(std::move(parsed));
}

TEST(Expression, HasStepsWithAlternativesAndTimes) {
    const auto read = must_parse("order.placed -> stock.reserved | stock.rejected end within 5s -> paid within 1m");
    ASSERT_EQ(read.steps.size(), 3);
    ASSERT_EQ(read.names.size(), 4);
    EXPECT_EQ(read.names[1].name, "stock.reserved");
    EXPECT_EQ(read.names[1].column, 17);
    EXPECT_FALSE(read.steps[0].within);
    ASSERT_EQ(read.steps[1].alternatives.size(), 2);
    EXPECT_FALSE(read.steps[1].alternatives[0].end);
    EXPECT_TRUE(read.steps[1].alternatives[1].end);
    EXPECT_EQ(read.steps[1].within, std::chrono::seconds(5));
    EXPECT_EQ(read.steps[1].text, "stock.reserved | stock.rejected");
    EXPECT_EQ(read.steps[2].within, std::chrono::minutes(1));
}

TEST(Expression, HasRepeatsAndWhatComesInAnyOrder) {
    const auto read = must_parse("a->(b x 2&c x 0..3)end|d x 1..5");
    ASSERT_EQ(read.steps.size(), 2);
    const auto& group = read.steps[1].alternatives[0];
    ASSERT_EQ(group.members.size(), 2);
    EXPECT_TRUE(group.end);
    EXPECT_EQ(group.members[0].least, 2);
    EXPECT_EQ(group.members[0].most, 2);
    EXPECT_EQ(group.members[1].least, 0);
    EXPECT_EQ(group.members[1].most, 3);
    EXPECT_EQ(read.steps[1].alternatives[1].members[0].most, 5);
}

TEST(Expression, MayGoOverLines) {
    const auto read = must_parse("\n  a\n    ->  b  |\n  c\twithin 250ms\n");
    ASSERT_EQ(read.steps.size(), 2);
    EXPECT_EQ(read.steps[1].text, "b | c");
    EXPECT_EQ(read.steps[1].within, std::chrono::milliseconds(250));
}

TEST(Expression, TellsTheColumnOfWhatIsWrong) {
    const std::pair<const char*, std::size_t> wrong[] = {
        {"", 1},
        {"a ->", 5},
        {"a -> -> b", 6},
        {"a b", 3},
        {"a -> b x", 9},
        {"a | ", 5},
        {"(a", 3},
        {"(a & )", 6},
        {"a & b", 3},
        {"a -> b within 5", 15},
        {"a -> a", 6},
        {"a -> b x 3..1", 10},
        {"a -> b x 0", 10},
        {"within 5s", 1},
        {"a -> \x01", 6},
    };
    for (const auto& [text, column] : wrong) {
        const auto parsed = parse_expression(text);
        ASSERT_TRUE(std::holds_alternative<expression_error>(parsed)) << text;
        EXPECT_EQ(std::get<expression_error>(parsed).column, column)
            << text << ": " << std::get<expression_error>(parsed).text;
    }
}

TEST(Expression, IsBounded) {
    std::string many = "e0";
    for (int i = 1; i < 65; ++i) many += "->e" + std::to_string(i);
    EXPECT_TRUE(std::holds_alternative<expression_error>(parse_expression(many)));
    EXPECT_TRUE(
        std::holds_alternative<expression_error>(parse_expression(std::string(most_of_an_expression + 1, 'a'))));
    EXPECT_TRUE(std::holds_alternative<expression_error>(parse_expression(std::string(8'000, '('))));
}

TEST(Expression, ReadsTimesAsTheyAreWritten) {
    EXPECT_EQ(parse_time("1.5s"), std::chrono::milliseconds(1'500));
    EXPECT_EQ(parse_time("2h"), std::chrono::hours(2));
    EXPECT_EQ(parse_time("30d"), std::chrono::hours(720));
    for (const char* text : {"", "5", "s", "-5s", "0s", "31d", "1e3s", "5 s", "5x", "nan", "inf"})
        EXPECT_FALSE(parse_time(text)) << text;
    for (const char* text : {"250ms", "5s", "1500ms", "10m", "36h", "2d"})
        EXPECT_EQ(time_text(*parse_time(text)), text);
}

}  // namespace
}  // namespace outrider::flows::test
