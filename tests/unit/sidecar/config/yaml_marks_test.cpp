#include "sidecar/config/yaml_marks.hpp"

#include <gtest/gtest.h>

namespace outrider::config::test {
namespace {

using form = marked_node::form;

std::vector<marked_document> must_parse(std::string_view text) {
    diagnostics errors;
    auto documents = parse_marked_yaml(text, "f", errors);
    for (const auto& each : errors) ADD_FAILURE() << to_text(each);
    return documents ? std::move(*documents) : std::vector<marked_document>{};
}

std::string must_fail(std::string_view text, const marked_bounds& bounds = {}) {
    diagnostics errors;
    EXPECT_FALSE(parse_marked_yaml(text, "f", errors, bounds));
    std::string out;
    for (const auto& each : errors) out += to_text(each) + "\n";
    return out;
}

std::string_view source(std::string_view text, const marked_node& node) {
    return text.substr(node.begin, node.end - node.begin);
}

TEST(MarkedYaml, KnowsTheBytesOfEveryKindOfValue) {
    const std::string_view text =
        "# \xC3\xBC\r\n"
        "k\xC3\xA9: \"v\xC3\xBC\" # c\r\n"
        "single: 'it''s'\r\n"
        "list:\r\n- a: |\r\n    text\r\n\r\n  # comment\r\n- *x\r\n"
        "flow: {a: [1, 'b'], c: *x}\r\n"
        "nothing:\r\n"
        "tilde: ~\r\n"
        "several: one\r\n  two\r\n"
        "tagged: !!str &y z\r\n";
    const auto anchored = "x: &x 1\r\n" + std::string{text};
    const auto documents = must_parse(anchored);
    ASSERT_EQ(documents.size(), 1U);
    const auto& root = *documents[0].root;
    const auto value = [&](std::string_view key) { return source(anchored, root.find(key)->value); };
    EXPECT_EQ(source(anchored, root.members[1].key), "k\xC3\xA9");
    EXPECT_EQ(value("k\xC3\xA9"), "\"v\xC3\xBC\"");
    EXPECT_EQ(value("single"), "'it''s'");
    EXPECT_EQ(root.find("single")->value.text, "it's");
    EXPECT_EQ(value("list"), "- a: |\r\n    text\r\n\r\n  # comment\r\n- *x");
    EXPECT_EQ(source(anchored, root.find("list")->value.items[1]), "*x");
    EXPECT_EQ(value("flow"), "{a: [1, 'b'], c: *x}");
    EXPECT_EQ(value("nothing"), "");
    EXPECT_EQ(root.find("nothing")->value.is, form::null);
    EXPECT_EQ(value("tilde"), "~");
    EXPECT_EQ(value("several"), "one\r\n  two");
    EXPECT_EQ(value("tagged"), "z");
    EXPECT_TRUE(root.find("tagged")->value.tagged);
    EXPECT_EQ(root.find("tagged")->value.anchor, "y");
    EXPECT_EQ(root.find("flow")->value.find("c")->value.resolved().text, "1");
    EXPECT_TRUE(documents[0].aliased.contains("x"));
    EXPECT_FALSE(documents[0].aliased.contains("y"));
}

TEST(MarkedYaml, ReadsEveryDocument) {
    const auto documents = must_parse("a: 1\n---\n# nothing\n---\nb: 2\n...\n---\n- c\n");
    ASSERT_EQ(documents.size(), 4U);
    EXPECT_EQ(documents[1].root->is, form::null);
    EXPECT_EQ(documents[2].root->find("b")->value.text, "2");
    EXPECT_EQ(documents[3].number, 4U);
    EXPECT_EQ(must_parse("").size(), 0U);
}

TEST(MarkedYaml, TakesTheLastAnchorBeforeAnAlias) {
    const auto documents = must_parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n");
    EXPECT_EQ(documents[0].root->find("b")->value.resolved().text, "1");
    EXPECT_EQ(documents[0].root->find("d")->value.resolved().text, "2");
}

TEST(MarkedYaml, RefusesWhatHasTwoMeanings) {
    EXPECT_EQ(must_fail("a: 1\nb: {c: 1, c: 2}\na: 3\n"),
              "f:2:11: duplicate key 'c'; it was first given in line 2\n"
              "f:3:1: duplicate key 'a'; it was first given in line 1\n");
    EXPECT_EQ(must_fail("a: 1\n? [b]\n: c\n"), "f:2:3: a key is one word here, not a list, a mapping or an alias\n");
    EXPECT_EQ(must_fail("a: *b\n"), "f:1:4: alias '*b' has no anchor '&b' before it\n");
    EXPECT_EQ(must_fail("a: &b [*b]\n"), "f:1:8: alias '*b' refers to the value it is part of\n");
    EXPECT_EQ(must_fail("a: &b 1\n---\na: *b\n"), "f:3:4: alias '*b' has no anchor '&b' before it\n");
}

TEST(MarkedYaml, HasBounds) {
    EXPECT_EQ(must_fail("[[[1]]]", {.depth = 2}), "f:1:3: nested deeper than 2 levels\n");
    EXPECT_EQ(must_fail("[1, 2, 3]", {.nodes = 3}), "f:1:8: more than 3 values\n");
    EXPECT_EQ(must_fail(std::string(2U << 20, ' '), {.bytes = 1U << 20}), "f: larger than 1 MiB\n");
    EXPECT_EQ(must_fail("a: \xFF"), "f:1:4: not UTF-8; save the file as UTF-8\n");
}

TEST(MarkedYaml, TakesWhatGoesOnWithinQuotesAndBracketsAtItsKey) {
    const std::string_view text =
        "spec:\n  list: [\n    1,\n  2\n  ]\n  map: {\n  a: b\n  }\n  text: \"a\n  b\"\n  c: d\n";
    const auto documents = must_parse(text);
    ASSERT_EQ(documents.size(), 1U);
    const auto& spec = documents[0].root->find("spec")->value;
    EXPECT_EQ(source(text, spec.find("list")->value), "[\n    1,\n  2\n  ]");
    EXPECT_EQ(source(text, spec.find("map")->value), "{\n  a: b\n  }");
    EXPECT_EQ(spec.find("text")->value.text, "a b");
    EXPECT_EQ(spec.find("c")->value.text, "d");
}

TEST(MarkedYaml, SaysWhereSyntaxIsWrong) {
    EXPECT_EQ(must_fail("a:\n\tb: 1\n"), "f:2:1: a tab cannot indent in YAML; use spaces\n");
    EXPECT_NE(must_fail("a: [1,\nb: 2\n").find("the bracket opened at 1:4 is not closed"), std::string::npos);
}

}  // namespace
}  // namespace outrider::config::test
