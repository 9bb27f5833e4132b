#include "tracing/span_encoder.hpp"

#include <cstring>
#include <map>

#include <gtest/gtest.h>
#include <protozero/pbf_reader.hpp>

namespace outrider::tracing {
namespace {

// Which fields of which message are messages themselves; everything else is printed as it is on the wire. Read from
// opentelemetry-proto independently of the encoder.
const std::map<std::string, std::map<unsigned, std::string>> schema{
    {"scope_spans", {{2, "span"}}},
    {"span", {{9, "key_value"}, {11, "event"}, {13, "link"}, {15, "status"}}},
    {"event", {{3, "key_value"}}},
    {"key_value", {{2, "any_value"}}},
    {"any_value", {}},
    {"link", {}},
    {"status", {}},
};

std::string printable(std::string_view bytes) {
    std::string out;
    for (unsigned char c : bytes) {
        char hex[5];
        std::snprintf(hex, sizeof hex, "\\x%02x", c);
        out += c < 0x20 ? hex : std::string(1, static_cast<char>(c));
    }
    return out;
}

std::string dump(std::string_view bytes, const std::string& type) {
    std::string out;
    protozero::pbf_reader in{bytes.data(), bytes.size()};
    while (in.next()) {
        out += std::to_string(in.tag()) + ":";
        if (in.wire_type() == protozero::pbf_wire_type::varint) {
            out += std::to_string(static_cast<std::int64_t>(in.get_uint64()));
        } else if (in.wire_type() == protozero::pbf_wire_type::fixed64) {
            out += "f" + std::to_string(in.get_fixed64());
        } else if (in.wire_type() == protozero::pbf_wire_type::fixed32) {
            out += "f" + std::to_string(in.get_fixed32());
        } else {
            const auto& inner = schema.at(type);
            auto tag = in.tag();
            auto view = in.get_view();
            std::string_view content{view.data(), view.size()};
            out += inner.count(tag) ? "{" + dump(content, inner.at(tag)) + "}" : printable(content);
        }
        out += " ";
    }
    if (!out.empty()) out.pop_back();
    return out;
}

std::size_t count(std::string_view text, std::string_view what) {
    std::size_t found = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++found;
    return found;
}

/// A span with ids that are easy to read.
struct SpanEncoder : testing::Test {
    SpanEncoder() {
        own.trace.bytes.fill('T');
        own.span.bytes.fill('S');
        own.flags = flag_sampled;
        parent.bytes.fill('P');
    }
    void begin(std::string_view name = "GET") { encoder.begin(own, parent, true, {}, name, span_kind::server, 1, 2); }
    std::string dumped() const { return dump(out, "scope_spans"); }

