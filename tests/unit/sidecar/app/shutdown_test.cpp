#include "sidecar/app/shutdown.hpp"

#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::app {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using testing::ElementsAre;

/// A sidecar whose connections come and go at times that a test sets, counted from the beginning of the stop.
struct world {
    config::stop how;
    milliseconds drain = 10s;
    milliseconds passed{0};
    std::vector<std::string> log;                              ///< "close_inbound 0"
    std::map<milliseconds, open_connections> open{{0ms, {}}};  ///< from then on
    std::map<milliseconds, bool> refuses{{0ms, false}};        ///< from then on
    std::map<milliseconds, std::function<void()>> events;      ///< then
    std::atomic<bool> hurry{false};
    bool has_inbound = true, cut_helps = true;
    milliseconds withdrawal{0};
    std::unique_ptr<shutdown> running;

    void note(const std::string& what) { log.push_back(what + " " + std::to_string(passed.count())); }
    template <class Value>
    Value at_this_time(const std::map<milliseconds, Value>& from) const {
        return std::prev(from.upper_bound(passed))->second;
    }
    void sleep(milliseconds time) {
        passed += time;
        while (!events.empty() && events.begin()->first <= passed) {
            auto event = events.begin()->second;
            events.erase(events.begin());
            event();
        }
    }
    stop_actions actions() {
        stop_actions out;
        out.withdraw = [this](milliseconds most) {
            note("withdraw");
            sleep(std::min(most, withdrawal));
        };
        out.has_callers = has_inbound;
        if (has_inbound) out.application_refuses = [this] { return at_this_time(refuses); };
        out.close_inbound = [this] { note("close_inbound"); };
        out.stop_inbound = [this] { note("stop_inbound"); };
        out.stop_accepting = [this] { note("stop_accepting"); };
        out.close_all = [this] { note("close_all"); };
        out.cut = [this] {
            note("cut");
            if (cut_helps) open = {{0ms, {}}};
        };
        out.deliver = [this](milliseconds most) { note("deliver within " + std::to_string(most.count())); };
        out.open = [this] { return at_this_time(open); };
        return out;
    }
    void run() {
        stop_clock clock;
        clock.now = [this] { return stop_clock::time_point{} + 1h + passed; };
        clock.sleep = [this](milliseconds time) { sleep(time); };
        running = std::make_unique<shutdown>(drain, how, actions(), clock);
        EXPECT_FALSE(running->look());
        running->run(hurry);
    }
};

open_connections some(std::size_t inbound, std::size_t outbound, std::size_t kafka, std::uint64_t accepted = 0) {
    return {inbound, outbound, kafka, accepted};
}

TEST(Shutdown, TakesAMomentWhenNothingIsOpen) {
    world w;
    w.run();
    EXPECT_THAT(w.log, ElementsAre("withdraw 0", "close_inbound 0", "stop_accepting 200", "close_all 200",
                                   "deliver within 5000 300"));
    EXPECT_EQ(w.running->look()->phase, stop_phase::delivering);
}

TEST(Shutdown, ServesAsBeforeUntilCallersHaveHeardOfIt) {
    world w;
    w.how.delay = 3s;
    w.withdrawal = 100ms;
    w.open = {{0ms, some(3, 0, 0)}, {5s, {}}};
    w.run();
    EXPECT_THAT(w.log, ElementsAre("withdraw 0", "close_inbound 3100", "stop_accepting 5180", "close_all 5180",
                                   "deliver within 5000 5280"));
}

TEST(Shutdown, DoesNotLetCallersHearOfAnEndThatHasCome) {
    world w;
    w.how.delay = 3s;
    w.refuses = {{0ms, false}, {1s, true}};
    w.run();
    EXPECT_EQ(w.log[1], "close_inbound 1040");
    world nobody_comes;
    nobody_comes.how.delay = 3s;
    nobody_comes.has_inbound = false;
    nobody_comes.run();
    EXPECT_EQ(nobody_comes.log[1], "close_inbound 0");
}

TEST(Shutdown, WaitsForARegistryThatCannotBeReachedForASecond) {
    world w;
    w.withdrawal = 1h;
    w.run();
    EXPECT_EQ(w.log[1], "close_inbound 1000");
}

