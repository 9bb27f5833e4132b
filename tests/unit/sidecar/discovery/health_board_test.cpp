#include "sidecar/discovery/health_board.hpp"

#include <gmock/gmock.h>

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
using governance::health_state;
using governance::target_state;
using testing::HasSubstr;
using testing::MatchesRegex;

class HealthBoard : public testing::Test {
  protected:
    health_board::target_id application(std::uint16_t port = 9000) {
        health_target out;
        out.where.address = {"127.0.0.1", port};
        return board.add(out, now);
    }
    health_board::target_id endpoint(const std::string& upstream, std::uint16_t port, bool required = false) {
        health_target out;
        out.of = target_kind::upstream;
        out.name = upstream;
        out.where.address = {"127.0.0.1", port};
        out.how.fall = 1;
        out.how.required = required;
        return board.add(out, now);
    }
    health_board::news good(health_board::target_id which) {
        return board.note(which, {true, "accepts connections"}, false, 1ms, now += 1s);
    }
    health_board::news bad(health_board::target_id which, const std::string& why = "Connection refused",
                           bool timed_out = false) {
        return board.note(which, {false, why}, timed_out, 2ms, now += 1s);
    }
    health_state state() const { return board.verdict().state; }

    governance::time_point now{1h};
    health_board board{now};
};

TEST_F(HealthBoard, FollowsEveryApplication) {
    const auto one = application(1), two = application(2);
    good(one);
    EXPECT_EQ(state(), health_state::starting) << "the other has not been up";
    const auto second = good(two);
    EXPECT_TRUE(second.target_changed && second.verdict_changed && second.been_up);
    EXPECT_EQ(state(), health_state::healthy);
    good(one);  // it has rested from its first change
    bad(one);
    bad(one);
    const auto third = bad(one);
    EXPECT_EQ(third.state, target_state::down);
    EXPECT_EQ(third.text, "Connection refused");
    EXPECT_EQ(state(), health_state::unhealthy);
    EXPECT_EQ(board.verdict().why(), "application 127.0.0.1:1: Connection refused");
}

TEST_F(HealthBoard, TakesAnUpstreamForDownWhenNoneOfItsEndpointsMayBeUp) {
    good(application());
    board.add_upstream("stock", false, now);
    const auto one = endpoint("stock", 1), two = endpoint("stock", 2);
    good(one);
    good(one);
    EXPECT_TRUE(bad(two).target_changed);
    EXPECT_EQ(state(), health_state::healthy) << "one is left";
    EXPECT_TRUE(bad(one).verdict_changed);
    EXPECT_EQ(state(), health_state::degraded);
    EXPECT_EQ(board.verdict().why(), "upstream stock: none of its 2 endpoints is up; 127.0.0.1:1: Connection refused");
    EXPECT_FALSE(board.remove(one, now)) << "it is down as before";
    EXPECT_EQ(board.verdict().why(), "upstream stock: 127.0.0.1:2: Connection refused");
}

TEST_F(HealthBoard, JudgesAnewWhenEndpointsComeAndGo) {
    good(application());
    board.add_upstream("stock", true, now);
    EXPECT_TRUE(board.judge(now));
    EXPECT_EQ(state(), health_state::unhealthy);
    EXPECT_EQ(board.verdict().why(), "upstream stock: it has no endpoints");
    const auto one = endpoint("stock", 1);
    EXPECT_TRUE(board.judge(now));
    EXPECT_EQ(state(), health_state::healthy) << "not known to be down";
    EXPECT_TRUE(board.remove(one, now));
    EXPECT_EQ(state(), health_state::unhealthy);
    EXPECT_FALSE(bad(one).target_changed) << "it is gone";
}

TEST_F(HealthBoard, CountsResultsByTarget) {
    const auto one = application();
    good(one);
    bad(one);
    bad(one, "no answer within 1000ms", true);
    const auto seen = board.look();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen[0].label, "app:127.0.0.1:9000");
    EXPECT_TRUE(seen[0].up);
    EXPECT_EQ(seen[0].successes, 1U);
    EXPECT_EQ(seen[0].failures, 1U);
    EXPECT_EQ(seen[0].timeouts, 1U);
}

TEST_F(HealthBoard, ShowsEverythingAsAPage) {
    const auto one = application();
    good(one);
    for (int i = 0; i < 40; ++i) bad(one);
    const auto page = board.page(now, std::chrono::system_clock::time_point{std::chrono::seconds{1'795'000'000}});
    EXPECT_EQ(page["state"], "unhealthy");
    EXPECT_EQ(page["ready"], false);
    EXPECT_THAT(page["since"].get<std::string>(), MatchesRegex("2026-.*T..:..:..\\....Z"));
    EXPECT_EQ(page["reasons"][0]["what"], "application 127.0.0.1:9000");
    const auto& target = page["targets"][0];
    EXPECT_EQ(target["kind"], "tcp");
    EXPECT_EQ(target["part"], "application");
    EXPECT_EQ(target["state"], "down");
    EXPECT_EQ(target["in_a_row"], 40);
    EXPECT_EQ(target["last"]["latency_ms"], 2.0);
    EXPECT_EQ(target["history"].size(), health_board::kept_results);
    EXPECT_EQ(page["changes"].back()["state"], "unhealthy");
    EXPECT_EQ(page["changes"].size(), 3U);
}

TEST_F(HealthBoard, MakesHostileWordsPrintableAndShort) {
    const auto one = application();
    bad(one, "a\r\nb\x1b[31m\xff" + std::string(10'000, 'x'));
    const auto text = board.verdict().why() + board.page(now, {})["targets"][0]["text"].get<std::string>();
    EXPECT_THAT(text, HasSubstr("a??b?[31m?x"));
    EXPECT_LT(text.size(), 1'000U);
}

TEST_F(HealthBoard, NotesFailuresOfTraffic) {
    const auto one = application();
    for (int i = 0; i < 10; ++i) good(one);
    EXPECT_FALSE(board.note_traffic(one, 2, now).target_changed);
    EXPECT_TRUE(board.note_traffic(one, 3, now).verdict_changed);
    EXPECT_EQ(state(), health_state::unhealthy);
    EXPECT_THAT(board.verdict().why(), HasSubstr("3 requests in a row got no answer"));
}

}  // namespace
}  // namespace outrider::discovery
