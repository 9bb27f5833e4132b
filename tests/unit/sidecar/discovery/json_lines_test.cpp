#include "sidecar/discovery/json_lines.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "sidecar/discovery/registry_json.hpp"

namespace outrider::discovery {
namespace {

struct taken {
    std::vector<std::string> lines;
    bool feed(json_lines& from, std::string_view piece) {
        return from.feed(piece, [this](std::string_view line) {
            lines.emplace_back(line);
            return true;
        });
    }
};

TEST(JsonLines, AreTheSameHoweverTheStreamIsCut) {
    const std::string stream = "{\"a\":1}\n\r\n{\"b\":\"two\"}\n \n{}\n";
    const std::vector<std::string> wanted{"{\"a\":1}", "{\"b\":\"two\"}", "{}"};
    for (std::size_t first = 0; first <= stream.size(); ++first) {
        for (std::size_t second = first; second <= stream.size(); ++second) {
            json_lines lines(100);
            taken got;
            got.feed(lines, std::string_view(stream).substr(0, first));
            got.feed(lines, std::string_view(stream).substr(first, second - first));
            got.feed(lines, std::string_view(stream).substr(second));
            ASSERT_EQ(got.lines, wanted) << first << " " << second;
        }
    }
}

TEST(JsonLines, ALineThatDoesNotEndIsNotHandedOn) {
    json_lines lines(100);
    taken got;
    EXPECT_TRUE(got.feed(lines, "{\"a\":"));
    EXPECT_TRUE(got.lines.empty());
}

TEST(JsonLines, ALineWithoutEndIsAnError) {
    for (const std::size_t piece : {1, 7, 100, 1000}) {
        json_lines lines(100);
        taken got;
        std::size_t fed = 0;
        while (fed < 1000 && got.feed(lines, std::string(piece, 'x'))) fed += piece;
        EXPECT_TRUE(lines.too_long());
        EXPECT_LE(fed, 100u);
        EXPECT_FALSE(got.feed(lines, "\n")) << "sticky";
        EXPECT_TRUE(got.lines.empty());
    }
}

TEST(JsonLines, StopWhenTheTakerHasEnough) {
    json_lines lines(100);
    int count = 0;
    EXPECT_FALSE(lines.feed("1\n2\n3\n", [&](std::string_view) { return ++count < 2; }));
    EXPECT_EQ(count, 2);
    EXPECT_FALSE(lines.too_long());
}

TEST(RegistryJson, RefusesWhatNestsDeeplyOrHasTooMuch) {
    EXPECT_TRUE(read_json(std::string(32, '[') + std::string(32, ']')).has_value());
    EXPECT_FALSE(read_json(std::string(33, '[') + std::string(33, ']')).has_value());
    EXPECT_FALSE(read_json(std::string(16 << 20, '[')).has_value());
    std::string many = "[0";
    for (int i = 0; i < 500'001; ++i) many += ",0";
    EXPECT_FALSE(read_json(many + "]").has_value());
    EXPECT_TRUE(read_json("\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"").has_value()) << "within a string";
    EXPECT_FALSE(read_json("{\"a\":1").has_value());
}

TEST(RegistryJson, ReadsNumbersAsProtobufWritesThem) {
    const auto object =
        *read_json(R"({"a":7,"b":"8","c":-1,"d":"x","e":1.5,"f":null,"g":"99999999999999999999","h":"-1"})");
    EXPECT_EQ(number_of(object, "a"), 7u);
    EXPECT_EQ(number_of(object, "b"), 8u);
    for (const auto* name : {"c", "d", "e", "f", "g", "h", "none"})
        EXPECT_EQ(number_of(object, name), std::nullopt) << name;
}

TEST(RegistryJson, ShowsHostileTextHarmlessly) {
    EXPECT_EQ(shown("a\n\x1b[31mb"), "a  [31mb");
    EXPECT_EQ(shown(std::string(500, 'x')).size(), 203u);
    EXPECT_EQ(percent_encoded("a b/c=ü"), "a%20b%2Fc%3D%C3%BC");
}

}  // namespace
}  // namespace outrider::discovery
