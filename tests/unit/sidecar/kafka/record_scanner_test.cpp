#include "sidecar/kafka/record_scanner.hpp"

#include <gtest/gtest.h>

#include "sidecar/kafka/wire.hpp"
#include "tests/unit/sidecar/kafka/golden.hpp"

namespace outrider::kafka {
namespace {

constexpr std::string_view parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct logger final : record_visitor {
    std::ostringstream log;
    void on_record(const scanned_record& it) override {
        const auto& fields = it.fields;
        log << it.begin << " " << it.headers_at << " " << it.end << " headers " << it.headers << " delta "
            << it.offset_delta << " " << it.timestamp_delta;
        if (!fields.traceparent.empty()) log << (it.from_cloudevents ? " ce " : " parent ") << fields.traceparent;
        if (fields.repeated_traceparent) log << " repeated";
        for (std::size_t i = 0; i < fields.tracestate_lines; ++i) log << " state " << fields.tracestate[i];
        if (fields.tracestate_overflow) log << " overflow";
        if (!fields.b3.empty()) log << " b3 " << fields.b3;
        if (!fields.uber_trace_id.empty()) log << " uber " << fields.uber_trace_id;
        log << "\n";
    }
};

testing::run run(std::int32_t count) {
    return [count](std::string_view body, std::size_t first, std::size_t others) {
        logger to;
        record_scanner scanner{to, count};
        testing::in_pieces(body, first, others, [&](std::string_view piece) { (void)scanner.feed(piece); });
        auto end = scanner.malformed() ? "malformed\n" : scanner.complete() ? "finished\n" : "wants more\n";
        return end + to.log.str();
    };
}

using headers = std::vector<std::pair<std::string, std::string>>;

std::string record(const headers& of) {
    std::string body, out;
    wire_writer to{body};
    to.int8(0);
    to.varlong(-5);
    to.varint(0);
    to.varint(-1);
    to.varint(-1);
    to.varint(static_cast<std::int32_t>(of.size()));
    for (const auto& [key, value] : of) {
        for (const auto& text : {key, value}) {
            to.varint(static_cast<std::int32_t>(text.size()));
            to.raw(text);
        }
    }
    wire_writer{out}.varint(static_cast<std::int32_t>(body.size()));
    return out + body;
}

std::string scan(const headers& of) {
    auto body = record(of);
    auto seen = run(1)(body, body.size(), 1);
    testing::expect_the_same_for_every_split(body, run(1));
    auto behind = seen.find("-5");
    return behind == std::string::npos ? seen : seen.substr(behind + 2);
}

TEST(RecordScanner, SeesWhatAnIndependentClientEncoded) {
    auto body = testing::golden_bodies("records")[0];
    std::ostringstream expected;
    expected << "finished\n0 24 25 headers 0 delta 0 0\n25 34 136 headers 3 delta 1 1000 parent " << parent
             << " state outrider=1,a=b\n136 152 229 headers 2 delta 2 2000 ce " << parent << " b3 0\n";
    EXPECT_EQ(run(3)(body, body.size(), 1), expected.str());
    testing::expect_the_same_for_every_split(body, run(3));
    testing::expect_no_truncation_finishes(body, run(3));
}

TEST(RecordScanner, WantsExactlyAsManyRecordsAsTheHeadSays) {
    auto body = testing::golden_bodies("records")[0];
    EXPECT_TRUE(run(2)(body, body.size(), 1).starts_with("malformed"));
    EXPECT_TRUE(run(4)(body, body.size(), 1).starts_with("wants more"));
    EXPECT_EQ(run(-1)(body, body.size(), 1), "malformed\n");
    logger to;
    EXPECT_TRUE((record_scanner{to, 0}.complete()));
}

TEST(RecordScanner, ScansOneBatchAfterAnother) {
    auto body = testing::golden_bodies("records")[0];
    logger to;
    record_scanner scanner{to};
    for (int i = 0; i < 3; ++i) {
        scanner.start(3);
        EXPECT_FALSE(scanner.complete());
        EXPECT_TRUE(scanner.feed(body));
        EXPECT_TRUE(scanner.complete());
    }
    scanner.start(1);
    EXPECT_FALSE(scanner.feed(body));
    EXPECT_FALSE(scanner.complete());
    scanner.start(3);
    EXPECT_TRUE(scanner.feed(body));
}

TEST(RecordScanner, FindsEveryHeaderThatCarriesAContext) {
    EXPECT_EQ(scan({{"uber-trace-id", "1:2:0:1"}, {"b3", "1-2-1"}}), " b3 1-2-1 uber 1:2:0:1\n");
    EXPECT_EQ(scan({{"traceparent", "one"}, {"traceparent", "two"}}), " parent two repeated\n");
    EXPECT_EQ(scan({{"ce_traceparent", "old"}, {"traceparent", "new"}}), " parent new\n");
    EXPECT_EQ(scan({{"Traceparent", "x"}, {"tracestat", "x"}, {"", ""}, {std::string(500, 'k'), "x"}}), "\n");
}

TEST(RecordScanner, CountsTracestateLines) {
    headers five(5, {"tracestate", "a=b"});
    EXPECT_EQ(scan(five), " state a=b state a=b state a=b state a=b overflow\n");
}

TEST(RecordScanner, TakesAValueThatIsTooLongForAbsent) {
    EXPECT_EQ(scan({{"tracestate", std::string(1025, 'a')}, {"traceparent", "p"}}), " parent p\n");
    std::string just(1024, 'a');
    EXPECT_EQ(scan({{"tracestate", just}}), " state " + just + "\n");
    EXPECT_EQ(scan(headers(12, {"b3", just})), " b3 " + just + "\n");
}

TEST(RecordScanner, NoFieldReachesOverTheRecordsEnd) {
    auto good = record({{"b3", "0"}});
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int value = 0; value < 256; ++value) {
            auto bad = good;
            bad[at] = static_cast<char>(value);
            auto seen = run(1)(bad, bad.size(), 1);
            EXPECT_EQ(run(1)(bad, 1, 1), seen);
        }
    }
    auto lie = good;
    lie[4] = 0x7f;  // the key's length
    EXPECT_EQ(run(1)(lie, lie.size(), 1), "malformed\n");
}

