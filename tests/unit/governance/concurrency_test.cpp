#include "governance/concurrency.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

using enum concurrency_limiter::verdict;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr time_point start{std::chrono::hours{1}};
constexpr auto second = std::chrono::seconds{1};

concurrency_rule fixed(std::uint32_t max, std::uint32_t queue = 0) {
    concurrency_rule rule;
    rule.max = max;
    rule.queue = queue;
    return rule;
}

/// Who was called, in order: number, and whether with a slot.
struct call {
    int number;
    bool granted;
    bool operator==(const call&) const = default;
};

struct numbered : slot_waiter {
    numbered(int of, std::vector<call>& into) : number{of}, calls{&into} {
        on_granted = [](slot_waiter* self) {
            auto* me = static_cast<numbered*>(self);
            me->calls->push_back({me->number, me->granted});
        };
    }
    int number;
    std::vector<call>* calls;
};

class Slots : public testing::Test {
  protected:
    void with(const concurrency_rule& rule) { limiter = std::make_unique<concurrency_limiter>(rule, start); }
    concurrency_limiter::verdict enter(priority of = priority::normal, slot_waiter* waiter = nullptr) {
        return limiter->enter(of, waiter, now);
    }
    std::uint32_t enter_until_refused(priority of) {
        std::uint32_t entered = 0;
        while (enter(of) == go) ++entered;
        return entered;
    }
    void leave(std::uint32_t times = 1) {
        while (times-- > 0) limiter->leave(outcome::success, std::chrono::milliseconds{1}, now);
    }
    numbered& waiter(int number) { return *waiters.emplace_back(std::make_unique<numbered>(number, calls)); }

    std::vector<call> calls;
    std::vector<std::unique_ptr<numbered>> waiters;
    std::unique_ptr<concurrency_limiter> limiter;
    time_point now = start;
};

TEST_F(Slots, AdmitAsManyAsTheLimitAndNoMore) {
    with(fixed(3));
    EXPECT_EQ(enter(), go);
    EXPECT_EQ(enter(), go);
    EXPECT_EQ(enter(), go);
    EXPECT_EQ(enter(), refuse);
    leave();
    EXPECT_EQ(enter(), go);
    EXPECT_EQ(enter(), refuse);
    auto view = limiter->look();
    EXPECT_EQ(view.limit, 3u);
    EXPECT_EQ(view.under_way, 3u);
    EXPECT_EQ(view.waiting, 0u);
    EXPECT_EQ(view.shed, 2u);
}

TEST_F(Slots, OfARuleThatSaysNoneAreOne) {
    with(fixed(0));
    EXPECT_EQ(enter(), go);
    EXPECT_EQ(enter(), refuse);
}

TEST_F(Slots, AreNotWaitedForWithoutAWaiter) {
    with(fixed(1, 5));
    EXPECT_EQ(enter(), go);
    EXPECT_EQ(enter(), refuse);
    EXPECT_EQ(enter(priority::normal, &waiter(1)), wait);
    EXPECT_EQ(enter(priority::critical), refuse);
    leave();
    leave();
}

TEST_F(Slots, GoToWhoCameFirst) {
    with(fixed(1, 3));
    enter();
    for (int i = 1; i <= 3; ++i) EXPECT_EQ(enter(priority::normal, &waiter(i)), wait);
    EXPECT_EQ(limiter->look().waiting, 3u);
    leave();
    EXPECT_THAT(calls, ElementsAre(call{1, true}));
    leave();
    leave();
    EXPECT_THAT(calls, ElementsAre(call{1, true}, call{2, true}, call{3, true}));
    EXPECT_EQ(limiter->look().under_way, 1u);
    leave();
    EXPECT_EQ(limiter->look().under_way, 0u);
}

