#include "sidecar/kafka/fetch_response.hpp"

#include <optional>

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/golden.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

struct logger final : testing::logging_records<fetch_response_visitor> {
    std::uint64_t tags_at = 0;
    std::optional<std::uint64_t> endpoints_at;

    void on_response(const head& it) override {
        log << "throttle " << it.throttle_ms << " error " << it.error << " session " << it.session_id << "\n";
    }
    void on_topic(std::string_view name, const topic_id& id) override {
        log << "topic " << testing::topic_text(name, id) << "\n";
    }
    void on_partition(const fetched_partition& it) override {
        log << "partition " << it.index << " error " << it.error << " offsets " << it.high_watermark << " "
            << it.last_stable_offset << " " << it.log_start_offset << " replica " << it.preferred_read_replica << "\n";
    }
    void on_tags(std::uint64_t position) override {
        tags_at = position;
        log << "tags at " << position << "\n";
    }
    void on_node_endpoints(std::uint64_t position) override {
        endpoints_at = position;
        log << "endpoints at " << position << "\n";
    }
};

testing::run run(std::int16_t version) {
    return [version](std::string_view body, std::size_t first, std::size_t others) {
        logger to;
        push_parser parser{parse_fetch_response(to, version)};
        testing::in_pieces(body, first, others, [&](std::string_view piece) { (void)parser.feed(piece); });
        return testing::ending(parser) + to.log.str();
    };
}

std::string without_hashes(const std::string& log) {
    std::string text;
    std::istringstream lines{log};
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with("end ")) text += line + "\n";
    return text;
}

TEST(FetchResponse, SeesWhatAnIndependentClientEncoded) {
    auto body = testing::golden_bodies("fetch_response")[16];
    auto size = std::to_string(body.size());
    auto tags = body.size() - 32;
    EXPECT_EQ(without_hashes(run(16)(body, body.size(), 1)), "finished " + size + R"(
throttle 12 error 0 session 77
topic id 160
partition 0 error 0 offsets 103 102 9 replica -1
records 330 prefix 2
batch magic 2 head 61 of 290 has 290
batch magic 2 head 40 of 290 has 40 cut
partition 1 error 6 offsets 103 102 9 replica 3
records 0 prefix 1
partition 2 error 0 offsets 103 102 9 replica -1
records 407 prefix 2
batch magic 0 head 37 of 37 has 37
batch magic 1 head 61 of 80 has 80
batch magic 2 head 61 of 290 has 290
topic id 176
partition 7 error 0 offsets 103 102 9 replica -1
records null prefix 1
tags at )" + std::to_string(tags) + "\nendpoints at " + std::to_string(tags + 1) +
                                                                 "\n");
}

TEST(FetchResponse, KnowsWhichFieldsAVersionHas) {
    auto bodies = testing::golden_bodies("fetch_response");
    ASSERT_EQ(bodies.size(), 19U);
    for (const auto& [version, body] : bodies) {
        std::ostringstream expected;
        expected << "finished " << body.size() << "\nthrottle " << (version >= 1 ? 12 : 0) << " error 0 session "
                 << (version >= 7 ? 77 : 0) << "\ntopic " << (version >= 13 ? "id 160" : "orders")
                 << "\npartition 0 error 0 offsets 103 " << (version >= 4 ? 102 : -1) << " " << (version >= 5 ? 9 : -1)
                 << " replica -1\n";
        auto seen = run(version)(body, body.size(), 1);
        EXPECT_EQ(seen.substr(0, expected.str().size()), expected.str());
        EXPECT_EQ(seen.find("tags at") != std::string::npos, version >= 12);
        EXPECT_EQ(seen.find("endpoints at") != std::string::npos, version >= 16);
    }
}

TEST(FetchResponse, ReportsTheSameHoweverItIsSplit) {
    for (const auto& [version, body] : testing::golden_bodies("fetch_response"))
        testing::expect_the_same_for_every_split(body, run(version));
}

TEST(FetchResponse, IsIncompleteWhereverItIsTruncated) {
    for (const auto& [version, body] : testing::golden_bodies("fetch_response"))
        testing::expect_no_truncation_finishes(body, run(version));
}

TEST(FetchResponse, TheByteThatHidesTheEndpointsIsInThePieceJustFed) {
    auto body = testing::golden_bodies("fetch_response")[18];
    for (std::size_t cut = body.size() - 35; cut < body.size(); ++cut) {
        logger to;
        push_parser parser{parse_fetch_response(to, 18)};
        std::string out;
        for (auto piece : {body.substr(0, cut), body.substr(cut)}) {
            auto before = to.endpoints_at;
            (void)parser.feed(piece);
            if (to.endpoints_at != before) {
                ASSERT_GE(*to.endpoints_at, out.size());
                ASSERT_LT(*to.endpoints_at, out.size() + piece.size());
                piece[*to.endpoints_at - out.size()] = 0x7f;
            }
            out += piece;
        }
        EXPECT_EQ(parser.state(), parse_state::finished);
        logger hidden;
        push_parser again{parse_fetch_response(hidden, 18)};
        EXPECT_EQ(again.feed(out), parse_state::finished);
        EXPECT_FALSE(hidden.endpoints_at);
    }
}

TEST(FetchResponse, HidesEndpointsBehindATagNumberThatIsWrittenTooLong) {
    auto body = "\0\0\0\0\0\0\0\0\0\0\1\1\x80\x00\0"sv;
    logger to;
    push_parser parser{parse_fetch_response(to, 16)};
    EXPECT_EQ(parser.feed(body), parse_state::finished);
    EXPECT_EQ(to.endpoints_at, 13U);
}

TEST(FetchResponse, AFetchThatStartsInsideABatchPasses) {
    std::string body, records(100, '\xee');
    wire_writer out{body};
    out.raw("\0\0\0\1\0\1t\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv);
    out.bytes(records, encoding::classic);
    auto seen = run(0)(body, body.size(), 1);
    EXPECT_TRUE(seen.starts_with("finished")) << seen;
    EXPECT_NE(seen.find("has 100 garbled"), std::string::npos) << seen;
}

TEST(FetchResponse, RefusesVersionsItDoesNotKnow) { EXPECT_EQ(run(19)("x"sv, 1, 1), "malformed\n"); }

}  // namespace
}  // namespace outrider::kafka