TEST(RecordScanner, PassesLargeValuesWithoutKeepingThem) {
    std::string body, head;
    wire_writer to{head};
    to.int8(0);
    to.varlong(0);
    to.varint(0);
    to.varint(-1);
    to.varint(1 << 30);
    wire_writer whole{body};
    whole.varint(static_cast<std::int32_t>(head.size() + (1 << 30) + 1));
    body += head;
    logger log;
    record_scanner scanner{log, 1};
    std::string block(1 << 20, 'v');
    scanner.feed(body);
    for (int i = 0; i < 1024; ++i) ASSERT_TRUE(scanner.feed(block));
    scanner.feed(std::string_view{"\0", 1});
    EXPECT_TRUE(scanner.complete());
}

/// Keys, values and headers, in one line per record.
struct parts_logger final : record_visitor {
    std::string log, value;
    void on_record(const scanned_record&) override { log += "=" + std::exchange(value, {}) + "\n"; }
    void on_key(std::string_view key) override { log += "[" + std::string{key} + "]"; }
    void on_value(std::string_view piece, std::uint64_t left) override {
        EXPECT_FALSE(piece.empty());
        value += piece;
        if (left == 0) value += "!";
    }
    void on_header(std::string_view name, std::string_view said) override {
        log += std::string{name} + ":" + std::string{said} + " ";
    }
};

testing::run run_with_parts(std::int32_t count) {
    return [count](std::string_view body, std::size_t first, std::size_t others) {
        parts_logger to;
        record_scanner scanner{to};
        scanner.start(count, true);
        testing::in_pieces(body, first, others, [&](std::string_view piece) { (void)scanner.feed(piece); });
        auto end = scanner.malformed() ? "malformed\n" : scanner.complete() ? "finished\n" : "wants more\n";
        return end + to.log;
    };
}

std::string record_with(std::string_view key, std::string_view value, const headers& of) {
    std::string body, out;
    wire_writer to{body};
    to.int8(0);
    to.varlong(0);
    to.varint(0);
    for (const auto text : {key, value}) {
        to.varint(text.data() == nullptr ? -1 : static_cast<std::int32_t>(text.size()));
        to.raw(text);
    }
    to.varint(static_cast<std::int32_t>(of.size()));
    for (const auto& [name, said] : of)
        for (const auto& text : {name, said}) {
            to.varint(static_cast<std::int32_t>(text.size()));
            to.raw(text);
        }
    wire_writer{out}.varint(static_cast<std::int32_t>(body.size()));
    return out + body;
}

TEST(RecordScanner, ShowsThePartsThatAreWantedWhereverTheInputIsSplit) {
    const auto body =
        record_with("4711", R"({"orderId":4711})", {{"ce_id", "m-1"}, {"traceparent", std::string{parent}}}) +
        record_with({}, {}, {}) + record_with("k", "", {{std::string(65, 'n'), "long name"}});
    EXPECT_EQ(run_with_parts(3)(body, body.size(), 1),
              "finished\n[4711]ce_id:m-1 traceparent:" + std::string{parent} + " ={\"orderId\":4711}!\n[]=\n[k]=\n");
    testing::expect_the_same_for_every_split(body, run_with_parts(3));
    testing::expect_no_truncation_finishes(body, run_with_parts(3));
}

TEST(RecordScanner, PassesLongKeysAndShowsLongValuesInPieces) {
    const auto body = record_with(std::string(2'000, 'k'), std::string(5'000, 'v'), {});
    EXPECT_EQ(run_with_parts(1)(body, body.size(), 1), "finished\n[]=" + std::string(5'000, 'v') + "!\n");
}

}  // namespace
}  // namespace outrider::kafka