TEST_F(Slots, GoToTheHighestPriorityFirst) {
    with(fixed(1, 10));
    enter();
    enter(priority::low, &waiter(1));
    enter(priority::normal, &waiter(2));
    enter(priority::critical, &waiter(3));
    enter(priority::high, &waiter(4));
    enter(priority::critical, &waiter(5));
    leave(6);
    EXPECT_THAT(calls, ElementsAre(call{3, true}, call{5, true}, call{4, true}, call{2, true}, call{1, true}));
}

TEST_F(Slots, OfAFullQueueShedTheLowestPriorityLastComeForAHigherOne) {
    with(fixed(1, 3));
    enter();
    enter(priority::low, &waiter(1));
    enter(priority::low, &waiter(2));
    enter(priority::normal, &waiter(3));
    EXPECT_EQ(enter(priority::high, &waiter(4)), wait);
    EXPECT_THAT(calls, ElementsAre(call{2, false}));
    EXPECT_EQ(limiter->look().waiting, 3u);
    EXPECT_EQ(limiter->look().shed, 1u);
    EXPECT_FALSE(limiter->withdraw(*waiters[1])) << "it holds nothing";
    calls.clear();
    leave(4);
    EXPECT_THAT(calls, ElementsAre(call{4, true}, call{3, true}, call{1, true}));
}

TEST_F(Slots, OfAFullQueueAreNotForEquals) {
    with(fixed(1, 2));
    enter();
    enter(priority::normal, &waiter(1));
    enter(priority::high, &waiter(2));
    EXPECT_EQ(enter(priority::normal, &waiter(3)), refuse);
    EXPECT_EQ(enter(priority::low, &waiter(4)), refuse);
    EXPECT_THAT(calls, IsEmpty());
    EXPECT_EQ(limiter->look().shed, 2u);
    leave(3);
}

TEST_F(Slots, WithdrawnFromAreLeftInTheQueueToTheOthers) {
    with(fixed(1, 3));
    enter();
    for (int i = 1; i <= 3; ++i) enter(priority::normal, &waiter(i));
    EXPECT_FALSE(limiter->withdraw(*waiters[1]));
    EXPECT_FALSE(limiter->withdraw(*waiters[1]));
    EXPECT_EQ(limiter->look().waiting, 2u);
    leave(3);
    EXPECT_THAT(calls, ElementsAre(call{1, true}, call{3, true}));
    EXPECT_EQ(limiter->look().under_way, 0u);
}

TEST_F(Slots, GrantedBeforeTheWithdrawalAreTheCallers) {
    with(fixed(1, 1));
    enter();
    enter(priority::normal, &waiter(1));
    leave();
    EXPECT_TRUE(limiter->withdraw(*waiters[0]));
    EXPECT_EQ(limiter->look().under_way, 1u);
    leave();
    EXPECT_EQ(limiter->look().under_way, 0u);
}

TEST_F(Slots, CanBeWaitedForAgainByTheSameWaiter) {
    with(fixed(1, 1));
    enter();
    auto& again = waiter(1);
    EXPECT_EQ(enter(priority::normal, &again), wait);
    leave();
    EXPECT_EQ(enter(priority::normal, &waiter(2)), wait);
    leave();
    EXPECT_EQ(enter(priority::high, &again), wait);
    EXPECT_FALSE(again.granted);
    leave();
    EXPECT_TRUE(again.granted);
    leave();
}

TEST_F(Slots, AreAllForThoseWhoGiveNoPriorities) {
    with(fixed(100));
    EXPECT_EQ(enter_until_refused(priority::normal), 100u);
    leave(100);
    now += 11 * second;
    EXPECT_EQ(enter_until_refused(priority::low), 100u);
    leave(100);
}

