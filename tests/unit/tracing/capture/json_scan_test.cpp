#include "tracing/capture/json_scan.hpp"

#include <memory>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tracing/capture/json_escapes.hpp"

namespace outrider::tracing {
namespace {

/// "text" or text, and the numbers of the pointers that name it.
struct logger final : json_visitor {
    std::vector<std::string> seen;
    std::size_t most = 1'000;
    bool on_scalar(const json_scalar& one) override {
        std::string text{one.text};
        if (one.escaped) {
            text.clear();
            unescape_json(one.text, text);
        }
        if (one.is_string) text = '"' + text + '"';
        for (int i = 0; i < 64; ++i)
            if (one.pointers >> i & 1) text += " @" + std::to_string(i);
        seen.push_back(std::move(text));
        return seen.size() < most;
    }
};

using lines = std::vector<std::string>;

/// Scans a copy that ends where its memory does, so that a sanitizer sees a look behind it.
lines scan(std::string_view text, const json_pointers& wanted = {}, bool complete = true,
           json_told which = json_told::all) {
    const std::unique_ptr<char[]> exact{new char[text.size()]};
    text.copy(exact.get(), text.size());
    logger to;
    scan_json({exact.get(), text.size()}, complete, wanted, to, which);
    return to.seen;
}

TEST(JsonScan, ReportsEachScalarAndNoNames) {
    EXPECT_EQ(scan(R"( {"a":"x","b":[1,-2.5e3,true,null,{"c":"y"}],"d":{},"e":[], "f" : false } )"),
              (lines{R"("x")", "1", "-2.5e3", "true", "null", R"("y")", "false"}));
    EXPECT_EQ(scan("\"alone\""), (lines{"\"alone\""}));
    EXPECT_EQ(scan("4711"), (lines{"4711"}));
    EXPECT_EQ(scan(""), lines{});
    EXPECT_EQ(scan("[]"), lines{});
}

TEST(JsonScan, TellsOfWhatIsNamedAlone) {
    json_pointers wanted;
    wanted.add("/named");
    wanted.add("/in/1");
    EXPECT_EQ(scan(R"({"other":"x","named":"long enough to be read by steps of 16","in":[1,2,3],"more":1})", wanted,
                   true, json_told::named),
              (lines{R"("long enough to be read by steps of 16" @0)", "2 @1"}));
    EXPECT_EQ(scan(R"({"named":{"named":1},"in":2})", wanted, true, json_told::named), lines{});
}

TEST(JsonPointers, MayLeadIntoWhatHoldsTheirLastName) {
    json_pointers wanted;
    EXPECT_FALSE(wanted.may_lead_into("{}"));
    wanted.add("/order/orderId");
    wanted.add("/items/0");
    const std::string far(100, ' ');
    EXPECT_TRUE(wanted.may_lead_into(R"({"orderId")"));
    for (std::size_t i = 0; i < far.size(); ++i) {
        EXPECT_TRUE(wanted.may_lead_into(far.substr(i) + R"("orderId")" + far.substr(100 - i)));
        EXPECT_TRUE(wanted.may_lead_into(far.substr(i) + R"("xrderId","items")" + far.substr(100 - i)));
        EXPECT_FALSE(wanted.may_lead_into(far.substr(i) + R"("xrderId","orderIx","orderId)" + far.substr(100 - i)));
    }
    EXPECT_FALSE(wanted.may_lead_into(""));
    EXPECT_TRUE(wanted.may_lead_into(R"({"order":{"\u006frderId":1}})")) << "may be written with escapes";
    wanted.add("/0/1");
    EXPECT_TRUE(wanted.may_lead_into("[[1,2]]")) << "has no name at all";
}

TEST(JsonScan, APointerNamesTheFirstOfMany) {
    json_pointers wanted;
    wanted.add("/a");
    wanted.add("/b/0");
    EXPECT_EQ(scan(R"({"a":1,"a":2,"b":[3,4],"b":[5]})", wanted), (lines{"1 @0", "2", "3 @1", "4", "5"}));
}

TEST(JsonScan, NamesWhatPointersLeadTo) {
    json_pointers wanted;
    EXPECT_EQ(wanted.add("/orderId"), 0U);
    EXPECT_EQ(wanted.add("/items/1/sku"), 1U);
    EXPECT_EQ(wanted.add("/a~1b/~01"), 2U);
    EXPECT_EQ(wanted.add("/"), 3U);
    EXPECT_EQ(wanted.add("/orderId"), 0U) << "the same pointer, the same number";
    EXPECT_EQ(wanted.add("orderId"), json_pointers::most);
    EXPECT_EQ(scan(R"({"orderId":"4711","items":[{"sku":"p"},{"sku":"q","orderId":1}],"a/b":{"~1":7},"":8})", wanted),
              (lines{R"("4711" @0)", R"("p")", R"("q" @1)", "1", "7 @2", "8 @3"}));
}

TEST(JsonScan, APointerToAContainerNamesNothing) {
    json_pointers wanted;
    (void)wanted.add("/order");
    EXPECT_EQ(scan(R"({"order":{"id":1}})", wanted), (lines{"1"}));
    EXPECT_EQ(scan(R"({"order":[1]})", wanted), (lines{"1"}));
}

TEST(JsonScan, NumbersInNamesAreNoIndexes) {
    json_pointers wanted;
    (void)wanted.add("/0");
    (void)wanted.add("/01");
    EXPECT_EQ(scan(R"({"0":1,"01":2})", wanted), (lines{"1 @0", "2 @1"}));
    EXPECT_EQ(scan("[1,2]", wanted), (lines{"1 @0", "2"})) << "01 is no index";
}

TEST(JsonScan, ReadsEscapes) {
    EXPECT_EQ(
        scan(R"(["a\"b","\\","\u00e9\n","\ud83d\ude00","\ud83d","\u12","\q"])"),
        (lines{"\"a\"b\"", "\"\\\"", "\"\u00e9\n\"", "\"\U0001F600\"", "\"\uFFFD\"", "\"\uFFFD12\"", "\"\uFFFD\""}));
    json_pointers wanted;
    (void)wanted.add("/order");
    EXPECT_EQ(scan(R"({"\u006frder":1})", wanted), (lines{"1 @0"}));
}

TEST(JsonScan, StopsWhenEnoughWasSeen) {
    logger to;
    to.most = 2;
    scan_json("[1,2,3]", true, {}, to, json_told::all);
    EXPECT_EQ(to.seen.size(), 2U);
}

TEST(JsonScan, EndsAtWhatIsNoJson) {
    for (const auto* text : {"{", "[", "{]", "[}", "{\"a\"}", "{\"a\":}", "{1:2}", "[1 2]x", "nul", "<html>", "{\"a",
                             "\"\\", "]", ",", "{,}", "[,]", "\x00\xff"})
        EXPECT_LE(scan(text).size(), 1U) << text;
}

TEST(JsonScan, GoesNoDeeperThanItMay) {
    EXPECT_EQ(scan(std::string(100'000, '[')), lines{});
    EXPECT_EQ(scan(std::string(32, '[') + "1" + std::string(32, ']')), (lines{"1"}));
    EXPECT_EQ(scan(std::string(33, '[') + "1" + std::string(33, ']')), lines{});
}

constexpr std::string_view sample =
    R"({"orderId":"4711-\u00e9","customer":{"name":"Ada","mail":"ada@example.org"},"lines":[{"sku":"A-1","n":2},)"
    R"({"sku":"B-2","n":12345}],"paid":true,"total":1234.50,"note":null,"empty":{},"none":[]})";

TEST(JsonScan, CutOffAnywhereReportsOnlyWhatWasWhole) {
    const auto whole = scan(sample);
    for (std::size_t size = 0; size <= sample.size(); ++size) {
        const auto part = scan(sample.substr(0, size), {}, false);
        ASSERT_LE(part.size(), whole.size());
        for (std::size_t i = 0; i < part.size(); ++i) ASSERT_EQ(part[i], whole[i]) << "cut at " << size;
    }
}

void collect(const nlohmann::json& from, lines& out) {
    if (from.is_structured()) {
        for (const auto& each : from) collect(each, out);
    } else {
        out.push_back(from.is_string() ? '"' + from.get<std::string>() + '"' : from.dump());
    }
}

TEST(JsonScan, AgreesWithAParser) {
    // Each byte of a sample becomes each of these; where that is still JSON, both see the same.
    int same = 0;
    for (std::size_t at = 0; at < sample.size(); ++at)
        for (const char other : {'0', '7', '"', ' ', 'x', '{', ']', ',', '\\', ':'}) {
            std::string text{sample};
            text[at] = other;
            const auto parsed = nlohmann::ordered_json::parse(text, nullptr, false);
            const auto found = scan(text);
            if (parsed.is_discarded()) continue;
            lines expected;
            for (const auto& each : parsed) collect(nlohmann::json(each), expected);
            if (found.size() != expected.size()) {
                // Only repeated names tell the two apart: a parser keeps one of them.
                ASSERT_GT(found.size(), expected.size()) << text;
                continue;
            }
            ++same;
        }
    EXPECT_GT(same, 100);
}

}  // namespace
}  // namespace outrider::tracing
