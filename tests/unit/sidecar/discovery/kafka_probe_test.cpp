#include "sidecar/discovery/kafka_probe.hpp"

#include <random>

#include <gmock/gmock.h>

#include "tests/unit/sidecar/discovery/probing.hpp"

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Big-endian, as the protocol writes.
struct writer {
    writer& number(std::int64_t value, unsigned size) {
        while (size-- > 0) bytes.push_back(static_cast<char>(value >> 8 * size));
        return *this;
    }
    writer& int16(int value) { return number(value, 2); }
    writer& int32(int value) { return number(value, 4); }
    writer& string(const std::string& text) {
        int16(static_cast<int>(text.size()));
        bytes += text;
        return *this;
    }
    std::string bytes;
};

constexpr int correlation = 0x6f757472;

std::string api_versions(int lowest, int highest, int error = 0) {
    writer out;
    out.int32(correlation).int16(error).int32(2);
    out.int16(0).int16(0).int16(11);
    out.int16(3).int16(lowest).int16(highest);
    return out.bytes;
}

std::string metadata(int version, int brokers, int controller) {
    writer out;
    out.int32(correlation);
    if (version >= 3) out.int32(0);
    out.int32(brokers);
    for (int i = 0; i < brokers; ++i) out.int32(i).string("broker").int32(9092).int16(-1);
    if (version >= 2) out.string("cluster-id");
    out.int32(controller).int32(0);
    return out.bytes;
}

std::string framed(const std::string& bytes) {
    writer out;
    out.int32(static_cast<int>(bytes.size()));
    return out.bytes + bytes;
}

/// A broker that answers with these, one for each question, and then closes.
peer::conduct broker(std::vector<std::string> answers) {
    return [answers = std::move(answers)](int connection) {
        for (const auto& each : answers) {
            if (peer::receive(connection).empty()) return;
            peer::send(connection, framed(each));
        }
        peer::receive(connection);
    };
}

probe_result ask(std::vector<config::endpoint> brokers, std::chrono::milliseconds patience = 5s,
                 std::size_t* first = nullptr) {
    std::size_t begin = 0;
    prober on;
    auto out =
        on.run([&](probe_io& io) { return probe_kafka(io, brokers, first ? *first : begin, nullptr); }, patience);
    EXPECT_EQ(on.escaped(), 0U);
    return out;
}

TEST(KafkaProbe, ChoosesTheNewestVersionOfMetadataThatBothKnow) {
    std::string why;
    EXPECT_EQ(metadata_version(api_versions(0, 13), why), 8);
    EXPECT_EQ(metadata_version(api_versions(0, 4), why), 4);
    EXPECT_EQ(metadata_version(api_versions(1, 1), why), 1);
    EXPECT_FALSE(metadata_version(api_versions(9, 13), why));
    EXPECT_THAT(why, HasSubstr("no version of Metadata"));
    EXPECT_FALSE(metadata_version(api_versions(0, 0), why));
    EXPECT_FALSE(metadata_version(api_versions(0, 8, 35), why));
    EXPECT_THAT(why, HasSubstr("error 35"));
    EXPECT_FALSE(metadata_version("HTTP/1.1 400 Bad Request", why));
    EXPECT_THAT(why, HasSubstr("does not speak Kafka"));
}

TEST(KafkaProbe, IsGoodWhenABrokerIsKnown) {
    for (std::int16_t version = 1; version <= 8; ++version) {
        EXPECT_EQ(judge_metadata(metadata(version, 3, 1), version).text, "3 brokers, controller 1") << version;
        EXPECT_TRUE(judge_metadata(metadata(version, 1, -1), version).good) << version;
        EXPECT_FALSE(judge_metadata(metadata(version, 0, -1), version).good) << version;
        const auto whole = metadata(version, 2, 0);
        for (std::size_t size = 0; size + 8 < whole.size(); ++size)
            EXPECT_FALSE(judge_metadata(whole.substr(0, size), version).good) << version << " " << size;
    }
}

TEST(KafkaProbe, AsksARealConversation) {
    std::vector<std::string> asked;
    peer it{[&](int connection) {
        for (const auto& answer : {api_versions(0, 5), metadata(5, 2, 1)}) {
            asked.push_back(peer::receive(connection));
            peer::send(connection, framed(answer));
        }
        peer::receive(connection);
    }};
    const auto result = ask({it.where()});
    EXPECT_TRUE(result.good);
    EXPECT_EQ(result.text, "2 brokers, controller 1");
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[0], framed(writer{}.int16(18).int16(0).int32(correlation).string("outrider-probe").bytes));
    EXPECT_EQ(
        asked[1],
        framed(writer{}.int16(3).int16(5).int32(correlation).string("outrider-probe").int32(0).number(0, 1).bytes));
}

TEST(KafkaProbe, GoesToTheNextBrokerAndBeginsWithItTheNextTime) {
    peer good{broker({api_versions(0, 8), metadata(8, 1, 1)})};
    peer silent{[](int connection) { peer::wait_for_end(connection); }};
    std::size_t first = 0;
    EXPECT_TRUE(ask({nowhere(), silent.where(), good.where()}, 600ms, &first).good);
    EXPECT_EQ(first, 2U);
}

TEST(KafkaProbe, TakesABrokerThatWantsAuthenticationForGood) {
    peer it{broker({api_versions(0, 8)})};
    const auto result = ask({it.where()});
    EXPECT_TRUE(result.good);
    EXPECT_THAT(result.text, HasSubstr("authenticate"));
}

TEST(KafkaProbe, RefusesHostileAnswers) {
    peer silent{[](int connection) { peer::wait_for_end(connection); }};
    EXPECT_THAT(ask({silent.where()}, 200ms).text, HasSubstr("no answer within 200ms"));
    peer closes{[](int connection) { peer::receive(connection); }};
    EXPECT_THAT(ask({closes.where()}).text, HasSubstr("without an answer"));
    peer huge{[](int connection) {
        peer::receive(connection);
        peer::send(connection, std::string("\x7f\xff\xff\xff", 4));
        while (peer::send(connection, std::string(10'000, 'x'))) {
        }
    }};
    EXPECT_THAT(ask({huge.where()}).text, HasSubstr("64 KiB"));
    peer web{[](int connection) {
        peer::receive(connection);
        peer::send(connection, "HTTP/1.1 400 Bad Request\r\n\r\n");
    }};
    EXPECT_FALSE(ask({web.where()}).good);
    peer half{[](int connection) {
        peer::receive(connection);
        peer::send(connection, framed(api_versions(0, 8)));
        peer::receive(connection);
        peer::send(connection, framed(metadata(8, 3, 1)).substr(0, 20));
    }};
    EXPECT_FALSE(ask({half.where()}).good);
    EXPECT_FALSE(ask({}).good);
}

TEST(KafkaProbe, SurvivesMutatedAnswers) {
    std::mt19937 random{5};
    std::string why;
    for (int i = 0; i < 50'000; ++i) {
        const auto version = static_cast<std::int16_t>(1 + random() % 8);
        auto first = api_versions(0, 13), second = metadata(version, 3, 1);
        for (auto* bytes : {&first, &second}) {
            for (unsigned edits = 1 + random() % 4; edits > 0; --edits)
                (*bytes)[random() % bytes->size()] = static_cast<char>(random());
            if (random() % 3 == 0) bytes->resize(random() % bytes->size());
        }
        if (const auto chosen = metadata_version(first, why)) {
            EXPECT_GE(*chosen, 1);
            EXPECT_LE(*chosen, 8);
        }
        (void)judge_metadata(second, version);
    }
}

}  // namespace
}  // namespace outrider::discovery
