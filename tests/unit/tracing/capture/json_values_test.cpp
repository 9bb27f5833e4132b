#include "tracing/capture/json_values.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tracing/capture/json_escapes.hpp"
#include "tracing/capture/json_scan.hpp"
#include "tracing/capture/text_marks.hpp"

namespace outrider::tracing {
namespace {

using lines = std::vector<std::string>;

/// In the order in which they are told of.
struct logger final : value_taker {
    lines seen;
    std::size_t most = 1'000;
    bool on_values(std::span<const json_value> some) override {
        for (const auto& one : some) {
            std::string text{one.text()};
            if (one.escaped) {
                text.clear();
                unescape_json(one.text(), text);
            }
            seen.push_back(std::move(text));
        }
        return seen.size() < most;
    }
};

/// Looks through a copy that ends where its memory does, so that a sanitizer sees a look behind it. Sorted.
lines values(std::string_view text, bool complete = true) {
    const std::unique_ptr<char[]> exact{new char[text.size()]};
    text.copy(exact.get(), text.size());
    logger to;
    find_values({exact.get(), text.size()}, complete, to);
    std::sort(to.seen.begin(), to.seen.end());
    return to.seen;
}

/// What the walk through the document tells of, and is of interest. Sorted.
lines walked(std::string_view text, bool complete = true) {
    struct walk final : json_visitor {
        lines seen;
        bool on_scalar(const json_scalar& one) override {
            const auto digits = std::count_if(one.text.begin(), std::find_if(one.text.begin(), one.text.end(), is_e),
                                              [](char c) { return c >= '0' && c <= '9'; });
            if (one.text.size() > 128 || (one.is_string ? one.text.size() < 6 : digits < 5)) return true;
            if (one.is_string && one.text.find(' ') != std::string_view::npos) return true;
            std::string meant;
            unescape_json(one.text, meant);
            seen.push_back(std::move(meant));
            return true;
        }
        static bool is_e(char c) { return c == 'e' || c == 'E'; }
    } to;
    scan_json(text, complete, {}, to, json_told::all);
    std::sort(to.seen.begin(), to.seen.end());
    return to.seen;
}

TEST(JsonValues, AreWhatMayNameAThing) {
    EXPECT_EQ(values(R"({"a name":"abcdef","number":12345,"short":"abcde","few":1234,"prose":"a b c d e f"})"),
              (lines{"12345", "abcdef"}));
    EXPECT_EQ(values(R"([-12345, 1234.5, -1.2345e7, 1e12345, 12E34567, 12.34, false, "", "in an array"])"),
              (lines{"-1.2345e7", "-12345", "1234.5"}));
    EXPECT_EQ(values(R"("alone!")"), lines{"alone!"});
    EXPECT_EQ(values("471100"), lines{"471100"});
    EXPECT_EQ(values(""), lines{});
    EXPECT_EQ(values("[\"" + std::string(128, 'x') + "\",\"" + std::string(129, 'y') + "\"]"),
              lines{std::string(128, 'x')});
    EXPECT_EQ(values("[" + std::string(128, '1') + "," + std::string(129, '2') + "]"), lines{std::string(128, '1')});
}

TEST(JsonValues, NamesHaveAColonBehindThem) {
    EXPECT_EQ(values("{\"a-name\" :\"a-value\" , \"a-name\"\n\t: \"b-value\"\n}"), (lines{"a-value", "b-value"}));
}

TEST(JsonValues, ReadsEscapes) {
    EXPECT_EQ(values(R"(["abc\"def","bcdefg\\","\"","\u0063defgh","\\\"abcdef\\\\"])"),
              (lines{"\\\"abcdef\\\\", "abc\"def", "bcdefg\\", "cdefgh"}));
}

TEST(JsonValues, StopsWhenEnoughWasSeen) {
    logger to;
    to.most = 1;
    std::string many;
    for (int i = 0; i < 100; ++i) many += "123456,";
    find_values(many, true, to);
    EXPECT_EQ(to.seen.size(), value_taker::most_at_once);
}

TEST(JsonValues, WhatWasCutIsNone) {
    EXPECT_EQ(values("[12345", false), lines{});
    EXPECT_EQ(values("[12345", true), lines{"12345"});
    EXPECT_EQ(values("[\"abcdef", true), lines{});
    EXPECT_EQ(values("{\"abcdef\"", false), lines{}) << "it may be a name";
    EXPECT_EQ(values("{\"abcdef\" ", false), lines{});
    EXPECT_EQ(values("[\"abcdef\",", false), lines{"abcdef"});
}

TEST(JsonValues, WhatIsNoJsonGivesWhatStandsInQuotes) {
    EXPECT_EQ(values("<html lang=\"abcdef\">"), lines{"abcdef"});
    EXPECT_EQ(values("\"\"\"\"\"\"\"\"\"\""), lines{});
    EXPECT_EQ(values(std::string(1'000, '\\') + '"'), lines{});
    EXPECT_EQ(values(std::string(100'000, '[') + "\"abcdef\""), lines{"abcdef"}) << "no depth is too deep";
}

/// Documents of every kind of value, with white space here and there.
class random_json {
  public:
    explicit random_json(unsigned seed) : chance_(seed) {}
    std::string document() {
        text_.clear();
        value(0);
        return text_;
    }

  private:
    std::size_t one_of(std::size_t n) { return chance_() % n; }
    void space() {
        for (auto n = one_of(12); n > 9; --n) text_ += " \n\t"[one_of(3)];
    }
    void string() {
        static constexpr const char* pieces[] = {"a", "-", "7", " ", "4711", "\\\"", "\\\\", "\\u00e9", ":", "{", "é"};
        text_ += '"';
        for (auto n = one_of(12); n > 0; --n) text_ += pieces[one_of(std::size(pieces))];
        if (one_of(20) == 0) text_.append(100 + one_of(60), 'x');
        text_ += '"';
    }
    void number() {
        if (one_of(3) == 0) text_ += '-';
        text_ += std::to_string(chance_() >> one_of(32));
        if (one_of(3) == 0) text_ += '.' + std::to_string(one_of(1'000));
        if (one_of(5) == 0) text_ += "e+12345";
    }
    void value(int depth) {
        space();
        switch (one_of(depth < 5 ? 7 : 4)) {
            case 0:
                text_ += one_of(2) == 0 ? "true" : "null";
                break;
            case 1:
                number();
                break;
            case 2:
            case 3:
                string();
                break;
            default:
                container(depth, one_of(2) == 0);
        }
        space();
    }
    void container(int depth, bool object) {
        text_ += object ? '{' : '[';
        const auto size = one_of(6);
        for (std::size_t i = 0; i < size; ++i) {
            if (i > 0) text_ += ',';
            space();
            if (object) string(), space(), text_ += ':';
            value(depth + 1);
        }
        space();
        text_ += object ? '}' : ']';
    }

    std::mt19937 chance_;
    std::string text_;
};

TEST(JsonValues, AgreeWithTheWalkThroughTheDocument) {
    std::size_t seen = 0;
    for (unsigned seed = 0; seed < 2'000; ++seed) {
        const auto text = random_json{seed}.document();
        const auto found = values(text);
        ASSERT_EQ(found, walked(text)) << text;
        seen += found.size();
    }
    EXPECT_GT(seen, 2'000U);
}

TEST(JsonValues, CutOffAnywhereAreThoseThatWereWhole) {
    for (unsigned seed = 0; seed < 60; ++seed) {
        const auto text = random_json{seed}.document().substr(0, 400);
        for (std::size_t size = 0; size <= text.size(); ++size) {
            const auto found = values(text.substr(0, size), false), all = walked(text.substr(0, size), false);
            // A string that the cut follows at once is left out: whether it is a name was not to be seen.
            ASSERT_TRUE(std::includes(all.begin(), all.end(), found.begin(), found.end())) << text.substr(0, size);
            ASSERT_LE(all.size() - found.size(), 1U) << text.substr(0, size);
        }
    }
}

std::vector<marked_block> marks_of(std::string_view text, text_marks::machine which, std::size_t at_once) {
    const std::unique_ptr<char[]> exact{new char[text.size()]};
    text.copy(exact.get(), text.size());
    text_marks marks{{exact.get(), text.size()}, which};
    std::vector<marked_block> all(text.size() / marked_block::bytes + 2), some(at_once);
    std::size_t count = 0;
    for (auto found = some.size(); found == some.size();) {
        found = marks.next(some);
        std::copy_n(some.begin(), found, all.begin() + static_cast<std::ptrdiff_t>(count));
        count += found;
    }
    all.resize(count);
    return all;
}

TEST(TextMarks, AreTheSameOnEveryMachine) {
    std::mt19937 chance{7};
    for (std::size_t i = 0; i < 2'000; ++i) {
        std::string text(chance() % 300, ' ');
        for (auto& c : text) c = static_cast<char>(i % 4 == 0 ? chance() : "\"\\:-./09, abcdefghijk"[chance() % 21]);
        const auto expected = marks_of(text, text_marks::machine::any, 16);
        ASSERT_EQ(expected.size(), (text.size() + marked_block::bytes - 1) / marked_block::bytes);
        for (const auto which : {text_marks::machine::any, text_marks::machine::sse2, text_marks::machine::avx2}) {
            if (!text_marks::can(which)) continue;
            ASSERT_EQ(marks_of(text, which, 1 + i % 3), expected) << text;
        }
    }
}

TEST(TextMarks, TellWhereStringsEndAndNumbersBegin) {
    const auto bits = [](std::initializer_list<int> which) {
        std::uint64_t all = 0;
        for (const auto each : which) all |= std::uint64_t{1} << each;
        return all;
    };
    const auto one =
        marks_of(R"({"a-name":"a-value","b":"a blank","c":"short","n":12345,"m":123})", text_marks::machine::any, 4)
            .at(0);
    EXPECT_EQ(one.strings, bits({18}));
    EXPECT_EQ(one.numbers, bits({50}));
}

}  // namespace
}  // namespace outrider::tracing
