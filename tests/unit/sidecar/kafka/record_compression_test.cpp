#include "sidecar/kafka/record_compression.hpp"

#include <random>

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/sidecar/kafka/batches.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;
using testing::golden;

constexpr std::size_t mebibyte = std::size_t{1} << 20;
constexpr codec all_codecs[]{codec::gzip, codec::snappy, codec::lz4, codec::zstd};
constexpr snappy_framing both_framings[]{snappy_framing::raw, snappy_framing::xerial};

std::string records_of(std::string_view batch) { return std::string{batch.substr(batch_header_size)}; }

std::string noise(std::size_t size) {
    std::mt19937_64 random{42};
    std::string bytes(size, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

std::string prose(std::size_t size) {
    std::string text;
    for (std::uint64_t i = 0; text.size() < size; ++i) text += "order " + std::to_string(i * i) + " of customer 7; ";
    text.resize(size);
    return text;
}

// A frame of zstd as a stream writes it, with no word about its size.
std::string zstd_stream(std::string_view plain, int window_log) {
    std::string packed(ZSTD_compressBound(plain.size()) + 64, '\0');
    auto* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    ZSTD_inBuffer in{plain.data(), plain.size(), 0};
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);  // before the end is known
    EXPECT_EQ(ZSTD_compressStream2(context, &out, &in, ZSTD_e_end), 0U);
    ZSTD_freeCCtx(context);
    packed.resize(out.pos);
    return packed;
}

std::string lz4_frame(std::string_view plain, LZ4F_blockMode_t mode) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockMode = mode;
    preferences.frameInfo.blockSizeID = LZ4F_max4MB;
    preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
    preferences.frameInfo.contentSize = plain.size();
    std::string packed(LZ4F_compressFrameBound(plain.size(), &preferences), '\0');
    packed.resize(LZ4F_compressFrame(packed.data(), packed.size(), plain.data(), plain.size(), &preferences));
    return packed;
}

TEST(RecordCompression, UnpacksWhatAnotherClientPacked) {
    record_codecs codecs;
    auto plain = records_of(golden("plain"));
    for (auto [name, how] : {std::pair{"gzip", codec::gzip},
                             {"snappy", codec::snappy},
                             {"snappy_raw", codec::snappy},
                             {"lz4", codec::lz4},
                             {"zstd", codec::zstd}}) {
        auto done = codecs.decompress(how, records_of(golden(name)), {});
        EXPECT_EQ(done.outcome, codec_outcome::ok) << name;
        EXPECT_EQ(done.bytes, plain) << name;
        EXPECT_EQ(done.framing == snappy_framing::raw, name == "snappy_raw"sv);
    }
}

TEST(RecordCompression, UnpacksWhatItPacked) {
    record_codecs codecs;
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65535}, std::size_t{65536}, std::size_t{65537},
                             mebibyte, 3 * mebibyte}) {
        for (const auto& plain : {noise(size), prose(size)}) {
            for (auto how : all_codecs) {
                for (auto framing : both_framings) {
                    std::string packed{codecs.compress(how, plain, framing).bytes};
                    auto done = codecs.decompress(how, packed, {});
                    EXPECT_EQ(done.outcome, codec_outcome::ok) << int(how) << ' ' << size;
                    EXPECT_TRUE(done.bytes == plain) << int(how) << ' ' << size;
                    EXPECT_TRUE(how != codec::snappy || done.framing == framing);
                }
            }
        }
    }
}

TEST(RecordCompression, PacksLz4InIndependentBlocksOf64KiB) {
    record_codecs codecs;
    auto packed = codecs.compress(codec::lz4, prose(mebibyte), {}).bytes;
    EXPECT_EQ(packed.substr(0, 4), "\x04\x22\x4d\x18"sv);
    EXPECT_EQ(packed[4], 0x60);  // version 1, independent blocks, no checksums, no size
    EXPECT_EQ(packed[5], 0x40);  // 64 KiB
}

TEST(RecordCompression, UnpacksFramesOfOtherShapes) {
    record_codecs codecs;
    auto plain = prose(5 * mebibyte);
    for (auto mode : {LZ4F_blockLinked, LZ4F_blockIndependent}) {
        auto done = codecs.decompress(codec::lz4, lz4_frame(plain, mode), {});
        EXPECT_TRUE(done.outcome == codec_outcome::ok && done.bytes == plain);
    }
    auto streamed = codecs.decompress(codec::zstd, zstd_stream(plain, 20), {});
    EXPECT_TRUE(streamed.outcome == codec_outcome::ok && streamed.bytes == plain);
}

TEST(RecordCompression, UnpacksSeveralFramesInARow) {
    record_codecs codecs;
    for (auto how : {codec::gzip, codec::zstd, codec::lz4}) {
        std::string first{codecs.compress(how, "one ", {}).bytes};
        std::string second{codecs.compress(how, "two", {}).bytes};
        EXPECT_EQ(codecs.decompress(how, first + second, {}).bytes, "one two") << int(how);
        EXPECT_EQ(codecs.decompress(how, first + "x", {}).outcome, codec_outcome::malformed) << int(how);
    }
}

TEST(RecordCompression, KnowsNoCodecBehindZstd) {
    record_codecs codecs;
    for (int number : {0, 5, 6, 7}) {
        EXPECT_EQ(codecs.decompress(static_cast<codec>(number), "abc", {}).outcome, codec_outcome::unsupported);
        EXPECT_EQ(codecs.compress(static_cast<codec>(number), "abc", {}).outcome, codec_outcome::unsupported);
    }
}

