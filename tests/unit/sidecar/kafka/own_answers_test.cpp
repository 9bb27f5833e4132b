#include "sidecar/kafka/own_answers.hpp"

#include <gtest/gtest.h>

#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/produce_response.hpp"
#include "tests/unit/sidecar/kafka/golden.hpp"

namespace outrider::kafka {
namespace {

constexpr std::int32_t correlation = 0x01020304;

/// What stands before the body of an answer.
std::string header(api key, std::int16_t version) {
    std::string out{"\1\2\3\4"};
    if (encoding_of(key, version) == encoding::flexible) out += '\0';
    return out;
}

/// The topics of the golden answers: two partitions each, of two records and of none.
refused_topic topic(std::size_t place, std::string name, std::uint8_t id, std::uint8_t last, std::int16_t version) {
    refused_topic out;
    out.place = place;
    out.name = std::move(name);
    out.id.bytes[0] = id;
    out.id.bytes[15] = last;
    out.error = refusal_for_good(version);
    out.message = "over the limit";
    out.partitions = {{0, 2}, {3, 0}};
    return out;
}

TEST(OwnAnswers, RefuseAProduceAsAnIndependentClientEncodesItInEveryVersion) {
    auto bodies = testing::golden_bodies("produce_refused");
    ASSERT_EQ(bodies.size(), 14U);
    for (const auto& [version, body] : bodies) {
        auto said = refused_produce_answer(
            correlation, version, {topic(0, "audit", 0xc0, 2, version), topic(1, "payments", 0xb0, 1, version)}, 7);
        EXPECT_EQ(said, header(api::produce, version) + body) << version;
    }
}

TEST(OwnAnswers, AddRefusedTopicsInThePlacesOfTheRequest) {
    auto brokers = testing::golden_bodies("produce_response");
    auto bodies = testing::golden_bodies("produce_completed");
    ASSERT_EQ(bodies.size(), 14U);
    std::string out;
    for (const auto& [version, body] : bodies) {
        const std::vector<refused_topic> refused{topic(0, "audit", 0xc0, 2, version),
                                                 topic(2, "payments", 0xb0, 1, version)};
        ASSERT_TRUE(add_refused_topics(header(api::produce, version) + brokers.at(version), version, refused, out));
        EXPECT_EQ(out, header(api::produce, version) + body) << version;
    }
}

TEST(OwnAnswers, AddRefusedTopicsBehindAnAnswerThatIsShorterThanTheRequest) {
    auto broker = header(api::produce, 7) + testing::golden_bodies("produce_response").at(7);
    std::string out;
    ASSERT_TRUE(add_refused_topics(broker, 7, {topic(5, "payments", 0, 0, 7)}, out));
    EXPECT_LT(out.find("orders"), out.find("payments"));
    EXPECT_EQ(wire_reader{std::string_view{out}.substr(4)}.int32(), 2);
}

TEST(OwnAnswers, AddNothingToWhatCannotBeRead) {
    std::string out;
    for (const auto& [version, body] : testing::golden_bodies("produce_response")) {
        const auto whole = header(api::produce, version) + body;
        // Behind the topics stand the throttle time and the tagged fields; they are not looked at.
        produce_response read;
        wire_reader in{whole};
        read_response_header(in, api::produce, version);
        ASSERT_TRUE(read_produce_response(in, version, read));
        const auto topics_end = version >= 1 ? read.throttle_at : whole.size();
        for (std::size_t size = 0; size < topics_end; ++size)
            ASSERT_FALSE(add_refused_topics(whole.substr(0, size), version, {topic(1, "payments", 1, 1, version)}, out))
                << version << " of " << size << " bytes";
    }
}

TEST(OwnAnswers, BringNothingToAFetchAsAnIndependentClientEncodesItInEveryVersion) {
    auto bodies = testing::golden_bodies("fetch_nothing");
    ASSERT_EQ(bodies.size(), 19U);
    for (const auto& [version, body] : bodies)
        EXPECT_EQ(empty_fetch_answer(correlation, version, 7), header(api::fetch, version) + body) << version;
}

TEST(OwnAnswers, AlwaysHaveAThrottleTimeForAFetchSoThatClientsKnowThem) {
    EXPECT_EQ(wire_reader{std::string_view{empty_fetch_answer(1, 11, 0)}.substr(4)}.int32(), 1);
}

}  // namespace
}  // namespace outrider::kafka
