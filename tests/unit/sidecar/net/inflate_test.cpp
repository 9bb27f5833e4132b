#include "sidecar/net/inflate.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

namespace outrider::net {
namespace {

/// @param window  MAX_WBITS + 16: gzip, MAX_WBITS: zlib
std::string deflated(const std::string& text, int window = MAX_WBITS + 16) {
    z_stream stream{};
    deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
    std::string out(deflateBound(&stream, text.size()) + 32, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

TEST(Inflate, UnpacksGzipAndZlib) {
    for (const std::string& text : {std::string{}, std::string{"hello"}, std::string(1'000'000, 'x')}) {
        EXPECT_EQ(*inflate(deflated(text), 1'000'000), text);
        EXPECT_EQ(*inflate(deflated(text, MAX_WBITS), 1'000'000), text);
    }
}

TEST(Inflate, JoinsSeveralMembers) { EXPECT_EQ(*inflate(deflated("ab") + deflated("cd"), 4), "abcd"); }

TEST(Inflate, StopsAtTheLimitHoweverMuchIsInside) {
    const auto bomb = deflated(std::string(50'000'000, '\0'));
    EXPECT_LT(bomb.size(), 100'000u);
    EXPECT_EQ(inflate(bomb, 1'000'000).error(), inflate_error::too_large);
    EXPECT_EQ(inflate(deflated("12345"), 4).error(), inflate_error::too_large);
    EXPECT_EQ(inflate(deflated("ab") + deflated("cd"), 3).error(), inflate_error::too_large);
    EXPECT_EQ(*inflate(deflated("12345"), 5), "12345");
}

TEST(Inflate, RefusesEveryTruncation) {
    const auto whole = deflated("some text that is long enough to be packed, packed, packed");
    for (std::size_t n = 0; n < whole.size(); ++n)
        EXPECT_EQ(inflate(whole.substr(0, n), 1000).error(), inflate_error::damaged) << n;
}

TEST(Inflate, RefusesWhatIsNotPackedOrDamaged) {
    EXPECT_EQ(inflate("hello", 1000).error(), inflate_error::damaged);
    EXPECT_EQ(inflate(deflated("hello") + "x", 1000).error(), inflate_error::damaged);
    auto wrong_checksum = deflated("hello");
    wrong_checksum[wrong_checksum.size() - 8] ^= 1;
    EXPECT_EQ(inflate(wrong_checksum, 1000).error(), inflate_error::damaged);
}

}  // namespace
}  // namespace outrider::net
