#include "sidecar/kafka/wire.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "sidecar/kafka/apis.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

TEST(WireReader, ReadsNumbersInNetworkOrder) {
    wire_reader in{"\x01\xff\xfe\x00\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x01"sv};
    EXPECT_EQ(in.int8(), 1);
    EXPECT_EQ(in.int16(), -2);
    EXPECT_EQ(in.int32(), 256);
    EXPECT_EQ(in.int64(), std::numeric_limits<std::int64_t>::min() + 1);
    EXPECT_EQ(in.left(), 0U);
    EXPECT_FALSE(in.failed());
}

TEST(WireReader, StaysFailedAfterTheFirstReadThatDoesNotFit) {
    wire_reader in{"\x00\x01\x02"sv};
    EXPECT_EQ(in.int32(), 0);
    EXPECT_TRUE(in.failed());
    EXPECT_EQ(in.int8(), 0);
    EXPECT_EQ(in.left(), 0U);
}

TEST(WireReader, TellsNullFromEmpty) {
    wire_reader classic{"\xff\xff\x00\x00\x00\x01x"sv};
    EXPECT_EQ(classic.string(encoding::classic).data(), nullptr);
    auto empty = classic.string(encoding::classic);
    EXPECT_NE(empty.data(), nullptr);
    EXPECT_TRUE(empty.empty());
    EXPECT_EQ(classic.string(encoding::classic), "x");
    wire_reader flexible{"\x00\x01\x02x"sv};
    EXPECT_EQ(flexible.string(encoding::flexible).data(), nullptr);
    EXPECT_NE(flexible.string(encoding::flexible).data(), nullptr);
    EXPECT_EQ(flexible.string(encoding::flexible), "x");
}

TEST(WireReader, RejectsATruncatedString) {
    wire_reader in{"\x00\x05hell"sv};
    EXPECT_TRUE(in.string(encoding::classic).empty());
    EXPECT_TRUE(in.failed());
}

TEST(WireReader, RejectsLengthsBelowNull) {
    wire_reader string{"\xff\xfe"sv}, bytes{"\xff\xff\xff\xfe"sv}, array{"\xff\xff\xff\xfe"sv};
    (void)string.string(encoding::classic);
    (void)bytes.bytes(encoding::classic);
    (void)array.array(encoding::classic);
    EXPECT_TRUE(string.failed());
    EXPECT_TRUE(bytes.failed());
    EXPECT_TRUE(array.failed());
}

TEST(WireReader, RejectsAnArrayOfMoreElementsThanThereAreBytes) {
    wire_reader lie{"\x7f\xff\xff\xff\x01"sv};
    EXPECT_EQ(lie.array(encoding::classic), 0);
    EXPECT_TRUE(lie.failed());
}

TEST(WireReader, RejectsVarintsThatAreTooLong) {
    wire_reader six{"\x80\x80\x80\x80\x80\x01"sv}, high{"\xff\xff\xff\xff\x7f"sv};
    EXPECT_EQ(six.unsigned_varint(), 0U);
    EXPECT_TRUE(six.failed());
    EXPECT_EQ(high.unsigned_varint(), 0U);
    EXPECT_TRUE(high.failed());
}

TEST(WireReader, PassesTaggedFields) {
    wire_reader in{
        "\x02\x00\x03"
        "abc\x05\x01z!"sv};
    in.skip_tags(encoding::flexible);
    EXPECT_EQ(in.take(1), "!");
    EXPECT_FALSE(in.failed());
}

TEST(WireReader, RejectsATagLongerThanTheRest) {
    wire_reader in{
        "\x01\x00\x7f"
        "abc"sv};
    in.skip_tags(encoding::flexible);
    EXPECT_TRUE(in.failed());
}

TEST(WireWriter, WritesWhatTheReaderReads) {
    for (auto how : {encoding::classic, encoding::flexible}) {
        std::string text;
        wire_writer out{text};
        out.string("orders", how);
        out.string({}, how);
        out.bytes("payload", how);
        out.array(3, how);
        out.raw("abc");
        out.array(-1, how);
        out.no_tags(how);
        wire_reader in{text};
        EXPECT_EQ(in.string(how), "orders");
        EXPECT_EQ(in.string(how).data(), nullptr);
        EXPECT_EQ(in.bytes(how), "payload");
        EXPECT_EQ(in.array(how), 3);
        in.skip(3);
        EXPECT_EQ(in.array(how), -1);
        in.skip_tags(how);
        EXPECT_EQ(in.left(), 0U);
        EXPECT_FALSE(in.failed());
    }
}

TEST(WireWriter, WritesZigzagVarintsAtTheirBounds) {
    for (std::int32_t value :
         {0, -1, 1, 63, -64, 64, std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::int32_t>::max()}) {
        std::string text;
        wire_writer{text}.varint(value);
        wire_writer{text}.varlong(std::int64_t{value} << 31);
        wire_reader in{text};
        EXPECT_EQ(in.varint(), value);
        EXPECT_EQ(in.varlong(), std::int64_t{value} << 31);
        EXPECT_FALSE(in.failed());
    }
}

TEST(Apis, KnowsWhatItDecodesAndWhatItHides) {
    EXPECT_EQ(find_api(0)->how, treatment::decoded);
    EXPECT_EQ(find_api(2)->how, treatment::opaque);
    EXPECT_EQ(find_api(52)->how, treatment::hidden);
    EXPECT_EQ(find_api(-1), nullptr);
    EXPECT_EQ(find_api(999), nullptr);
    EXPECT_EQ(name_of(999), "unknown");
}

TEST(Apis, ReadsBothRequestHeaders) {
    wire_reader classic{"\x00\x03\x00\x01\x00\x00\x00\x07\x00\x02me!"sv};
    auto old = read_request_header(classic);
    EXPECT_EQ(old.which(), api::metadata);
    EXPECT_EQ(old.correlation, 7);
    EXPECT_EQ(old.client_id, "me");
    EXPECT_EQ(classic.take(1), "!");
    wire_reader flexible{"\x00\x03\x00\x09\x00\x00\x00\x07\x00\x02me\x00!"sv};
    EXPECT_EQ(read_request_header(flexible).client_id, "me");
    EXPECT_EQ(flexible.take(1), "!");
}

TEST(Apis, AnApiVersionsAnswerNeverHasTagsInItsHeader) {
    std::string versions, metadata;
    wire_writer a{versions}, b{metadata};
    write_response_header(a, 5, api::api_versions, 3);
    write_response_header(b, 5, api::metadata, 9);
    EXPECT_EQ(versions, "\0\0\0\5"sv);
    EXPECT_EQ(metadata, "\0\0\0\5\0"sv);
    wire_reader in{metadata};
    EXPECT_EQ(read_response_header(in, api::metadata, 9), 5);
    EXPECT_EQ(in.left(), 0U);
}

}  // namespace
}  // namespace outrider::kafka
