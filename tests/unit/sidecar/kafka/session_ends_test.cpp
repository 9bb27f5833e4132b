// How sessions end: by either side, by a drain, by an abort, or because the other side does nothing any more.

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "tests/unit/sidecar/kafka/session.hpp"

namespace outrider::kafka::testing {
namespace {

constexpr std::int16_t list_offsets = 2, versions = 18;

TEST(KafkaSession, EndsBothSidesWhereEitherEnds) {
    kafka_session s;
    const auto asked = request(list_offsets, 1, 1, "abc");
    for (std::size_t sent = 0; sent <= asked.size(); ++sent) {
        auto client = s.connect();
        s.send(client, asked.substr(0, sent));
        s.settle();
        client->stream.close();
        EXPECT_TRUE(s.turn_until_idle()) << sent;
    }
    EXPECT_TRUE(s.turn_until([&] { return s.broker.ended == s.broker.connections; }));
    const auto told = answer(1, "abc");
    for (std::size_t sent = 0; sent <= told.size(); ++sent) {
        s.broker.on_frame = [&](const got_frame&) { return broker_reply{told.substr(0, sent), true}; };
        auto client = s.connect();
        s.send(client, asked);
        EXPECT_TRUE(s.turn_until([&] { return client->ended; })) << sent;
        EXPECT_EQ(client->seen, sent < 8 ? "" : told.substr(0, sent)) << "what was passed on is not lost";
    }
}

TEST(KafkaSession, GivesAClientThatEndedItsSendingTheAnswersItIsOwed) {
    kafka_session s;
    auto client = s.connect();
    s.send_and_end(client, request(list_offsets, 1, 1) + request(versions, 9, 2) + request(list_offsets, 1, 3));
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(correlations(client->answers()), (std::vector<std::int32_t>{1, 2, 3}));
}

TEST(KafkaSession, DrainsIdleSessionsAtOnceAndOthersWithTheirLastAnswer) {
    kafka_session s;
    auto idle = s.connect(), busy = s.connect();
    s.converse(idle, request(list_offsets, 1, 1), 1);
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    s.send(busy, request(list_offsets, 1, 2));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 2; }));
    s.path->drain();
    EXPECT_TRUE(s.turn_until([&] { return idle->ended; }));
    s.settle();
    EXPECT_FALSE(busy->ended);
    s.broker.say(answer(2, "ok"));
    EXPECT_TRUE(s.turn_until([&] { return busy->ended; }));
    EXPECT_EQ(busy->seen, answer(2, "ok"));
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, TakesNoFurtherRequestWhileItDrains) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    auto client = s.connect();
    s.send(client, request(list_offsets, 1, 1));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 1; }));
    s.path->drain();
    s.send(client, request(list_offsets, 1, 2));
    s.settle();
    EXPECT_EQ(s.broker.frames.size(), 1);
    s.broker.say(answer(1, "ok"));
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(client->seen, answer(1, "ok"));
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, EndsAClientThatComesWhileItDrains) {
    kafka_session s;
    auto client = s.connect();
    s.path->drain();
    s.send(client, request(list_offsets, 1, 1));
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, AbortsWhatIsUnderWay) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    auto client = s.connect();
    s.send(client, request(list_offsets, 1, 2) + std::string("\0\0\0\x50half a", 10));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 1; }));
    s.path->abort();
    EXPECT_TRUE(s.turn_until_idle());
}

TEST(KafkaSession, AbortsThoughNeitherSideTakesAnything) {
    kafka_session s;
    s.broker.deaf = true;
    auto client = s.connect(false);
    s.send(client, request(list_offsets, 1, 2, std::string(20'000'000, 'x')));
    s.settle();
    s.path->abort();
    EXPECT_TRUE(s.turn_until_idle());
    client->stream.close();
}

TEST(KafkaSession, TurnsAwayWhereNoBrokerListens) {
    kafka_session s([](config::settings&, config::kafka_cluster& c) { c.brokers.assign(1, {"127.0.0.1", 1}); });
    auto client = s.connect();
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(s.metrics().connections_failed.value(), 1U);
}

TEST(KafkaSession, EndsWithTheLastOwedAnswerEvenIfTheBrokerStays) {
    kafka_session s;
    // A broker that does not close at the end of the client's requests.
    std::string late;
    s.broker.on_frame = [&](const got_frame& of) {
        late = answer(of.correlation(), "late");
        return broker_reply{};
    };
    s.broker.closes_at_end = false;
    auto client = s.connect();
    s.send_and_end(client, request(list_offsets, 1, 1));
    ASSERT_TRUE(s.turn_until([&] { return !late.empty(); }));
    s.settle();
    s.broker.say(late);
    EXPECT_TRUE(s.turn_until([&] { return client->ended; }));
    EXPECT_EQ(client->seen, late);
}