TEST_F(Slots, AreKeptForHigherPrioritiesThatAsk) {
    struct {
        std::uint32_t slots, low, normal, high;
    } table[] = {{100, 80, 95, 100}, {10, 8, 10, 10}, {20, 16, 19, 20}, {9, 9, 9, 9}, {1, 1, 1, 1}};
    for (auto [slots, low, normal, high] : table) {
        with(fixed(slots));
        ASSERT_EQ(enter(priority::critical), go);
        leave();
        EXPECT_EQ(enter_until_refused(priority::low), low) << slots;
        EXPECT_EQ(enter_until_refused(priority::normal), normal - low) << slots;
        EXPECT_EQ(enter_until_refused(priority::high), high - normal) << slots;
        EXPECT_EQ(enter_until_refused(priority::critical), 0u) << slots;
        leave(slots);
    }
}

TEST_F(Slots, AreKeptForTenSecondsAfterTheLastThatAsked) {
    with(fixed(100));
    enter(priority::high);
    leave();
    now += 9 * second;
    EXPECT_EQ(enter_until_refused(priority::normal), 95u);
    now += 2 * second;
    EXPECT_EQ(enter_until_refused(priority::normal), 5u);
    leave(100);
}

TEST_F(Slots, KeptAreTakenPastALowerPriorityThatWaits) {
    with(fixed(10, 5));
    enter(priority::high);
    while (enter(priority::low) == go) continue;
    EXPECT_EQ(limiter->look().under_way, 8u);
    EXPECT_EQ(enter(priority::low, &waiter(1)), wait);
    EXPECT_EQ(enter(priority::high, &waiter(2)), go);
    EXPECT_EQ(enter(priority::low, &waiter(3)), wait);
    leave();
    EXPECT_THAT(calls, IsEmpty()) << "8 are under way, and 2 slots kept";
    leave();
    EXPECT_THAT(calls, ElementsAre(call{1, true}));
    leave(9);
    EXPECT_EQ(limiter->look().under_way, 0u);
}

TEST_F(Slots, KeptInVainAreGivenToThoseWhoWait) {
    with(fixed(10, 5));
    enter(priority::high);
    while (enter(priority::low) == go) continue;
    EXPECT_EQ(enter(priority::low, &waiter(1)), wait);
    EXPECT_EQ(enter(priority::low, &waiter(2)), wait);
    now += 11 * second;
    EXPECT_EQ(enter(priority::low, &waiter(3)), wait) << "the others came first";
    EXPECT_THAT(calls, ElementsAre(call{1, true}, call{2, true}));
    leave(11);
}

/// What must hold at every moment, whatever is done in whatever order.
TEST_F(Slots, AreNeitherLostNorGivenTwice) {
    std::mt19937 random{7};
    for (std::uint32_t slots : {1u, 3u, 12u, 40u}) {
        with(fixed(slots, 5));
        std::uint32_t held = 0;
        for (int step = 0; step < 20'000; ++step) {
            now += std::chrono::milliseconds{random() % 40};
            auto of = static_cast<priority>(random() % (random() % 1000 < 20 ? 4 : 2));
            auto before = static_cast<std::uint32_t>(calls.size());
            switch (random() % 5) {
                case 0: {
                    auto said = enter(of, &waiter(step));
                    held += said == go;
                    ASSERT_EQ(said == wait, waiters.back()->queued || waiters.back()->granted);
                    break;
                }
                case 1:
                    held += enter(of) == go;
                    break;
                case 2:
                    if (!waiters.empty()) {
                        auto& one = *waiters[random() % waiters.size()];
                        ASSERT_EQ(limiter->withdraw(one), one.granted);
                    }
                    break;
                default:
                    if (held > 0) leave(), --held;
            }
            for (auto i = before; i < calls.size(); ++i) held += calls[i].granted;
            std::erase_if(waiters, [](const auto& one) { return !one->queued; });
            auto view = limiter->look();
            ASSERT_EQ(view.under_way, held);
            ASSERT_LE(view.under_way, slots);
            ASSERT_EQ(view.waiting, waiters.size());
            ASSERT_LE(view.waiting, 5u);
            auto open = slots < 10 ? slots : (slots * 80 + 99) / 100;
            ASSERT_TRUE(view.waiting == 0 || view.under_way >= open) << "somebody waits beside a free slot";
        }
        for (auto& one : waiters) limiter->withdraw(*one);
        waiters.clear();
        leave(held);
        EXPECT_EQ(limiter->look().under_way, 0u);
        EXPECT_EQ(limiter->look().waiting, 0u);
    }
}

