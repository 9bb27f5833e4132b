#include "sidecar/kafka/api_versions.hpp"

#include <gtest/gtest.h>

#include "sidecar/kafka/apis.hpp"
#include "tests/unit/sidecar/kafka/golden_answers.hpp"

namespace outrider::kafka {
namespace {

std::vector<golden_answer> golden() {
    auto all = golden_answers();
    std::erase_if(all, [](const auto& one) { return one.key != 18; });
    return all;
}

TEST(ApiVersions, EncodesWhatItDecodedByteForByte) {
    ASSERT_EQ(golden().size(), 10U);
    for (const auto& one : golden()) {
        auto answer = decode_api_versions(one.answer, one.version);
        ASSERT_TRUE(answer) << one.title();
        EXPECT_EQ(answer->version, one.version) << one.title();
        EXPECT_EQ(encode(*answer), one.answer) << one.title();
    }
}

TEST(ApiVersions, OffersExactlyWhatPasses) {
    for (const auto& one : golden()) {
        auto answer = decode_api_versions(one.answer, one.version);
        ASSERT_TRUE(answer) << one.title();
        offer_what_passes(*answer);
        EXPECT_EQ(encode(*answer), one.expected) << one.title();
    }
}

TEST(ApiVersions, ReadsAFallbackToTheOldestLayout) {
    for (const auto& one : golden()) {
        if (one.version != 0) continue;
        for (std::int16_t asked = 1; asked <= 4; ++asked) {
            auto answer = decode_api_versions(one.answer, asked);
            ASSERT_TRUE(answer) << one.title() << asked;
            EXPECT_EQ(answer->version, 0);
            EXPECT_EQ(answer->error, one.name == "refused" ? unsupported_version : 0);
            EXPECT_EQ(encode(*answer), one.answer);
        }
    }
}

TEST(ApiVersions, ReadsARefusalWithoutAnyRange) {
    using namespace std::string_view_literals;
    auto answer = decode_api_versions("\0\0\0\7\0\43\0\0\0\0"sv, 3);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->correlation, 7);
    EXPECT_EQ(answer->error, unsupported_version);
    EXPECT_TRUE(answer->apis.empty());
}

TEST(ApiVersions, KnowsARefusalWhoseListCannotBeRead) {
    // librdkafka's mock broker, asked for version 3: it lists one API and writes the count as if there were none.
    const std::string mock{"\0\0\0\7\0\x23\x01\0\x12\0\0\0\2\0\0\0\0", 17};
    EXPECT_FALSE(decode_api_versions(mock, 3));
    EXPECT_TRUE(refuses_version(mock));
    EXPECT_FALSE(refuses_version(std::string(17, '\0')));
    for (std::size_t size = 0; size < 6; ++size) EXPECT_FALSE(refuses_version(mock.substr(0, size)));
    for (const auto& one : golden()) EXPECT_EQ(refuses_version(one.answer), one.name == "refused") << one.title();
}

TEST(ApiVersions, RejectsEveryTruncation) {
    for (const auto& one : golden())
        for (std::size_t size = 0; size < one.answer.size(); ++size) {
            // Without its throttle time an answer of version 1 or 2 is one of version 0.
            if (size + 4 == one.answer.size() && (one.version == 1 || one.version == 2)) continue;
            EXPECT_FALSE(decode_api_versions(one.answer.substr(0, size), one.version)) << one.title() << " to " << size;
        }
}

TEST(ApiVersions, RejectsMoreApisThanThereCanBe) {
    std::string bytes;
    wire_writer out{bytes};
    out.int32(1);
    out.int16(0);
    out.array(1025, encoding::classic);
    bytes.append(1025 * 6, '\0');
    EXPECT_FALSE(decode_api_versions(bytes, 0));
}

TEST(ApiVersions, RejectsAListThatIsNull) {
    using namespace std::string_view_literals;
    EXPECT_FALSE(decode_api_versions("\0\0\0\7\0\0\xff\xff\xff\xff"sv, 0));
}

TEST(ApiVersions, KeepsTheMinimumOfProduce) {
    api_versions_answer answer{.apis = {{0, 0, 12, ""}}};
    offer_what_passes(answer);
    ASSERT_NE(answer.find(0), nullptr);
    EXPECT_EQ(answer.find(0)->lowest, 0);
    EXPECT_EQ(answer.find(0)->highest, 12);
    EXPECT_EQ(answer.find(1), nullptr);
}

TEST(ApiVersions, KnowsWhatIsAboveOurs) {
    EXPECT_FALSE(above_ours(18, 4));
    EXPECT_TRUE(above_ours(18, 5));
    EXPECT_TRUE(above_ours(0, 14));
    EXPECT_FALSE(above_ours(12, 99));
    EXPECT_FALSE(above_ours(5000, 99));
}

TEST(ApiVersions, RefusesAVersionAboveOursInTheOldestLayout) {
    using namespace std::string_view_literals;
    EXPECT_EQ(unsupported_version_answer(7), "\0\0\0\7\0\43\0\0\0\1\0\22\0\0\0\4"sv);
}

}  // namespace
}  // namespace outrider::kafka
