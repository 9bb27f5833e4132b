#include "sidecar/kafka/produce_request.hpp"

#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/kafka/apis.hpp"
#include "tests/unit/sidecar/kafka/golden.hpp"

namespace outrider::kafka {
namespace {

using namespace std::string_view_literals;

struct logger final : testing::logging_records<produce_request_visitor> {
    std::vector<records_field> fields;

    void on_transactional_id(std::string_view id) override {
        log << "transactional id " << testing::text_or_null(id) << "\n";
    }
    void on_acks(std::int16_t acks, std::int32_t timeout_ms) override {
        log << "acks " << acks << " " << timeout_ms << "\n";
    }
    void on_topic(std::string_view name, const topic_id& id) override {
        log << "topic " << testing::topic_text(name, id) << "\n";
    }
    void on_partition(std::int32_t index) override { log << "partition " << index << "\n"; }
    void on_records(const records_field& field) override {
        fields.push_back(field);
        logging_records::on_records(field);
    }
};

testing::run run(std::int16_t version) {
    return [version](std::string_view body, std::size_t first, std::size_t others) {
        logger to;
        push_parser parser{parse_produce_request(to, version)};
        testing::in_pieces(body, first, others, [&](std::string_view piece) { (void)parser.feed(piece); });
        return testing::ending(parser) + to.log.str();
    };
}

std::vector<records_field> fields_of(std::string_view body, std::int16_t version) {
    logger to;
    push_parser parser{parse_produce_request(to, version)};
    EXPECT_EQ(parser.feed(body), parse_state::finished);
    return to.fields;
}

struct topic_places final : produce_request_visitor {
    std::uint64_t count_at = 0;
    std::vector<std::uint64_t> ends;
    void on_topics(std::uint64_t at, std::uint64_t topics_at) override {
        count_at = at;
        ends.push_back(topics_at);
    }
    void on_topic_end(std::uint64_t position) override { ends.push_back(position); }
};

TEST(ProduceRequest, SaysWhereItsTopicsAreInEveryVersion) {
    for (const auto& [version, body] : testing::golden_bodies("produce_request")) {
        topic_places seen;
        push_parser parser{parse_produce_request(seen, version)};
        ASSERT_EQ(parser.feed(body), parse_state::finished) << version;
        ASSERT_EQ(seen.ends.size(), 3U);
        const auto how = encoding_of(api::produce, version);
        wire_reader count{std::string_view{body}.substr(seen.count_at)};
        EXPECT_EQ(count.array(how), 2);
        EXPECT_EQ(seen.count_at + count.position(), seen.ends[0]);
        for (std::size_t i = 0; i < 2; ++i) {
            wire_reader topic{std::string_view{body}.substr(seen.ends[i])};
            if (version >= 13) {
                EXPECT_EQ(topic.uuid().bytes[0], i == 0 ? 0xa0 : 0xb0);
            } else {
                EXPECT_EQ(topic.string(how), i == 0 ? "orders" : "payments");
            }
        }
        EXPECT_EQ(seen.ends[2], body.size() - (how == encoding::flexible ? 1 : 0)) << "only tagged fields follow";
    }
}

TEST(ProduceRequest, SeesWhatAnIndependentClientEncodedInEveryVersion) {
    auto bodies = testing::golden_bodies("produce_request");
    ASSERT_EQ(bodies.size(), 14U);
    for (const auto& [version, body] : bodies) {
        auto none = version == 5 || version == 11;
        std::ostringstream expected;
        expected << "finished " << body.size() << "\n";
        if (version >= 3) expected << "transactional id " << (none ? "null" : "transfer") << "\n";
        expected << "acks " << (none ? 1 : -1) << " 1500\n";
        auto seen = run(version)(body, body.size(), 1);
        EXPECT_EQ(seen.substr(0, expected.str().size()), expected.str()) << version;
        EXPECT_NE(seen.find(version >= 13 ? "topic id 160\n" : "topic orders\n"), std::string::npos) << version;
        EXPECT_NE(seen.find(version >= 13 ? "topic id 176\n" : "topic payments\n"), std::string::npos) << version;
    }
}

TEST(ProduceRequest, SeesEachBatchOfEachRecordsField) {
    logger to;
    auto body = testing::golden_bodies("produce_request")[9];
    push_parser parser{parse_produce_request(to, 9)};
    to.want_bytes = false;
    EXPECT_EQ(parser.feed(body), parse_state::finished);
    std::string text;
    std::istringstream lines{to.log.str()};
    for (std::string line; std::getline(lines, line);)
        if (!line.starts_with("end ")) text += line + "\n";
    EXPECT_EQ(text, R"(transactional id transfer
acks -1 1500
topic orders
partition 0
records 290 prefix 2
batch magic 2 head 61 of 290 has 290
partition 1
records null prefix 1
partition 2
records 407 prefix 2
batch magic 0 head 37 of 37 has 37
batch magic 1 head 61 of 80 has 80
batch magic 2 head 61 of 290 has 290
topic payments
partition 7
records 0 prefix 1
)");
}

TEST(ProduceRequest, ReportsTheSameHoweverItIsSplit) {
    for (const auto& [version, body] : testing::golden_bodies("produce_request"))
        testing::expect_the_same_for_every_split(body, run(version));
}

TEST(ProduceRequest, IsIncompleteWhereverItIsTruncated) {
    for (const auto& [version, body] : testing::golden_bodies("produce_request"))
        testing::expect_no_truncation_finishes(body, run(version));
}

TEST(ProduceRequest, StopsAtItsEnd) {
    auto body = testing::golden_bodies("produce_request")[7];
    EXPECT_EQ(run(7)(body + "more", body.size() + 4, 1), run(7)(body, body.size(), 1));
}

TEST(ProduceRequest, RefusesVersionsItDoesNotKnow) {
    EXPECT_EQ(run(14)("x"sv, 1, 1), "malformed\n");
    EXPECT_EQ(run(-1)("x"sv, 1, 1), "malformed\n");
}

TEST(ProduceRequest, FindsCountsAndLengthsBelowNullMalformed) {
    EXPECT_EQ(run(0)("\0\1\0\0\0\1\xff\xff\xff\xfe"sv, 10, 1), "malformed\nacks 1 1\n");
    EXPECT_EQ(run(3)("\xff\xfe"sv, 2, 1), "malformed\n");
    EXPECT_EQ(run(9)("\x80\x80\x80\x80\x80\x01"sv, 6, 1), "malformed\n");
}

TEST(ProduceRequest, ACountThatLiesWaitsForTheRest) {
    EXPECT_EQ(run(0)("\0\1\0\0\0\1\x7f\xff\xff\xff\0\1t"sv, 13, 1), "wants more\nacks 1 1\ntopic t\n");
}

TEST(ProduceRequest, CutsATransactionalIdThatIsTooLongToHold) {
    for (std::size_t first : {1U, 700U, 9000U}) {
        logger to;
        std::string body;
        wire_writer out{body};
        out.string(std::string(1024, 'a') + std::string(3000, 'b'), encoding::classic);
        out.raw("\0\1\0\0\0\1\0\0\0\0"sv);
        push_parser parser{parse_produce_request(to, 3)};
        testing::in_pieces(body, first, first, [&](std::string_view piece) { (void)parser.feed(piece); });
        EXPECT_EQ(parser.state(), parse_state::finished);
        EXPECT_EQ(to.log.str(), "transactional id " + std::string(1024, 'a') + "\nacks 1 1\n");
    }
}

TEST(ProduceRequest, LooksNoFurtherBehindALengthThatMakesNoSense) {
    std::string body, records;
    wire_writer{records}.int64(0);
    wire_writer{records}.int32(3);
    records += std::string(50, 'x');
    wire_writer out{body};
    out.raw("\0\1\0\0\0\1\0\0\0\1\0\1t\0\0\0\1\0\0\0\0"sv);
    out.bytes(records, encoding::classic);
    auto seen = run(0)(body, body.size(), 1);
    EXPECT_TRUE(seen.starts_with("finished")) << seen;
    EXPECT_NE(seen.find("batch magic 120 head 17 of 0 has 62 garbled"), std::string::npos) << seen;
}

/// @param likely  what the sizes are taken for beforehand
std::string spliced(std::string_view body, const std::vector<records_field>& fields,
                    const std::vector<std::optional<std::string_view>>& records, encoding how, std::uint64_t likely) {
    std::string out{"before"};
    records_splice splice{body, how, out};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        splice.begin(fields[i], likely);
        out += records[i].value_or("what is dropped");
        records[i] ? splice.replace() : splice.keep();
    }
    splice.finish();
    EXPECT_TRUE(out.starts_with("before"));
    return out.substr(6);
}

TEST(ProduceRequest, SplicesRecordsInAndNothingElse) {
    for (const auto& [version, body] : testing::golden_bodies("produce_request")) {
        for (std::uint64_t likely : {0, 300, 100'000}) {
            auto how = encoding_of(api::produce, version);
            auto fields = fields_of(body, version);
            ASSERT_EQ(fields.size(), 4U);
            std::vector<std::optional<std::string_view>> own;
            for (const auto& field : fields)
                own.push_back(field.null ? std::nullopt
                                         : std::optional{std::string_view{body}.substr(field.at, field.size)});
            EXPECT_EQ(spliced(body, fields, own, how, likely), body) << version;
            EXPECT_EQ(spliced(body, fields, {{}, {}, {}, {}}, how, likely), body) << version;

            std::string grown(300, 'g');
            auto changed = spliced(body, fields, {grown, {}, {}, "x"}, how, likely);
            EXPECT_EQ(changed.size(), body.size() + grown.size() - fields[0].size + 1) << version;
            auto moved = fields_of(changed, version);
            ASSERT_EQ(moved.size(), 4U);
            EXPECT_EQ(changed.substr(moved[0].at, moved[0].size), grown);
            EXPECT_EQ(spliced(changed, moved, {own[0], {}, {}, ""}, how, likely), body) << version;
        }
    }
}

}  // namespace
}  // namespace outrider::kafka
