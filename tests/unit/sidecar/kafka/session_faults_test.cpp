// A conversation in which the Nth operation on one side's connection fails, for every N until none does: nothing may
// crash, leak, escape, hang or stay held.

#include <gtest/gtest.h>

#include "tests/unit/sidecar/kafka/batches.hpp"
#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {
namespace {

using namespace std::chrono_literals;

const std::string every_topic("\0\0\0\0\0\0\0", 7);

std::string small_batch() { return batch_of(std::vector<plain_record>{{0, 0, "key", "value", {}}}); }

/// A batch of one record with a value of so many bytes.
std::string large_batch(std::size_t size) {
    return batch_of(std::vector<plain_record>{{0, 0, "key", std::string(size, 'v'), {}}});
}

/// One with something of everything that sessions do: answers of their own, held, changed, streamed and dropped ones.
struct conversation_of_test {
    std::string name;
    std::string bytes;
    std::optional<std::int32_t> node{};  ///< the client came to; none: bootstrap
};

const std::vector<conversation_of_test>& conversations() {
    static const std::vector<conversation_of_test> all{
        {"opaque, own, named", request(18, 3, 1) + request(18, 9, 2) + request(3, 8, 3, every_topic) +
                                   request(2, 5, 4, "abc") + request(17, 1, 5, std::string("\0\6GSSAPI", 8))},
        {"produced", request(0, 9, 1, produce_body(9, -1, "t", {small_batch(), small_batch()})) +
                         request(0, 7, 2, produce_body(7, 0, "t", {small_batch()})) +
                         request(0, 7, 3, produce_body(7, 1, "t", {large_batch(200'000)})) +
                         request(0, 7, 4, produce_body(7, 1, "t", {large_batch(3'000'000)}))},
        {"fetched", request(1, 11, 1, "small") + request(1, 16, 2, "large") + request(1, 16, 3, "named")},
        {"committed", request(8, 2, 1, commit_body("t")) + request(8, 2, 2, "no commit")},
        {"raw tokens", request(17, 0, 1, std::string("\0\5PLAIN", 7))},
        {"at a node", request(3, 8, 3, every_topic) + request(2, 5, 4, "abc"), 7},
        {"never complete", request(2, 5, 1, "abc") + std::string("\0\0\1\0half", 8)},
    };
    return all;
}

broker_reply answer_to(const scripted_broker& broker, const got_frame& of) {
    const auto id = of.correlation();
    const auto version = of.version();
    switch (of.key()) {
        case 0:
            // Like the broker that answers what asked for no answer.
            return {answer(id, produce_answer_body(version, "t", id == 1 ? 2 : 1))};
        case 1:
            if (of.bytes.ends_with("small")) return {answer(id, fetch_answer_body(version, "t", small_batch(), 78))};
            return {answer(
                id, fetch_answer_body(version, "t", of.bytes.ends_with("large") ? large_batch(300'000) : small_batch(),
                                      78, node_endpoints("broker3.internal")))};
        case 8:
            return {answer(id, commit_answer_body("t"))};
        case 17:
            return {answer(id, std::string("\0\0\0\0\0\1\0\5PLAIN", 13))};
        default:
            return broker.usual(of);
    }
}

enum class side { client, broker };

/// @return whether the fault fired
bool converse_with_fault(const conversation_of_test& talk, side where, std::size_t nth) {
    kafka_session s;
    auto plan = std::make_shared<test::fault_plan>();
    plan->fail_at = nth;
    (where == side::client ? s.client_faults : s.broker_faults) = plan;
    s.broker.on_frame = [&](const got_frame& of) { return answer_to(s.broker, of); };
    auto what = "operation " + std::to_string(nth) + " of the " + (where == side::client ? "client" : "broker") + ": " +
                talk.name;
    auto started = net::steady_clock::now();
    auto client = talk.node ? s.connect_to_node(*talk.node) : s.connect();
    s.send_and_end(client, talk.bytes);
    EXPECT_TRUE(s.turn_until([&] { return client->ended; })) << what;
    client->stream.close();
    EXPECT_TRUE(s.turn_until_idle()) << what;
    EXPECT_LT(net::steady_clock::now() - started, 4s) << what << ": only a deadline ended it";
    EXPECT_EQ(s.worker.tasks().escaped(), 0U) << what;
    EXPECT_EQ(s.metrics().connections_open.value(), 0U) << what;
    EXPECT_EQ(s.metrics().connections_accepted.value(), 1U) << what;
    EXPECT_TRUE(s.nothing_held()) << what;
    // What is streamed is hidden under another tag; what is held is rewritten.
    if (talk.name != "fetched") {
        EXPECT_EQ(client->seen.find("internal"), std::string::npos) << what;
    }
    return plan->fired();
}

class KafkaSessionFaults : public ::testing::TestWithParam<side> {};

TEST_P(KafkaSessionFaults, AtEveryOperationEndTheSessionAndNothingElse) {
    for (const auto& talk : conversations()) {
        std::size_t nth = 1;
        while (converse_with_fault(talk, GetParam(), nth)) {
            ASSERT_LT(++nth, 2'000U);
            if (HasFailure()) return;
        }
        EXPECT_GT(nth, 2U) << talk.name << ": faults were injected at all";
    }
}

INSTANTIATE_TEST_SUITE_P(OnTheConnection, KafkaSessionFaults, ::testing::Values(side::client, side::broker),
                         [](const auto& where) { return where.param == side::client ? "OfTheClient" : "ToTheBroker"; });

}  // namespace
}  // namespace outrider::kafka::testing
