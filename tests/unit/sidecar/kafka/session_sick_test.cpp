// Consumption while an application is known to be sick: fetches bring nothing, everything else goes on, and nobody
// leaves a group for it.

#include <gtest/gtest.h>

#include "sidecar/kafka/own_answers.hpp"
#include "sidecar/kafka/share_fetch_request.hpp"
#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tests/unit/sidecar/kafka/policies.hpp"
#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {
namespace {

using std::chrono::milliseconds;

constexpr std::int16_t fetch_key = 1, heartbeat_key = 12, share_fetch_key = 78;

/// The beginning of a Fetch, up to where the sidecar looks while it pauses.
std::string fetch_body(std::int16_t version, std::int32_t max_wait) {
    std::string body;
    wire_writer out{body};
    if (version <= 14) out.int32(-1);
    out.int32(max_wait);
    for (int i = 0; i < 16; ++i) out.int32(0);
    return body;
}

/// As version 1 lays it out, with one acknowledged batch.
std::string share_fetch_body(std::int32_t epoch, std::int32_t max_wait) {
    constexpr auto flexible = encoding::flexible;
    std::string body;
    wire_writer out{body};
    out.string("g-1", flexible);
    out.string("member", flexible);
    for (auto number : {epoch, max_wait, 1, 1 << 20, 500, 500}) out.int32(number);
    out.array(1, flexible);
    out.uuid({{1, 2, 3}});
    out.array(1, flexible);
    out.int32(0);
    out.array(1, flexible);
    out.int64(7);
    out.int64(9);
    out.array(1, flexible);
    out.int8(1);
    for (int i = 0; i < 3; ++i) out.no_tags(flexible);
    out.array(0, flexible);
    out.no_tags(flexible);
    return body;
}

/// That nothing was acquired, and what was acknowledged was right; with the header's tags.
std::string share_fetch_answer_body(std::int16_t version) {
    constexpr auto flexible = encoding::flexible;
    std::string body;
    wire_writer out{body};
    out.no_tags(flexible);
    out.int32(0);  // throttle time
    out.int16(0);
    out.string({}, flexible);
    if (version >= 1) out.int32(30'000);
    out.array(0, flexible);
    out.array(0, flexible);
    out.no_tags(flexible);
    return body;
}

/// A session whose application somebody watches.
struct watched : kafka_session {
    watched() {
        cluster->applications = &applications();
        applications().on_change = [this] { path->applications_changed(); };
        broker.on_frame = [this](const got_frame& of) {
            if (of.key() == share_fetch_key)
                return broker_reply{answer(of.correlation(), share_fetch_answer_body(of.version()))};
            if (of.key() != fetch_key) return broker.usual(of);
            const auto records = batch_of_producer(-1);
            return broker_reply{answer(of.correlation(), fetch_answer_body(of.version(), "orders", records, 1))};
        };
    }
    ~watched() { cluster->applications = nullptr; }

    /// Not a member of this class: sessions look at it until the base has ended them.
    static exchange::applications& applications() {
        static exchange::applications all;
        return all;
    }
    static void say(bool sick) { applications().named("app").say(sick, "it does not answer"); }
};

class KafkaSickness : public ::testing::Test {
  protected:
    void TearDown() override {
        watched::applications().on_change = nullptr;
        watched::say(false);
    }
};

std::string nothing(std::int32_t correlation, std::int16_t version = 12) {
    return empty_fetch_answer(correlation, version, 1);
}

TEST_F(KafkaSickness, KeepsFetchesFromTheBrokerAndNothingElse) {
    watched s;
    watched::say(true);
    auto client = s.connect();
    for (std::int16_t version : {std::int16_t{0}, std::int16_t{11}, std::int16_t{12}, std::int16_t{17}}) {
        const auto began = net::steady_clock::now();
        EXPECT_EQ(ask(s, client, request(fetch_key, version, 1, fetch_body(version, 80))), nothing(1, version));
        EXPECT_GE(net::steady_clock::now() - began, milliseconds{80}) << "as long as it may wait for records";
    }
    EXPECT_FALSE(ask(s, client, request(heartbeat_key, 1, 2)).empty()) << "heartbeats pass";
    EXPECT_EQ(s.broker.frames.size(), 1U);
    EXPECT_EQ(s.metrics().paused_fetches.value(), 4U);
}

TEST_F(KafkaSickness, KeepsAFetchNeitherTooShortNorTooLong) {
    watched s;
    watched::say(true);
    auto client = s.connect();
    auto began = net::steady_clock::now();
    EXPECT_EQ(ask(s, client, request(fetch_key, 12, 1, fetch_body(12, 0))), nothing(1));
    EXPECT_GE(net::steady_clock::now() - began, milliseconds{20}) << "or clients would come again and again";
    began = net::steady_clock::now();
    EXPECT_EQ(ask(s, client, request(fetch_key, 12, 2, fetch_body(12, 1 << 30))), nothing(2));
    EXPECT_LE(net::steady_clock::now() - began, milliseconds{1'500}) << "heartbeats may stand behind it";
}

TEST_F(KafkaSickness, LetsAFetchThatWaitsGoOnWhenTheApplicationIsWell) {
    watched s;
    watched::say(true);
    auto client = s.connect();
    s.send(client, request(fetch_key, 12, 1, fetch_body(12, 900)));
    turn_for(s, milliseconds{50});
    EXPECT_TRUE(client->answers().empty());
    EXPECT_TRUE(s.broker.frames.empty());
    const auto began = net::steady_clock::now();
    watched::say(false);
    auto got = s.answers(client, 1);
    EXPECT_LT(net::steady_clock::now() - began, milliseconds{100});
    EXPECT_NE(got.at(0).find("orders"), std::string::npos) << "the broker's answer";
    EXPECT_EQ(s.metrics().paused_fetches.value(), 0U);
}

/// Short answers and long ones, which stream; and what comes behind them keeps its place.
TEST_F(KafkaSickness, ThrowsAwayWhatAFetchBringsThatWasAtTheBroker) {
    for (const std::size_t size : {10U, 300'000U}) {
        watched s;
        std::string late;
        s.broker.on_frame = [&](const got_frame& of) {
            if (of.key() != fetch_key) return s.broker.usual(of);
            const auto records = batch_of({plain_record{0, 0, "key", std::string(size, 'x'), {}}});
            auto whole = answer(of.correlation(), fetch_answer_body(of.version(), "orders", records, 1));
            if (!late.empty()) return broker_reply{std::move(whole)};
            late = std::move(whole);  // a long poll
            return broker_reply{};
        };
        auto client = s.connect();
        s.send(client, request(fetch_key, 11, 1, fetch_body(11, 500)));
        ASSERT_TRUE(s.turn_until([&] { return !late.empty(); }));
        watched::say(true);
        s.broker.say(late);
        const auto first = s.answers(client, 1);
        ASSERT_EQ(first.size(), 1U);
        EXPECT_EQ(first[0], empty_fetch_answer(1, 11, 1));
        EXPECT_TRUE(s.spans().empty()) << "nobody was given anything";
        EXPECT_EQ(s.metrics().paused_fetches.value(), 1U);
        EXPECT_EQ(s.metrics().topic("orders").fetched_records.value(), 0U);
        watched::say(false);
        const auto both = s.converse(client, request(fetch_key, 11, 2, fetch_body(11, 500)), 2);
        ASSERT_EQ(both.size(), 2U);
        EXPECT_GT(both[1].size(), size);
        EXPECT_TRUE(s.nothing_held());
    }
}

TEST_F(KafkaSickness, IsNoPauseWhereItIsNotToBe) {
    watched s;
    s.cluster->applications = nullptr;
    watched::say(true);
    auto client = s.connect();
    EXPECT_NE(ask(s, client, request(fetch_key, 12, 1, fetch_body(12, 20))).find("orders"), std::string::npos);
}

TEST_F(KafkaSickness, KeepsTheOrderOfAnswers) {
    watched s;
    auto client = s.connect();
    s.send(client, request(heartbeat_key, 1, 1));
    ASSERT_EQ(s.answers(client, 1).size(), 1U);
    watched::say(true);
    s.send(client, request(heartbeat_key, 1, 2) + request(fetch_key, 12, 3, fetch_body(12, 40)) +
                       request(heartbeat_key, 1, 4) + request(fetch_key, 12, 5, fetch_body(12, 40)));
    auto got = s.answers(client, 5);
    std::vector<std::int32_t> order;
    for (const auto& each : got) order.push_back(wire_reader{each}.int32());
    EXPECT_EQ(order, (std::vector<std::int32_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(got.at(2), nothing(3));
    EXPECT_EQ(got.at(4), nothing(5));
}

TEST_F(KafkaSickness, DoesNotKeepASessionFromItsEnd) {
    watched s;
    watched::say(true);
    auto client = s.connect();
    s.send(client, request(fetch_key, 12, 1, fetch_body(12, 900)));
    turn_for(s, milliseconds{20});
    s.path->abort();
    EXPECT_TRUE(s.turn_until([&] { return client->ended && s.path->sessions() == 0; })) << "within the wait";
}

TEST_F(KafkaSickness, LetsAShareFetchAcknowledgeButAcquireNothing) {
    watched s;
    watched::say(true);
    auto client = s.connect();
    const auto began = net::steady_clock::now();
    EXPECT_EQ(ask(s, client, request(share_fetch_key, 1, 1, share_fetch_body(3, 60))).substr(4),
              share_fetch_answer_body(1));
    EXPECT_GE(net::steady_clock::now() - began, milliseconds{60});
    ASSERT_EQ(s.broker.frames.size(), 1U);
    auto expected = request(share_fetch_key, 1, 1, share_fetch_body(3, 60)).substr(4);
    const auto head = read_share_fetch_head(share_fetch_body(3, 60), 1).value();
    const auto body = expected.size() - share_fetch_body(3, 60).size();
    for (auto at : {head.max_wait_at, head.max_records_at}) expected.replace(body + at, 4, std::string(4, '\0'));
    EXPECT_EQ(s.broker.frames[0].bytes, expected) << "its epoch and what it acknowledges";
    EXPECT_EQ(s.metrics().paused_fetches.value(), 1U);
}

TEST_F(KafkaSickness, LetsAShareSessionEndAtOnce) {
    watched s;
    watched::say(true);
    auto client = s.connect();
    const auto whole = request(share_fetch_key, 1, 1, share_fetch_body(-1, 900));
    const auto began = net::steady_clock::now();
    EXPECT_EQ(ask(s, client, whole).substr(4), share_fetch_answer_body(1));
    EXPECT_LT(net::steady_clock::now() - began, milliseconds{500});
    EXPECT_EQ(s.broker.frames.at(0).bytes, whole.substr(4));
}

TEST_F(KafkaSickness, LetsAShareFetchThatWaitsGoOnAsItIs) {
    watched s;
    watched::say(true);
    auto client = s.connect();
    const auto whole = request(share_fetch_key, 2, 1, share_fetch_body(3, 900));
    s.send(client, whole);
    turn_for(s, milliseconds{30});
    EXPECT_TRUE(s.broker.frames.empty());
    watched::say(false);
    EXPECT_EQ(s.answers(client, 1).size(), 1U);
    EXPECT_EQ(s.broker.frames.at(0).bytes, whole.substr(4));
}

TEST_F(KafkaSickness, PassesAShareFetchThatCannotBeRead) {
    watched s;
    watched::say(true);
    auto client = s.connect();
    const std::string wholes[] = {request(share_fetch_key, 0, 1, share_fetch_body(3, 900)),
                                  request(share_fetch_key, 1, 2, "cut")};
    for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(ask(s, client, wholes[i]).size(), 4 + share_fetch_answer_body(i == 0 ? 0 : 1).size());
        EXPECT_EQ(s.broker.frames.at(i).bytes, wholes[i].substr(4));
    }
}

TEST_F(KafkaSickness, EndsASessionWhateverFailsMeanwhileAndNothingElse) {
    for (const bool of_client : {true, false}) {
        bool fired = true;
        for (std::size_t nth = 1; fired; ++nth) {
            watched s;
            watched::say(true);
            auto plan = std::make_shared<test::fault_plan>();
            plan->fail_at = nth;
            (of_client ? s.client_faults : s.broker_faults) = plan;
            auto client = s.connect();
            s.send_and_end(client, request(heartbeat_key, 1, 1) + request(fetch_key, 12, 2, fetch_body(12, 0)) +
                                       request(share_fetch_key, 1, 3, share_fetch_body(1, 0)) +
                                       request(heartbeat_key, 1, 4));
            ASSERT_TRUE(s.turn_until([&] { return client->ended; })) << nth;
            client->stream.close();
            ASSERT_TRUE(s.turn_until_idle()) << nth;
            fired = plan->fired();
            ASSERT_LT(nth, 100U);
            EXPECT_TRUE(fired || client->answers().size() == 4) << nth;
        }
    }
}

TEST(ShareFetchHead, IsReadOfAllThatIsThere) {
    const auto body = share_fetch_body(5, 250);
    const auto head = read_share_fetch_head(body, 1);
    ASSERT_TRUE(head);
    EXPECT_EQ(head->session_epoch, 5);
    EXPECT_EQ(head->max_wait_ms, 250);
    EXPECT_EQ(head->max_records_at, head->max_wait_at + 12);
    for (std::size_t size = 0; size < head->max_records_at + 4; ++size)
        EXPECT_FALSE(read_share_fetch_head(std::string_view{body}.substr(0, size), 1)) << size;
    EXPECT_TRUE(read_share_fetch_head(std::string_view{body}.substr(0, head->max_records_at + 4), 2));
    EXPECT_FALSE(read_share_fetch_head(body, 0));
    EXPECT_FALSE(read_share_fetch_head(body, 3));
}

}  // namespace
}  // namespace outrider::kafka::testing