TEST(RecordCompression, NoticesEachTruncation) {
    record_codecs codecs;
    for (auto [name, how] :
         {std::pair{"gzip", codec::gzip}, {"snappy_raw", codec::snappy}, {"lz4", codec::lz4}, {"zstd", codec::zstd}}) {
        auto packed = records_of(golden(name));
        for (std::size_t size = 0; size < packed.size(); ++size) {
            auto done = codecs.decompress(how, std::string_view{packed}.substr(0, size), {});
            EXPECT_EQ(done.outcome, codec_outcome::malformed) << name << ' ' << size;
        }
    }
    // The blocks of xerial have no end of their own: between two of them a cut can't be seen, only the count of
    // records.
    auto packed = records_of(golden("snappy"));
    for (std::size_t size = 17; size < packed.size(); ++size) {
        auto done = codecs.decompress(codec::snappy, std::string_view{packed}.substr(0, size), {});
        EXPECT_EQ(done.outcome, codec_outcome::malformed) << size;
    }
}

TEST(RecordCompression, SurvivesEachFlippedBit) {
    record_codecs codecs;
    inflation_bound bound{mebibyte, 256, 64 << 10};
    for (auto [name, how] : {std::pair{"gzip", codec::gzip},
                             {"snappy", codec::snappy},
                             {"snappy_raw", codec::snappy},
                             {"lz4", codec::lz4},
                             {"zstd", codec::zstd}}) {
        auto packed = records_of(golden(name));
        for (std::size_t i = 0; i < packed.size() * 8; ++i) {
            auto flipped = packed;
            flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ 1 << i % 8);
            EXPECT_LE(codecs.decompress(how, flipped, bound).bytes.size(), bound.most_bytes);
        }
    }
}

TEST(RecordCompression, UnpacksUpToItsBoundAndNotAByteMore) {
    record_codecs codecs;
    for (std::size_t size : {std::size_t{1}, std::size_t{100'000}, mebibyte}) {
        auto plain = prose(size);
        for (auto how : all_codecs) {
            for (auto framing : both_framings) {
                std::string packed{codecs.compress(how, plain, framing).bytes};
                auto fits = codecs.decompress(how, packed, {size, 1 << 20, 0});
                EXPECT_TRUE(fits.outcome == codec_outcome::ok && fits.bytes == plain) << int(how) << ' ' << size;
                auto over = codecs.decompress(how, packed, {size - 1, 1 << 20, 0});
                EXPECT_EQ(over.outcome, codec_outcome::too_large) << int(how) << ' ' << size;
            }
        }
        auto streamed = zstd_stream(plain, 20);
        EXPECT_EQ(codecs.decompress(codec::zstd, streamed, {size, 1 << 20, 0}).outcome, codec_outcome::ok);
        EXPECT_EQ(codecs.decompress(codec::zstd, streamed, {size - 1, 1 << 20, 0}).outcome, codec_outcome::too_large);
    }
}

TEST(RecordCompression, RefusesBombsByRatioAndBySize) {
    record_codecs codecs;
    std::string zeros(64 * mebibyte, '\0');
    for (auto how : all_codecs) {
        std::string packed{codecs.compress(how, zeros, snappy_framing::raw).bytes};
        EXPECT_EQ(codecs.decompress(how, packed, {}).outcome, codec_outcome::too_large) << int(how);
        auto bound = inflation_bound{std::size_t{1} << 30, 10, 1000};
        EXPECT_EQ(codecs.decompress(how, packed, bound).outcome, codec_outcome::too_large) << int(how);
    }
    EXPECT_EQ(inflation_bound{}.for_packed(100), mebibyte);
    EXPECT_EQ(inflation_bound{}.for_packed(10'000), 2'560'000U);
    EXPECT_EQ(inflation_bound{}.for_packed(std::size_t{1} << 60), 16 * mebibyte);
}

TEST(RecordCompression, RefusesWindowsThatNoClientAsksFor) {
    record_codecs codecs;
    EXPECT_EQ(codecs.decompress(codec::zstd, zstd_stream("small", 23), {}).bytes, "small");
    EXPECT_EQ(codecs.decompress(codec::zstd, zstd_stream("small", 24), {}).outcome, codec_outcome::too_large);
}

TEST(RecordCompression, RefusesSnappyThatLiesAboutItsSize) {
    record_codecs codecs;
    EXPECT_EQ(codecs.decompress(codec::snappy, "\xff\xff\xff\xff\x0f\x00"sv, {}).outcome, codec_outcome::too_large);
    EXPECT_EQ(codecs.decompress(codec::snappy, "\x05\x00"sv, {}).outcome, codec_outcome::malformed);
    constexpr auto header = "\x82SNAPPY\0\0\0\0\1\0\0\0\1"sv;
    for (auto block :
         {"\xff\xff\xff\xff"sv, "\0\0\0\0"sv, "\0\0\0\x09\x01\0x"sv, "\0\0"sv, "\x7f\xff\xff\xff\x01\0x"sv}) {
        EXPECT_EQ(codecs.decompress(codec::snappy, std::string{header}.append(block), {}).outcome,
                  codec_outcome::malformed);
    }
    EXPECT_EQ(codecs.decompress(codec::snappy, header, {}).outcome, codec_outcome::ok);
}

TEST(RecordCompression, GoesOnAfterAFailureAndAfterTrimming) {
    record_codecs codecs;
    auto plain = prose(5 * mebibyte);
    for (auto how : all_codecs) {
        std::string packed{codecs.compress(how, plain, {}).bytes};
        codecs.trim();
        EXPECT_EQ(codecs.decompress(how, std::string_view{packed}.substr(0, packed.size() / 2), {}).outcome,
                  codec_outcome::malformed);
        codecs.trim();
        EXPECT_TRUE(codecs.decompress(how, packed, {}).bytes == plain);
    }
}

}  // namespace
}  // namespace outrider::kafka
