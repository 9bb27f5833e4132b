#include "sidecar/app/card_sender.hpp"

#include <atomic>

#include <gmock/gmock.h>

#include "sidecar/net/http_server.hpp"

namespace outrider::app {
namespace {

using namespace std::chrono_literals;

TEST(SendSchedule, SendsWhatIsNewAtOnceAndTheRestEveryTwoSeconds) {
    send_schedule schedule;
    const send_schedule::time_point begin{100s};
    EXPECT_TRUE(schedule.due("a", begin));
    schedule.sent(true, "a", begin, 0);
    EXPECT_FALSE(schedule.due("a", begin + 1'900ms));
    EXPECT_TRUE(schedule.due("b", begin + 250ms));
    EXPECT_TRUE(schedule.due("a", begin + 2s));
}

TEST(SendSchedule, WaitsLongerTheLongerNobodyHears) {
    send_schedule schedule;
    send_schedule::time_point now{100s};
    const auto wait_after_failure = [&] {
        schedule.sent(false, "a", now, 1);
        EXPECT_TRUE(schedule.failing());
        const auto from = now;
        while (!schedule.due("b", now)) now += 50ms;
        return now - from;
    };
    EXPECT_EQ(wait_after_failure(), 1s);
    EXPECT_EQ(wait_after_failure(), 2s);
    EXPECT_EQ(wait_after_failure(), 4s);
    EXPECT_EQ(wait_after_failure(), 5s);
    EXPECT_EQ(wait_after_failure(), 5s) << "a collector that is back hears of it soon";
    schedule.sent(true, "a", now, 1);
    EXPECT_FALSE(schedule.failing());
    EXPECT_TRUE(schedule.due("b", now));
}

TEST(CardsUrl, StandsBesideThatOfTheSpans) {
    config::tracing settings;
    settings.collector = "http://c:4318";
    settings.otlp_url = "http://c:4318/v1/traces";
    EXPECT_EQ(cards_url(settings), "http://c:4318/v1/sidecars");
    settings.otlp_url = "https://c/base/v1/traces/";
    EXPECT_EQ(cards_url(settings), "https://c/base/v1/sidecars");
    settings.disabled = true;
    EXPECT_EQ(cards_url(settings), "");
    settings.disabled = false;
    settings.collector = "";
    EXPECT_EQ(cards_url(settings), "") << "what is no collector of ours is told nothing";
}

TEST(RandomSecret, IsAnotherEachTime) {
    EXPECT_EQ(random_secret().size(), 32u);
    EXPECT_NE(random_secret(), random_secret());
}

/// A collector that counts.
class CardSender : public testing::Test {
  protected:
    std::unique_ptr<card_sender> sender(std::uint16_t port) {
        config::tracing settings;
        settings.collector = "http://127.0.0.1:" + std::to_string(port);
        settings.otlp_url = settings.collector + "/v1/traces";
        return card_sender::make(settings, [this](bool stops) {
            return encoded_card{stops ? "stopped" : "running", std::to_string(news.load()), 3};
        });
    }
    template <class Condition>
    static bool wait_for(Condition holds) {
        for (int i = 0; i < 3'000 && !holds(); ++i) std::this_thread::sleep_for(10ms);
        return holds();
    }

    std::atomic<int> news{0}, heard{0}, stopped{0};
    net::http_server server{{.listen = {"127.0.0.1", 0}}, [this](const net::server_request& request) {
                                EXPECT_EQ(request.path, "/v1/sidecars");
                                EXPECT_EQ(request.header("content-type"), "application/json");
                                ++(request.body == "stopped" ? stopped : heard);
                                return net::server_response{204, {}, {}, {}};
                            }};
};

TEST_F(CardSender, TellsAtOnceOnNewsAndALastTime) {
    const auto it = sender(server.port());
    it->start();
    EXPECT_TRUE(wait_for([&] { return heard >= 1; }));
    ++news;
    const auto before = heard.load();
    EXPECT_TRUE(wait_for([&] { return heard > before; }));
    it->stop(10s);
    EXPECT_EQ(stopped, 1);
    EXPECT_GE(it->stats().accepted, 3u);
    EXPECT_EQ(it->stats().failed, 0u);
    EXPECT_EQ(it->stats().left_out, 3u);
}

TEST_F(CardSender, IsInNobodysWayWhereNobodyListens) {
    const auto port = server.port();
    server.stop(0ms);
    const auto it = sender(port);
    it->start();
    EXPECT_TRUE(wait_for([&] { return it->stats().failed >= 1; }));
    const auto begin = std::chrono::steady_clock::now();
    it->stop(60s);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s) << "nothing is waited for";
    EXPECT_EQ(stopped, 0) << "who does not hear is not told goodbye";
}

TEST_F(CardSender, NeedsNoStart) { sender(server.port())->stop(0ms); }

}  // namespace
}  // namespace outrider::app