    span_context own;
    span_id parent;
    std::string out;
    span_encoder encoder{out};
};

TEST_F(SpanEncoder, WritesASpanAsOtlpNumbersItsFields) {
    encoder.begin(own, parent, true, "a=1", "GET /x", span_kind::client, 10, 300);
    encoder.attribute("s", "text");
    encoder.attribute("i", std::int64_t{200});
    encoder.attribute("n", std::int64_t{-1});
    encoder.attribute("b", true);
    encoder.attribute("d", 1.0);
    encoder.event("retry", 7);
    encoder.event("refused", 8, "rule", "limit");
    encoder.link(own);
    encoder.status(status_code::error, "why");
    encoder.end();
    EXPECT_EQ(
        dumped(),
        "2:{1:TTTTTTTTTTTTTTTT 2:SSSSSSSS 4:PPPPPPPP 6:3 7:f10 8:f300 16:f769 3:a=1 5:GET /x "
        "9:{1:s 2:{1:text}} 9:{1:i 2:{3:200}} 9:{1:n 2:{3:-1}} 9:{1:b 2:{2:1}} 9:{1:d 2:{4:f4607182418800017408}} "
        "11:{1:f7 2:retry} 11:{1:f8 2:refused 3:{1:rule 2:{1:limit}}} "
        "13:{1:TTTTTTTTTTTTTTTT 2:SSSSSSSS 6:f769} 15:{3:2 2:why}}");
}

TEST_F(SpanEncoder, WritesBytesAndArraysOfTexts) {
    begin();
    encoder.bytes("b", std::string_view{"\x01\0\xff", 3});
    const std::vector<std::string_view> values{"one", "", "\xff"};
    encoder.attribute("a", std::span{values});
    encoder.attribute("none", std::span<const std::string_view>{});
    encoder.end();
    const auto text = dumped();
    // AnyValue: 7 is bytes_value, 5 array_value, whose field 1 are AnyValues.
    EXPECT_NE(text.find("9:{1:b 2:{7:\\x01\\x00\xff}}"), std::string::npos) << text;
    EXPECT_NE(text.find("9:{1:a 2:{5:\\x0a\\x05\\x0a\\x03one\\x0a\\x02\\x0a\\x00\\x0a\\x05\\x0a\\x03\uFFFD}}"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("9:{1:none 2:{5:}}"), std::string::npos) << text;
}

TEST_F(SpanEncoder, CutsLongBytesAndArrays) {
    begin();
    encoder.bytes("b", std::string(5'000, 'q'));
    encoder.attribute("a", std::span<const std::string_view>{std::vector<std::string_view>(100, "y")});
    encoder.end();
    EXPECT_EQ(count(dumped(), "q"), span_text_limit);
    EXPECT_EQ(count(dumped(), "y"), 32U);
}

TEST_F(SpanEncoder, OmitsWhatIsAbsent) {
    own.flags = 0;
    encoder.begin(own, {}, false, {}, "GET", span_kind::server, 1, 2);
    encoder.end();
    EXPECT_EQ(dumped(), "2:{1:TTTTTTTTTTTTTTTT 2:SSSSSSSS 6:2 7:f1 8:f2 16:f256 5:GET}");
}

TEST_F(SpanEncoder, ConcatenatesSpansAndKeepsWhatWasThere) {
    begin("one");
    encoder.end();
    auto first = out;
    begin("two");
    encoder.end();
    EXPECT_EQ(out.substr(0, first.size()), first);
    EXPECT_EQ(count(dumped(), "2:{"), 2U);
}

TEST_F(SpanEncoder, KeepsAnEmptyValue) {
    begin();
    encoder.attribute("empty", "");
    encoder.end();
    EXPECT_NE(dumped().find("9:{1:empty 2:{1:}}"), std::string::npos);
}

TEST_F(SpanEncoder, WritesLengthsOfEverySize) {
    for (std::size_t size : {1U, 120U, 121U, 122U, 123U, 124U, 125U, 126U, 127U, 128U, 129U, 4000U, 4096U}) {
        out.clear();
        begin();
        encoder.attribute("k", std::string(size, 'v'));
        encoder.end();
        EXPECT_NE(dumped().find("9:{1:k 2:{1:" + std::string(size, 'v') + "}}"), std::string::npos) << size;
    }
}

TEST_F(SpanEncoder, CutsLongTexts) {
    begin(std::string(5000, 'n'));
    encoder.attribute(std::string(5000, 'k'), std::string(5000, 'v'));
    encoder.end();
    EXPECT_EQ(count(dumped(), "n"), span_text_limit);
    EXPECT_EQ(count(dumped(), "k"), span_text_limit);
    EXPECT_EQ(count(dumped(), "v"), span_text_limit);
}

TEST_F(SpanEncoder, ReplacesWhatIsNotUtf8Everywhere) {
    encoder.begin(own, parent, true, "a=\xff", "n\xff", span_kind::client, 1, 2);
    encoder.attribute("k\xff", "v\xff\xc3\xa9");
    encoder.event("e\xff", 1, "ek\xff", "ev\xff");
    encoder.status(status_code::error, "m\xff");
    encoder.end();
    auto text = dumped();
    EXPECT_EQ(text.find('\xff'), std::string::npos);
    EXPECT_EQ(count(text, "\xEF\xBF\xBD"), 8U);
    EXPECT_NE(text.find("v\xEF\xBF\xBD\xc3\xa9"), std::string::npos);
}

TEST_F(SpanEncoder, CountsWhatIsBeyondTheLimits) {
    begin();
    for (int i = 0; i < 130; ++i) encoder.attribute("k" + std::to_string(i), std::int64_t{i});
    for (int i = 0; i < 131; ++i) encoder.event("e", 1);
    for (int i = 0; i < 132; ++i) encoder.link(own);
    encoder.end();
    auto text = dumped();
    EXPECT_EQ(count(text, " 9:{"), 128U);
    EXPECT_EQ(count(text, " 11:{"), 128U);
    EXPECT_EQ(count(text, " 13:{"), 128U);
    EXPECT_NE(text.find("10:2 12:3 14:4"), std::string::npos);
    out.clear();
    begin();
    encoder.end();
    EXPECT_EQ(dumped().find("10:2"), std::string::npos) << "the next span starts at nought";
}

}  // namespace
}  // namespace outrider::tracing
