#include "sidecar/collector/compact_span.hpp"

#include <random>

#include <gmock/gmock.h>

#include "tests/unit/sidecar/collector/spans.hpp"
#include "tests/unit/tracing/sample_spans.hpp"

namespace outrider::collector {
namespace {

using tracing::attribute;
using tracing::attribute_value;
using tracing::span_data;

constexpr governance::hash_secret secret{1, 2};
constexpr std::uint64_t base = 1'700'000'000'000'000'000;

bool encode(const span_data& span, std::uint64_t base_ns, span_vocabulary& words, std::string& out,
            std::string_view without = {}) {
    std::vector<tracing::attribute_view> attributes;
    return encode_compact(view_of(span, attributes), base_ns, words, out, without);
}

/// Spans of all shapes, from a small world so that much repeats.
class any_span {
  public:
    explicit any_span(std::uint32_t seed) : chance_(seed) {}

    span_data operator()() {
        span_data span;
        for (auto& one : span.span.bytes) one = static_cast<std::uint8_t>(below(256));
        if (below(3) > 0) span.parent = test::span_number(below(5) + 1);
        if (below(4) == 0) span.flags = below(0x400);
        if (below(4) == 0) span.tracestate = text();
        span.name = text();
        span.kind = static_cast<tracing::span_kind>(below(5) + 1);
        span.status = static_cast<tracing::status_code>(below(3));
        if (below(3) == 0) span.status_message = text();
        span.start_unix_ns = below(10) == 0 ? word() : base + below(1'000'000);
        span.end_unix_ns = below(10) == 0 ? word() : span.start_unix_ns + below(1'000'000);
        span.attributes = attributes(8, 0);
        for (auto left = below(3); left > 0; --left)
            span.events.push_back({word(), text(), attributes(2, 0), below(2)});
        for (auto left = below(3); left > 0; --left)
            span.links.push_back({test::trace_number(below(9)), test::span_number(below(9)), text(), attributes(2, 0),
                                  below(2), below(0x400)});
        if (below(5) == 0) span.dropped_attributes = below(9), span.dropped_links = below(9);
        span.origin = test::from_service(std::string(1, static_cast<char>('a' + below(4))));
        return span;
    }