TEST(KafkaSession, AbortsWhileItConnects) {
    kafka_session s([](config::settings&, config::kafka_cluster& c) {
        // Brokers that accept and then keep silent where a handshake is due.
        c.brokers.resize(3, c.brokers.front());
        c.protocol = config::broker_protocol::tls;
        c.connect = std::chrono::milliseconds{3'000};
    });
    s.broker.deaf = true;
    auto client = s.connect();
    ASSERT_TRUE(s.turn_until([&] { return s.broker.connections == 1; }));
    auto began = net::steady_clock::now();
    s.path->abort();
    EXPECT_TRUE(s.turn_until_idle());
    EXPECT_LT(net::steady_clock::now() - began, std::chrono::seconds{2});
    EXPECT_EQ(s.broker.connections, 1);
}

/// A session that the test looks into and after.
struct direct_session {
    explicit direct_session(kafka_session& on) {
        auto [ours, theirs] = net::connected_pair(on.worker.get_executor());
        hold_little(theirs);
        on.path->on_broker_connected = &hold_little;
        own = std::make_shared<kafka::session>(*on.path, std::move(theirs), net::tcp_endpoint{});
        on.worker.tasks().spawn(serve(own));
        client = std::make_shared<session_client>(std::move(ours));
    }
    /// So that what is written waits soon.
    static void hold_little(net::stream& made) {
        const int bytes = 4'096;
        EXPECT_EQ(::setsockopt(made.lower().native_handle(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes), 0);
    }
    static net::awaitable<void> serve(std::shared_ptr<kafka::session> own) { co_await own->serve(); }

    std::shared_ptr<kafka::session> own;
    client_ptr client;
};

TEST(KafkaSession, DoesNotCutTheLastAnswerOfADrain) {
    kafka_session s;
    const std::string large(2'000'000, 'x');
    s.broker.on_frame = [&](const got_frame& of) { return broker_reply{answer(of.correlation(), large)}; };
    direct_session direct{s};
    s.send(direct.client, request(list_offsets, 1, 1));
    ASSERT_TRUE(s.turn_until([&] { return s.broker.frames.size() == 1; }));
    s.settle();
    std::string seen;
    while (!direct.own->talk.expected.empty()) {
        seen += s.take(direct.client, 4'096);
        s.settle();
    }
    ASSERT_FALSE(direct.own->talk.answers_at_rest) << "the last bytes are read, but the client has no room for them";
    s.path->drain();
    direct.own->look(net::steady_clock::now());
    direct.own.reset();
    s.settle();
    s.read_on(direct.client);
    EXPECT_TRUE(s.turn_until([&] { return direct.client->ended; }));
    EXPECT_EQ(seen.size() + direct.client->seen.size(), large.size() + 8);
}

TEST(KafkaSession, EndsWhereABrokerTakesNoRequestsAnyMore) {
    kafka_session s;
    s.broker.deaf = true;
    direct_session direct{s};
    // Whole frames, one by one: none is ever unfinished.
    const auto frame = request(list_offsets, 1, 1, std::string(4'000, 'x'));
    boost::asio::const_buffer out{frame.data(), frame.size()};
    net::error_code ec;
    while (direct.client->stream.write_now({&out, 1}, ec) == frame.size()) s.worker.get_executor().context().poll();
    s.settle();
    direct.own->look(net::steady_clock::now() + std::chrono::seconds{59});
    s.settle();
    EXPECT_FALSE(direct.own->over);
    direct.own->look(net::steady_clock::now() + std::chrono::seconds{61});
    EXPECT_TRUE(direct.own->over);
    direct.own.reset();
    EXPECT_TRUE(s.turn_until_idle());
    direct.client->stream.close();
}

TEST(KafkaSession, EndsWhereTheLastAnswersNeverCome) {
    kafka_session s;
    s.broker.on_frame = [](const got_frame&) { return broker_reply{}; };
    s.broker.closes_at_end = false;
    direct_session direct{s};
    s.send_and_end(direct.client, request(list_offsets, 1, 1));
    s.settle();
    direct.own->look(net::steady_clock::now() + std::chrono::seconds{59});
    s.settle();
    EXPECT_FALSE(direct.own->over);
    direct.own->look(net::steady_clock::now() + std::chrono::seconds{61});
    direct.own.reset();
    EXPECT_TRUE(s.turn_until_idle());
}

}  // namespace
}  // namespace outrider::kafka::testing
