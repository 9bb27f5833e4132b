#include "sidecar/net/timer_wheel.hpp"

#include <memory>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::net {
namespace {

using namespace std::chrono_literals;

/// A wheel on an io_context, turned until something happened.
class TimerWheel : public testing::Test {
  protected:
    /// Turns until `happened` says so; false when it did not within five seconds.
    template <typename Happened>
    bool turn_until(Happened happened) {
        auto until = steady_clock::now() + 5s;
        context.restart();  // it may have run out of work before
        while (!happened() && steady_clock::now() < until) context.run_one_until(until);
        return happened();
    }
    /// Turns until a deadline of its own, armed for `when`, has fired: the wheel has then passed `when`.
    void turn_past(steady_clock::time_point when) {
        bool passed = false;
        deadline marker{wheel, [](void* flag) { *static_cast<bool*>(flag) = true; }, &passed};
        marker.arm(when);
        EXPECT_TRUE(turn_until([&] { return passed; }));
    }

    asio::io_context context;
    timer_wheel wheel{context};
};

/// A deadline that notes when it fires.
struct noted {
    explicit noted(timer_wheel& wheel) : it(wheel, &fire, this) {}
    static void fire(void* self) {
        auto& note = *static_cast<noted*>(self);
        ++note.times;
        note.at = steady_clock::now();
    }
    deadline it;
    int times = 0;
    steady_clock::time_point at{};
};

TEST_F(TimerWheel, FiresOnceAndNeverEarly) {
    noted note{wheel};
    auto when = steady_clock::now() + 35ms;
    note.it.arm(when);
    EXPECT_FALSE(note.it.expired());
    turn_past(when + 50ms);
    EXPECT_EQ(note.times, 1);
    EXPECT_GE(note.at, when);
    EXPECT_TRUE(note.it.expired());
}

TEST_F(TimerWheel, FiresWhatIsInThePastAtItsNextTick) {
    noted note{wheel};
    note.it.arm(steady_clock::now() - 1h);
    EXPECT_TRUE(turn_until([&] { return note.times == 1; }));
}

TEST_F(TimerWheel, MovesADeadlineLater) {
    noted note{wheel};
    auto now = steady_clock::now();
    note.it.arm(now + 20ms);
    note.it.arm(now + 120ms);
    turn_past(now + 60ms);
    EXPECT_EQ(note.times, 0);
    EXPECT_TRUE(turn_until([&] { return note.times == 1; }));
    EXPECT_GE(note.at, now + 120ms);
}

TEST_F(TimerWheel, MovesADeadlineEarlier) {
    noted note{wheel};
    auto now = steady_clock::now();
    note.it.arm(now + 1h);
    note.it.arm(now + 30ms);
    EXPECT_TRUE(turn_until([&] { return note.times == 1; }));
    EXPECT_LT(note.at, now + 3s);
    turn_past(steady_clock::now() + 30ms);
    EXPECT_EQ(note.times, 1);
}

TEST_F(TimerWheel, ForgetsADisarmedDeadlineUntilItIsArmedAgain) {
    noted note{wheel};
    auto now = steady_clock::now();
    note.it.arm(now + 20ms);
    note.it.disarm();
    turn_past(now + 60ms);
    EXPECT_EQ(note.times, 0);
    EXPECT_FALSE(note.it.expired());
    note.it.arm(steady_clock::now() + 20ms);
    EXPECT_TRUE(turn_until([&] { return note.times == 1; }));
}

TEST_F(TimerWheel, ArmingAgainForgetsTheExpiry) {
    noted note{wheel};
    note.it.arm(steady_clock::now() + 10ms);
    ASSERT_TRUE(turn_until([&] { return note.times == 1; }));
    note.it.arm(steady_clock::now() + 1h);
    EXPECT_FALSE(note.it.expired());
}

TEST_F(TimerWheel, KeepsDeadlinesThatAreManyTurnsAway) {
    // One turn is 5.12 s. What is hours away must not fire when the wheel passes the slot that it shares.
    noted far{wheel}, near{wheel};
    auto now = steady_clock::now();
    far.it.arm(now + 24h * 365 * 10);
    near.it.arm(now + 40ms);
    ASSERT_TRUE(turn_until([&] { return near.times == 1; }));
    EXPECT_EQ(far.times, 0);
    far.it.arm(now + 90ms);
    EXPECT_TRUE(turn_until([&] { return far.times == 1; }));
}

TEST_F(TimerWheel, CarriesADeadlineOverMoreThanOneTurn) {
    noted note{wheel};
    auto when = steady_clock::now() + 5'400ms;
    note.it.arm(when);
    auto until = when + 3s;
    while (note.times == 0 && steady_clock::now() < until) context.run_one_until(until);
    EXPECT_EQ(note.times, 1);
    EXPECT_GE(note.at, when);
    EXPECT_LT(note.at, when + 2s);
}

TEST_F(TimerWheel, SurvivesADeadlineThatDestroysItself) {
    struct owner {
        explicit owner(timer_wheel& wheel) : it(std::in_place, wheel, &fire, this) {}
        static void fire(void* self) {
            auto& me = *static_cast<owner*>(self);
            me.fired = true;
            me.it.reset();
        }
        std::optional<deadline> it;
        bool fired = false;
    } one{wheel};
    one.it->arm(steady_clock::now() + 10ms);
    EXPECT_TRUE(turn_until([&] { return one.fired; }));
    turn_past(steady_clock::now() + 20ms);
}

TEST_F(TimerWheel, SurvivesACallbackThatDestroysAllOthersOfItsSlot) {
    struct crowd {
        std::vector<std::unique_ptr<deadline>> all;
        int fired = 0;
    } crowd;
    auto when = steady_clock::now() + 30ms;
    auto fire = [](void* self) {
        auto& c = *static_cast<struct crowd*>(self);
        ++c.fired;
        c.all.clear();
    };
    for (int i = 0; i < 50; ++i) {
        crowd.all.push_back(std::make_unique<deadline>(wheel, fire, &crowd));
        crowd.all.back()->arm(when);
    }
    turn_past(when + 50ms);
    EXPECT_EQ(crowd.fired, 1);
}

TEST_F(TimerWheel, LetsACallbackMoveOthersOfItsSlot) {
    struct mover {
        explicit mover(timer_wheel& wheel) : first(wheel, &fire, this), second(wheel) {}
        static void fire(void* self) {
            auto& me = *static_cast<mover*>(self);
            me.moved_to = steady_clock::now() + 60ms;
            me.second.it.arm(me.moved_to);
            me.fired = true;
        }
        deadline first;
        noted second;
        steady_clock::time_point moved_to{};
        bool fired = false;
    } one{wheel};
    auto when = steady_clock::now() + 30ms;
    one.second.it.arm(when);
    one.first.arm(when);  // in front of the second within the slot
    ASSERT_TRUE(turn_until([&] { return one.second.times == 1; }));
    ASSERT_TRUE(one.fired);
    EXPECT_GE(one.second.at, one.moved_to);
}

TEST_F(TimerWheel, LetsACallbackArmItself) {
    struct repeating {
        explicit repeating(timer_wheel& wheel) : it(wheel, &fire, this) {}
        static void fire(void* self) {
            auto& me = *static_cast<repeating*>(self);
            if (++me.times < 3) me.it.arm(steady_clock::now() + 10ms);
        }
        deadline it;
        int times = 0;
    } one{wheel};
    one.it.arm(steady_clock::now() + 10ms);
    EXPECT_TRUE(turn_until([&] { return one.times == 3; }));
}

TEST_F(TimerWheel, FiresThousandsEachInItsOrder) {
    std::vector<std::unique_ptr<noted>> all;
    auto now = steady_clock::now();
    std::vector<steady_clock::time_point> when;
    for (int i = 0; i < 3'000; ++i) {
        all.push_back(std::make_unique<noted>(wheel));
        when.push_back(now + std::chrono::milliseconds{i * 37 % 400});
        all.back()->it.arm(when.back());
    }
    for (std::size_t i = 0; i < all.size(); i += 5) all[i]->it.disarm();
    for (std::size_t i = 1; i < all.size(); i += 5) all[i].reset();
    turn_past(now + 450ms);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!all[i]) continue;
        EXPECT_EQ(all[i]->times, i % 5 == 0 ? 0 : 1) << i;
        if (all[i]->times == 1) {
            EXPECT_GE(all[i]->at, when[i]) << i;
        }
    }
}

TEST_F(TimerWheel, LetsItsContextRunOutOfWorkOnceStopped) {
    noted note{wheel};
    note.it.arm(steady_clock::now() + 1h);
    wheel.stop();
    context.run();  // returns
    EXPECT_EQ(note.times, 0);
}

TEST(Deadline, MayOutliveItsWheel) {
    asio::io_context context;
    auto wheel = std::make_unique<timer_wheel>(context);
    deadline one{*wheel, [](void*) { FAIL(); }, nullptr};
    one.arm(steady_clock::now() + 1h);
    wheel.reset();
}

}  // namespace
}  // namespace outrider::net