  private:
    std::uint32_t below(std::uint32_t limit) { return static_cast<std::uint32_t>(chance_() % limit); }
    std::uint64_t word() { return chance_(); }
    std::string text() {
        if (below(8) == 0) return {};
        return std::string(below(3) == 0 ? below(300) : below(4), static_cast<char>('a' + below(3)));
    }
    std::vector<attribute> attributes(std::uint32_t most, unsigned depth) {
        std::vector<attribute> list;
        for (auto left = below(most + 1); left > 0; --left) list.push_back({text(), value(depth)});
        return list;
    }
    attribute_value value(unsigned depth) {
        switch (below(depth > 3 ? 6 : 8)) {
            case 0:
                return attribute_value{};
            case 1:
                return attribute_value{text()};
            case 2:
                return attribute_value{below(2) == 0};
            case 3:
                return attribute_value{static_cast<std::int64_t>(word())};
            case 4:
                return attribute_value{static_cast<double>(below(1000)) / 7};
            case 5:
                return attribute_value{tracing::byte_string{text()}};
            case 6:
                return attribute_value{attributes(3, depth + 1)};
            default: {
                attribute_value::array list;
                for (auto left = below(3); left > 0; --left) list.push_back(value(depth + 1));
                return attribute_value{std::move(list)};
            }
        }
    }
    std::mt19937_64 chance_;
};

TEST(CompactSpan, GivesBackEveryFieldAndEveryKindOfValue) {
    span_vocabulary words{1 << 20, secret};
    const auto span = tracing::full_span();
    for (int times = 0; times < 3; ++times) {  // as it is, then with texts that have become numbers
        std::string bytes;
        ASSERT_TRUE(encode(span, base, words, bytes));
        auto back = decode_compact(bytes, base, words);
        ASSERT_TRUE(back);
        back->trace = span.trace;
        EXPECT_TRUE(same_span(*back, span));
    }
}

TEST(CompactSpan, GivesBackWhateverItWasGiven) {
    any_span next{7};
    span_vocabulary words{20'000, secret};  // it fills up on the way
    std::vector<std::pair<std::string, span_data>> all;
    for (int i = 0; i < 3'000; ++i) {
        auto span = next();
        std::string bytes;
        ASSERT_TRUE(encode(span, base, words, bytes));
        all.emplace_back(std::move(bytes), std::move(span));
    }
    EXPECT_TRUE(words.full());
    words.freeze();
    for (const auto& [bytes, span] : all) {
        const auto back = decode_compact(bytes, base, words);
        ASSERT_TRUE(back);
        ASSERT_TRUE(same_span(*back, span));
    }
}

TEST(CompactSpan, GivesBackTheAttributesThatAreWantedAndAllElse) {
    any_span next{8};
    span_vocabulary words{20'000, secret};
    constexpr attribute_filter wanted = [](std::string_view key) { return key.size() == 1; };
    for (int i = 0; i < 3'000; ++i) {
        auto span = next();
        std::string bytes;
        ASSERT_TRUE(encode(span, base, words, bytes));
        const auto back = decode_compact(bytes, base, words, wanted);
        ASSERT_TRUE(back);
        std::erase_if(span.attributes, [&](const auto& one) { return !wanted(one.key); });
        ASSERT_TRUE(same_span(*back, span));
    }
}

TEST(CompactSpan, TellsTheFactsWithoutTheRest) {
    span_vocabulary words{1 << 20, secret};
    const auto span = tracing::full_span();
    std::string bytes;
    ASSERT_TRUE(encode(span, base, words, bytes));
    const auto facts = facts_of(bytes, base, words);
    ASSERT_TRUE(facts);
    EXPECT_EQ(facts->span, span.span);
    EXPECT_EQ(facts->parent, span.parent);
    EXPECT_EQ(facts->name, span.name);
    EXPECT_EQ(facts->kind, span.kind);
    EXPECT_EQ(facts->status, span.status);
    EXPECT_EQ(facts->start_unix_ns, span.start_unix_ns);
    EXPECT_EQ(facts->end_unix_ns, span.end_unix_ns);
    EXPECT_EQ(words.service_of(facts->origin), "orders");
}

TEST(CompactSpan, LeavesOutWhatIsNotToBeKept) {
    span_vocabulary words{1 << 20, secret};
    auto span = test::span(1, 1);
    span.attributes.push_back({"secret", attribute_value{tracing::byte_string{"12345678"}}});
    span.attributes.push_back({"open", attribute_value{true}});
    std::string bytes;
    ASSERT_TRUE(encode(span, base, words, bytes, "secret"));
    EXPECT_THAT(decode_compact(bytes, base, words)->attributes,
                testing::ElementsAre(attribute{"open", attribute_value{true}}));
}

TEST(CompactSpan, RefusesEveryTruncation) {
    span_vocabulary words{1 << 20, secret};
    std::string bytes;
    ASSERT_TRUE(encode(tracing::full_span(), base, words, bytes));
    for (std::size_t length = 0; length < bytes.size(); ++length)
        ASSERT_FALSE(decode_compact(std::string_view{bytes}.substr(0, length), base, words)) << length;
    EXPECT_FALSE(decode_compact(bytes + "x", base, words));
}

TEST(CompactSpan, SurvivesDamageOfEveryByte) {
    span_vocabulary words{1 << 20, secret};
    std::string bytes;
    for (int i = 0; i < 3; ++i) {
        bytes.clear();
        ASSERT_TRUE(encode(tracing::full_span(), base, words, bytes));
    }
    for (std::size_t at = 0; at < bytes.size(); ++at)
        for (const int with : {0, 1, 0x7f, 0x80, 0xff}) {
            auto damaged = bytes;
            damaged[at] = static_cast<char>(with);
            decode_compact(damaged, base, words);
            facts_of(damaged, base, words);
        }
}

TEST(CompactSpan, RefusesLengthsThatAreLies) {
    span_vocabulary words{1 << 20, secret};
    const std::string id(8, '\1'), huge = "\xff\xff\xff\xff\xff\xff\xff\xff\x7f";
    EXPECT_FALSE(facts_of(id + std::string(2, '\0') + huge, base, words)) << "a name";
    EXPECT_FALSE(decode_compact(id + huge, base, words)) << "an origin";
    const std::string facts = id + std::string("\0\x01\0\0\0", 5);
    EXPECT_FALSE(decode_compact(facts + "\x20" + huge, base, words)) << "attributes";
    EXPECT_FALSE(decode_compact(facts + "\x40" + huge, base, words)) << "events";
    EXPECT_FALSE(decode_compact(facts + "\x80" + huge, base, words)) << "links";
}

TEST(TextDictionary, NumbersWhatComesTwice) {
    text_dictionary texts{100, secret};
    EXPECT_FALSE(texts.number_of("GET"));
    const auto number = texts.number_of("GET");
    ASSERT_TRUE(number);
    EXPECT_EQ(texts.number_of("GET"), number);
    EXPECT_EQ(texts.text_of(*number), "GET");
    EXPECT_FALSE(texts.text_of(*number + 1));
}

TEST(TextDictionary, StaysWithinItsBytes) {
    text_dictionary texts{1'000, secret};
    for (int i = 0; i < 1'000; ++i)
        for (int times = 0; times < 2; ++times) texts.number_of("text number " + std::to_string(i));
    EXPECT_TRUE(texts.full());
    EXPECT_LT(texts.memory(), 40'000U);
    EXPECT_FALSE(texts.number_of("text number 999"));
    EXPECT_TRUE(texts.number_of("text number 0"));
}

}  // namespace
}  // namespace outrider::collector
