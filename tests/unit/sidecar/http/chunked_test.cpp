#include "sidecar/http/chunked.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/http/body.hpp"
#include "tests/unit/sidecar/http/every_prefix.hpp"

namespace outrider::http {
namespace {

struct decoded {
    std::string body;
    std::string trailers;
    bool done = false;
    bool failed = false;
    std::size_t consumed = 0;
    bool operator==(const decoded&) const = default;
};

/// Decodes `pieces` one after the other, each from a buffer of exactly its size.
decoded decode(const std::vector<std::string_view>& pieces, std::size_t longest_trailers = 8'192) {
    chunked_decoder decoder{longest_trailers};
    decoded out;
    for (auto piece : pieces) {
        exact_copy copy{piece};
        auto [consumed, produced] = decoder.decode(copy.data(), copy.size());
        EXPECT_LE(consumed, piece.size());
        EXPECT_LE(produced, consumed);
        if (!decoder.done() && !decoder.failed()) {
            EXPECT_EQ(consumed, piece.size());
        }
        out.consumed += consumed;
        out.body += copy.view().substr(0, produced);
    }
    out.done = decoder.done();
    out.failed = decoder.failed();
    out.trailers = decoder.trailers();
    return out;
}

decoded decode(std::string_view text, std::size_t longest_trailers = 8'192) {
    return decode(std::vector<std::string_view>{text}, longest_trailers);
}

constexpr std::string_view golden =
    "5\r\nhello\r\n"
    "A;name=value;other=\"quoted; text\"\r\n, world!!\n\r\n"
    "0001\r\n\r\r\n"
    "000\r\n"
    "Checksum: abc\r\n"
    "Other: \r\n"
    "\r\n";

TEST(ChunkedDecoder, FindsTheBodyAndTheTrailers) {
    auto seen = decode(golden);
    EXPECT_TRUE(seen.done);
    EXPECT_EQ(seen.body, "hello, world!!\n\r");
    EXPECT_EQ(seen.trailers, "Checksum: abc\r\nOther: \r\n");
    EXPECT_EQ(seen.consumed, golden.size());
}

TEST(ChunkedDecoder, LeavesWhatFollowsTheBodyAlone) {
    auto seen = decode(std::string{golden} + "GET /next HTTP/1.1\r\n");
    EXPECT_TRUE(seen.done);
    EXPECT_EQ(seen.consumed, golden.size());
}

TEST(ChunkedDecoder, DecodesTheSameAtEverySplitInThree) {
    auto whole = decode(golden);
    for (std::size_t a = 0; a <= golden.size(); ++a)
        for (std::size_t b = a; b <= golden.size(); ++b)
            EXPECT_EQ(decode({golden.substr(0, a), golden.substr(a, b - a), golden.substr(b)}), whole)
                << "split at " << a << " and " << b;
}

TEST(ChunkedDecoder, DecodesTheSameByteByByte) {
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < golden.size(); ++i) bytes.push_back(golden.substr(i, 1));
    EXPECT_EQ(decode(bytes), decode(golden));
}

TEST(ChunkedDecoder, IsNeverDoneBeforeTheLastByte) {
    for_every_prefix(golden.substr(0, golden.size() - 1), [](std::string_view prefix) {
        auto seen = decode(prefix);
        EXPECT_FALSE(seen.done) << prefix.size();
        EXPECT_FALSE(seen.failed) << prefix.size();
    });
}

const std::string_view malformed[] = {
    "\r\n",                    // no size
    ";x\r\n",                  // an extension without a size
    " 5\r\nhello\r\n",         // white space before the size
    "-5\r\nhello\r\n",         //
    "+5\r\nhello\r\n",         //
    "0x5\r\nhello\r\n",        //
    "5g\r\nhello\r\n",         //
    "5\nhello\r\n",            // LF alone
    "5\rhello\r\n",            // CR alone
    "5\r\nhello\n",            // LF alone after the data
    "5\r\nhello!\r\n",         // more data than the size says
    "5\r\nhell\r\n0\r\n\r\n",  // less
    "5;a\nb\r\nhello\r\n",     // LF within an extension
    "5;a\rb\r\nhello\r\n",     // CR within an extension
    "5;a\x01\r\nhello\r\n",    //
    "5 5\r\nhello\r\n",        // another number is no extension
    "5 x\r\nhello\r\n",        //
    "5\tx\r\nhello\r\n",       //
    "1000000000000000\r\n",    // does not fit in 60 bits
    "fffffffffffffffff\r\n",   // does not fit in 64
    "0\r\nA: b\n\r\n",         // LF alone in the trailers
    "0\r\n\n",                 //
    "0\r\n\rX",                //
    "0\r\nA: b\rc\r\n\r\n",    // CR alone in the trailers
};

TEST(ChunkedDecoder, RefusesWhatIsNotTheGrammarAtEverySplit) {
    for (auto text : malformed) {
        EXPECT_TRUE(decode(text).failed) << text;
        for (std::size_t a = 0; a <= text.size(); ++a) {
            auto seen = decode({text.substr(0, a), text.substr(a)});
            EXPECT_TRUE(seen.failed) << text << " split at " << a;
            EXPECT_EQ(seen.body, decode(text).body) << text << " split at " << a;
        }
    }
}

TEST(ChunkedDecoder, StaysFailed) {
    chunked_decoder decoder;
    std::string bad = "x", good = "0\r\n\r\n";
    decoder.decode(bad.data(), bad.size());
    auto [consumed, produced] = decoder.decode(good.data(), good.size());
    EXPECT_TRUE(decoder.failed());
    EXPECT_EQ(consumed, 0U);
    EXPECT_EQ(produced, 0U);
}

TEST(ChunkedDecoder, TakesTheLargestSizeThatFits) {
    auto seen = decode("fffffffffffffff\r\nabc");
    EXPECT_FALSE(seen.failed);
    EXPECT_EQ(seen.body, "abc");
}

TEST(ChunkedDecoder, BoundsLeadingZeros) {
    EXPECT_FALSE(decode(std::string(256, '0') + "\r\n\r\n").failed);
    EXPECT_TRUE(decode(std::string(257, '0') + "\r\n\r\n").failed);
}

TEST(ChunkedDecoder, BoundsExtensionsOverAllChunks) {
    std::string text;
    for (int i = 0; i < 300; ++i) text += "1;" + std::string(100, 'e') + "\r\nx\r\n";
    EXPECT_TRUE(decode(text).failed) << "a flood of extensions carries no body and costs time";
}

TEST(ChunkedDecoder, BoundsTheTrailers) {
    auto text = "0\r\nA: " + std::string(100, 'v') + "\r\n\r\n";
    EXPECT_TRUE(decode(text, 200).done);
    EXPECT_TRUE(decode(text, 100).failed);
    EXPECT_TRUE(decode("0\r\n\r\n", 0).done) << "a message without trailers needs no room for them";
}

TEST(ChunkedDecoder, MovesALargeBodyToTheFrontInOnePass) {
    std::string body(100'000, '\0');
    for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 31);
    std::string text;
    for (std::size_t at = 0, size = 1; at < body.size(); at += size, size = size * 2 + 1) {
        auto piece = std::string_view{body}.substr(at, size);
        add_chunk_size(text, piece.size());
        text.append(piece).append("\r\n");
    }
    text += "0\r\n\r\n";
    auto seen = decode(text);
    EXPECT_TRUE(seen.done);
    EXPECT_EQ(seen.body, body);
}

/// What body_decoder makes of `text` when it arrives in pieces of `step` bytes.
std::string through_body_decoder(const framing& how, std::string_view text, std::size_t step, bool& ended,
                                 std::size_t& left_over) {
    body_decoder decoder;
    decoder.start(how, 8'192);
    net::io_buffer in;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += step) {
        in.append(text.substr(at, step));
        out += decoder.take(in);
    }
    ended = decoder.ended();
    left_over = in.size();
    return out;
}

TEST(BodyDecoder, EndsWithItsLengthAtEveryStep) {
    for (std::size_t step = 1; step < 20; ++step) {
        bool ended = false;
        std::size_t left_over = 0;
        EXPECT_EQ(through_body_decoder({body_kind::length, 10}, "0123456789next", step, ended, left_over),
                  "0123456789");
        EXPECT_TRUE(ended);
        EXPECT_EQ(left_over, 4U);
        EXPECT_EQ(through_body_decoder({body_kind::chunked, 0}, "3\r\nabc\r\n0\r\n\r\nnext", step, ended, left_over),
                  "abc");
        EXPECT_TRUE(ended);
        EXPECT_EQ(left_over, 4U);
    }
}

TEST(BodyDecoder, TellsTheEndOfTheStreamFromATruncation) {
    body_decoder decoder;
    net::io_buffer in;
    decoder.start({body_kind::until_close, 0}, 0);
    in.append("abc");
    EXPECT_EQ(decoder.take(in), "abc");
    EXPECT_FALSE(decoder.ended());
    EXPECT_TRUE(decoder.end_of_stream());

    decoder.start({body_kind::length, 4}, 0);
    in.append("abc");
    EXPECT_EQ(decoder.take(in), "abc");
    EXPECT_FALSE(decoder.end_of_stream());

    decoder.start({body_kind::chunked, 0}, 100);
    in.append("3\r\nabc\r\n0\r\n");
    EXPECT_EQ(decoder.take(in), "abc");
    EXPECT_FALSE(decoder.end_of_stream());
}

TEST(BodyDecoder, HasNoBodyToTakeWhereThereIsNone) {
    body_decoder decoder;
    net::io_buffer in;
    in.append("next");
    decoder.start({body_kind::none, 0}, 0);
    EXPECT_TRUE(decoder.ended());
    EXPECT_EQ(decoder.take(in), "");
    decoder.start({body_kind::length, 0}, 0);
    EXPECT_TRUE(decoder.ended());
    EXPECT_EQ(in.size(), 4U);
}

TEST(IoBuffer, AppendsNothingToNothing) {
    net::io_buffer buffer;
    buffer.append({});
    EXPECT_TRUE(buffer.empty());
}

TEST(IoBuffer, KeepsItsContentWhileItGrowsAndMoves) {
    net::io_buffer buffer;
    std::string expected;
    for (int i = 0; i < 2'000; ++i) {
        auto text = std::to_string(i) + ",";
        buffer.append(text);
        expected += text;
        if (i % 3 == 0) {
            buffer.consume(2);
            expected.erase(0, 2);
        }
        ASSERT_EQ(buffer.data(), expected);
    }
}

}  // namespace
}  // namespace outrider::http