TEST(Shutdown, KeepsWhatTheApplicationUsesOpenUntilItHasGone) {
    world w;
    w.open = {{0ms, some(2, 1, 3)}, {1s, some(0, 1, 3)}, {2s, some(0, 0, 1)}, {6s, {}}};
    w.run();
    EXPECT_THAT(w.log, ElementsAre("withdraw 0", "close_inbound 0", "stop_accepting 6180", "close_all 6180",
                                   "deliver within 5000 6280"));
}

TEST(Shutdown, TakesAConnectionThatCameAndWentForASignOfLife) {
    world w;
    w.open = {{0ms, some(0, 0, 0, 7)}, {150ms, some(0, 0, 0, 8)}, {300ms, some(0, 0, 0, 9)}};
    w.run();
    EXPECT_EQ(w.log[2], "stop_accepting 500");
}

TEST(Shutdown, TurnsCallersAwayOnceTheApplicationDoesButLetsItFinish) {
    world w;
    w.open = {{0ms, some(4, 1, 1)}, {2s, some(1, 1, 1)}, {4s, {}}};
    w.refuses = {{0ms, false}, {1s, true}};
    w.run();
    EXPECT_THAT(w.log, ElementsAre("withdraw 0", "close_inbound 0", "stop_inbound 1040", "stop_accepting 4180",
                                   "close_all 4180", "deliver within 5000 4280"));
}

TEST(Shutdown, LeavesTimeForTheLastBeforeTheDeadlineAndCutsOffWhatIsLeft) {
    world w;
    w.open = {{0ms, some(1, 1, 1)}};
    w.run();
    EXPECT_THAT(w.log, ElementsAre("withdraw 0", "close_inbound 0", "stop_accepting 8000", "close_all 8000",
                                   "cut 10000", "deliver within 5000 10000"));
}

TEST(Shutdown, WithoutADrainCutsAtOnce) {
    world w;
    w.drain = 0ms;
    w.open = {{0ms, some(1, 0, 0)}};
    w.run();
    EXPECT_THAT(w.log, ElementsAre("withdraw 0", "close_inbound 0", "stop_accepting 0", "close_all 0", "cut 0",
                                   "deliver within 5000 0"));
}

TEST(Shutdown, GoesOnAfterASecondWhereCuttingDoesNotHelp) {
    world w;
    w.drain = 0ms;
    w.cut_helps = false;
    w.open = {{0ms, some(1, 0, 0)}};
    w.run();
    EXPECT_EQ(w.log.back(), "deliver within 5000 1000");
}

TEST(Shutdown, HurriesInEveryPhase) {
    for (const auto when : std::initializer_list<milliseconds>{1s, 5s, 9'500ms}) {
        world w;
        w.how.delay = 3s;
        w.drain = 8s;
        w.open = {{0ms, some(1, 1, 1)}};
        w.events[when] = [&w] { w.hurry = true; };
        w.run();
        EXPECT_LE(w.passed, when + 20ms);
        EXPECT_EQ(w.log[w.log.size() - 2], "cut " + std::to_string(w.passed.count()));
        EXPECT_TRUE(w.log.back().starts_with("deliver within 500 ")) << w.log.back();
    }
}

TEST(Shutdown, TellsWhereItIs) {
    world w;
    w.how.delay = 1s;
    w.open = {{0ms, some(1, 1, 1)}};
    std::vector<std::string> seen;
    for (const auto when : std::initializer_list<milliseconds>{500ms, 2s, 10s})
        w.events[when] = [&] {
            const auto progress = w.running->look();
            const auto left = progress->deadline - std::chrono::system_clock::now();
            seen.push_back(std::string{name_of(progress->phase)} + " " +
                           std::to_string(std::chrono::round<std::chrono::seconds>(left).count()));
        };
    w.run();
    // The deadline was set when the phase began: all of it at the beginning, what was left of it later.
    EXPECT_THAT(seen, ElementsAre("announcing 11", "draining 10", "closing 2"));
    EXPECT_EQ(w.running->longest(), 1s + 1s + 10s + 1s + 5s);
}

}  // namespace
}  // namespace outrider::app