TEST_F(Slots, AreExactOverThreads) {
    constexpr int threads = 4, rounds = 20'000;
    with(fixed(3));
    std::atomic<int> inside{0}, most{0}, entered{0};
    auto work = [&] {
        for (int i = 0; i < rounds; ++i) {
            if (limiter->enter(priority::normal, nullptr, start) != go) continue;
            auto count = inside.fetch_add(1) + 1;
            for (auto seen = most.load(); seen < count && !most.compare_exchange_weak(seen, count);) continue;
            if (i % 64 == 0) std::this_thread::yield();
            entered.fetch_add(1);
            inside.fetch_sub(1);
            limiter->leave(outcome::success, std::chrono::milliseconds{1}, start);
        }
    };
    {
        std::vector<std::jthread> all;
        for (int i = 0; i < threads; ++i) all.emplace_back(work);
    }
    EXPECT_LE(most, 3);
    auto view = limiter->look();
    EXPECT_EQ(view.under_way, 0u);
    EXPECT_EQ(view.shed + static_cast<std::uint64_t>(entered), std::uint64_t{threads} * rounds);
}

/// A slot that comes free while somebody queues wakes them: with a wake-up lost this would not end.
TEST_F(Slots, WakeEveryoneWhoWaitsOverThreads) {
    constexpr int threads = 4, rounds = 5'000;
    struct sleeper : slot_waiter {
        std::atomic<int> called{0};  ///< 1: with a slot, 2: shed
    };
    for (bool adaptive : {false, true}) {
        auto rule = fixed(2, 2);
        rule.adaptive = adaptive;
        rule.initial = 2;
        with(rule);
        std::atomic<int> inside{0}, granted{0}, shed{0}, withdrawn{0};
        std::atomic<bool> too_many{false};
        auto work = [&](unsigned seed) {
            std::mt19937 random{seed};
            for (int i = 0; i < rounds; ++i) {
                auto time = start + i * std::chrono::milliseconds{1};
                sleeper me;
                me.on_granted = [](slot_waiter* self) {
                    static_cast<sleeper*>(self)->called.store(self->granted ? 1 : 2, std::memory_order_release);
                };
                auto said = limiter->enter(static_cast<priority>(random() % 4), &me, time);
                bool gives_up = random() % 4 == 0;
                if (said == wait && gives_up) {
                    bool mine = limiter->withdraw(me);
                    ASSERT_EQ(mine, me.called == 1);
                    withdrawn += !mine;
                    said = mine ? go : refuse;
                } else if (said == wait) {
                    int how;
                    while ((how = me.called.load(std::memory_order_acquire)) == 0) std::this_thread::yield();
                    (how == 1 ? granted : shed)++;
                    said = how == 1 ? go : refuse;
                }
                if (said != go) continue;
                if (inside.fetch_add(1) >= 2) too_many = true;
                if (i % 8 == 0) std::this_thread::yield();
                inside.fetch_sub(1);
                limiter->leave(outcome::success, std::chrono::microseconds{random() % 5000}, time);
            }
        };
        {
            std::vector<std::jthread> all;
            for (unsigned i = 0; i < threads; ++i) all.emplace_back(work, i);
        }
        EXPECT_FALSE(too_many);
        EXPECT_GT(granted, 0);
        EXPECT_EQ(limiter->look().under_way, 0u);
        EXPECT_EQ(limiter->look().waiting, 0u);
    }
}

}  // namespace
}  // namespace outrider::governance
