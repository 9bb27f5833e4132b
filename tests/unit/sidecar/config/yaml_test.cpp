#include "sidecar/config/yaml.hpp"

#include <gtest/gtest.h>

namespace outrider::config::test {
namespace {

struct parsed {
    node root;
    diagnostics errors;
    bool whole;
};

parsed parse(std::string_view text, const yaml_bounds& bounds = {}) {
    parsed result{};
    auto tree = parse_yaml(text, "f", result.errors, bounds);
    result.root = std::move(tree.root);
    result.whole = tree.whole;
    return result;
}

std::string place(const node& what) {
    return std::to_string(what.where.line) + ":" + std::to_string(what.where.column);
}

TEST(Yaml, GivesEveryValueItsPlace) {
    const auto root = parse("a: 1\nb:\n  - x\n  - 'y'\nc: {d: \"z\", e: [q]}\nf: |\n  text\n").root;
    EXPECT_EQ(place(*root.find("a")), "1:4");
    EXPECT_EQ(place(root.find("b")->items.at(0)), "3:5");
    EXPECT_EQ(place(root.find("b")->items.at(1)), "4:5");
    EXPECT_EQ(place(*root.find("c")), "5:4");
    EXPECT_EQ(place(*root.find("c")->find("d")), "5:8");
    EXPECT_EQ(place(*root.find("c")->find("e")), "5:16");
    EXPECT_EQ(root.find("f")->text, "text\n");
    EXPECT_EQ(root.members.at(1).where.line, 2U);
}

TEST(Yaml, CountsColumnsInCharacters) {
    const auto root = parse("\xC3\xA9t\xC3\xA9: x\n").root;
    EXPECT_EQ(root.members.at(0).key, "\xC3\xA9t\xC3\xA9");
    EXPECT_EQ(place(root.members.at(0).value), "1:6");
}

TEST(Yaml, TellsNothingFromAnEmptyText) {
    const auto root = parse("a:\nb: ~\nc: null\nd: ''\ne: \"null\"\n").root;
    EXPECT_EQ(root.find("a")->kind, node_kind::null);
    EXPECT_EQ(place(*root.find("a")), "1:1");
    EXPECT_EQ(root.find("b")->kind, node_kind::null);
    EXPECT_EQ(root.find("c")->kind, node_kind::null);
    EXPECT_EQ(root.find("d")->kind, node_kind::scalar);
    EXPECT_EQ(root.find("e")->text, "null");
}

TEST(Yaml, IsVersion12WhereWordsAreWords) {
    const auto root = parse("a: yes\nb: off\nc: 0o14\nd: 1:30\n").root;
    EXPECT_EQ(root.find("a")->text, "yes");
    EXPECT_EQ(root.find("b")->text, "off");
    EXPECT_EQ(root.find("d")->text, "1:30");
}

TEST(Yaml, ReplacesAliasesAndBoundsThem) {
    EXPECT_EQ(parse("a: &x [1, 2]\nb: *x\n").root.find("b")->items.size(), 2U);
    yaml_bounds bounds;
    bounds.nodes = 20;
    const auto result = parse("a: &x [1, 2, 3]\nb: [*x, *x, *x, *x]\n", bounds);
    EXPECT_FALSE(result.whole);
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors[0].line, 2U);
}

TEST(Yaml, BoundsTheTextThatAliasesRepeat) {
    std::string text = "a: &x '" + std::string(900'000, 'x') + "'\nb: [";
    for (int i = 0; i < 100; ++i) text += "*x, ";
    const auto result = parse(text + "]\n");
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(result.errors[0].text, "more than 4 MiB once aliases are replaced");
}

TEST(Yaml, RefusesADocumentThatIsTooLarge) {
    const auto result = parse("a: '" + std::string(1U << 20, 'x') + "'\n");
    ASSERT_EQ(result.errors.size(), 1U);
    EXPECT_EQ(to_text(result.errors[0]), "f: larger than 1024 KiB; a configuration is far smaller");
}

TEST(Yaml, ReadsADocumentOfManyValuesInReasonableTime) {
    std::string text;
    for (int i = 0; i < 9'000; ++i) text += "key" + std::to_string(i) + ": v\n";
    const auto result = parse(text);
    EXPECT_TRUE(result.whole);
    EXPECT_EQ(result.root.members.size(), 9'000U);
}

TEST(Yaml, TakesAByteOrderMarkAndWindowsLineEnds) {
    const auto root = parse(
                          "\xEF\xBB\xBF"
                          "a: 1\r\nb: 2\r\n")
                          .root;
    EXPECT_EQ(root.find("a")->text, "1");
    EXPECT_EQ(root.find("b")->text, "2");
}

}  // namespace
}  // namespace outrider::config::test
