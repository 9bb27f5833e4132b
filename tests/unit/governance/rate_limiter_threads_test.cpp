// Limits that several threads take from at once, in virtual time.
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "governance/rate_limiter.hpp"
#include "governance/warm_up.hpp"
#include "tests/unit/governance/limit_rules.hpp"

namespace outrider::governance {
namespace {

using std::chrono::seconds;

/// Hands each caller the next moment. Between that and the decision other threads pass by: the limiter sees times a
/// little out of order.
class virtual_clock {
  public:
    virtual_clock(nanoseconds step, nanoseconds end) : step_(step.count()), end_(end.count()) {}
    bool next(nanoseconds& now) {
        now = nanoseconds{now_.fetch_add(step_, std::memory_order_relaxed)};
        return now.count() < end_;
    }

  private:
    std::atomic<std::int64_t> now_{0};
    const std::int64_t step_, end_;
};

template <typename Work>
void on_threads(int count, Work work) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&work, i] { work(i); });
    for (auto& thread : threads) thread.join();
}

TEST(RateLimiterThreads, AdmitTogetherExactlyTheRate) {
    constexpr int rate = 1'000, burst = 100, length = 50;
    for (bool keyed : {false, true}) {
        rate_limiter limiter{keyed ? keyed_rule(rate, burst) : rule_of(rate, burst), created};
        virtual_clock clock{nanoseconds{1'000'000'000 / (4 * rate)}, seconds{length}};
        std::atomic<int> admitted{0};
        on_threads(2, [&](int) {
            int mine = 0;
            for (nanoseconds now{0}; clock.next(now);) mine += takes(limiter, created + now, 1, "the same");
            admitted += mine;
        });
        EXPECT_LE(admitted, rate * length + burst);
        EXPECT_GE(admitted, (rate * length + burst) * 99 / 100);
    }
}

TEST(RateLimiterThreads, AdmitEveryKeyExactlyItsRateUnderAFlood) {
    constexpr int rate = 10, burst = 5, length = 20, keys = 8;
    rate_limiter limiter{keyed_rule(rate, burst, 5), created};
    virtual_clock clock{nanoseconds{1'000'000'000 / (4 * rate * keys * 2)}, seconds{length}};
    std::atomic<int> admitted[keys]{}, flood{0};
    on_threads(2, [&](int) {
        int turn = 0;
        for (nanoseconds now{0}; clock.next(now); ++turn) {
            int key = turn % keys;
            admitted[key] += takes(limiter, created + now, 1, "key-" + std::to_string(key));
            takes(limiter, created + now, 1, "flood-" + std::to_string(flood++));
        }
    });
    for (auto& each : admitted) {
        EXPECT_LE(each, rate * length + burst);
        EXPECT_GE(each, (rate * length + burst) * 95 / 100);
    }
    EXPECT_GT(limiter.look(created).overflowed, 100u);
}

TEST(RateLimiterThreads, ShareTheOverflowBucketExactly) {
    constexpr int rate = 10, burst = 20, length = 20;
    rate_limiter limiter{keyed_rule(rate, burst, 20), created};
    rate_ticket debt;
    // Every place belongs to a key that is not full for an hour.
    for (int i = 0; limiter.look(created).overflowed < 2'000; ++i) {
        if (limiter.take("debtor-" + std::to_string(i), 1, created, debt).overflow) continue;
        limiter.charge(debt, rate * 3'600, created);
    }
    virtual_clock clock{milliseconds{1}, seconds{length}};
    std::atomic<int> admitted{0}, number{0};
    on_threads(2, [&](int) {
        for (nanoseconds now{0}; clock.next(now);) {
            rate_ticket ticket;
            auto said = limiter.take("new-" + std::to_string(number++), 1, created + now, ticket);
            EXPECT_TRUE(said.overflow);
            admitted += said.admitted;
        }
    });
    EXPECT_LE(admitted, rate * length);  // its burst was spent before
    EXPECT_GE(admitted, rate * length * 98 / 100);
}

TEST(RateLimiterThreads, InsertTheSameNewKeyOnce) {
    for (int round = 0; round < 300; ++round) {
        rate_limiter limiter{keyed_rule(0.001, 3, 10), created};
        std::atomic<int> admitted{0}, ready{0};
        on_threads(2, [&](int) {
            ++ready;
            while (ready < 2) std::this_thread::yield();
            admitted += taken_at_once(limiter, created, 3, "new");
        });
        ASSERT_EQ(admitted, 3) << round;
        ASSERT_EQ(limiter.look(created).keys, 1u);
    }
}

TEST(RateLimiterThreads, GiveBackAndChargeWithoutLosingCount) {
    // Taken, and given back or charged once more, by turns: whatever meets, never more than the burst is out.
    constexpr int burst = 10;
    for (bool keyed : {false, true}) {
        rate_limiter limiter{keyed ? keyed_rule(1e-6, burst, 10) : rule_of(1e-6, burst), created};
        std::atomic<int> out{0}, most{0};
        on_threads(2, [&](int) {
            for (int i = 0; i < 20'000; ++i) {
                rate_ticket ticket;
                if (!limiter.take("key", 1, created, ticket).admitted) continue;
                auto now_out = ++out;
                auto seen = most.load();
                while (seen < now_out && !most.compare_exchange_weak(seen, now_out)) {
                }
                --out;
                limiter.restore(ticket);
            }
        });
        EXPECT_LE(most, burst);
    }
}

TEST(RateLimiterThreads, WarmUpTogether) {
    constexpr int rate = 900;
    auto rule = rule_of(rate, 9);
    rule.warm_up = seconds{6};
    rate_limiter limiter{rule, created};
    std::atomic<int> admitted{0};
    for (auto from : {seconds{0}, seconds{100}, seconds{200}}) {  // each time after an idle time
        admitted = 0;
        virtual_clock clock{nanoseconds{1'000'000'000 / (4 * rate)}, seconds{9}};
        on_threads(2, [&](int) {
            for (nanoseconds now{0}; clock.next(now);) admitted += takes(limiter, created + from + now);
        });
        EXPECT_LE(admitted, rate * 7 + 9) << from.count();  // a warm-up costs a third of its length
        EXPECT_GE(admitted, rate * 7 * 99 / 100) << from.count();
    }
}

TEST(RateLimiterThreads, ReadOneStateOfAWarmUp) {
    warm_up warming{nanoseconds{30}};
    std::atomic<bool> over{false};
    on_threads(2, [&](int number) {
        if (number == 0) {
            for (int i = 1; i <= 100'000; ++i) warming.use(nanoseconds{i * 40});  // a restart each time
            over = true;
            return;
        }
        while (!over) {
            auto seen = warming.read();
            ASSERT_EQ(seen.lost.count() * 4, seen.start.count()) << "10 of every 40 are lost";
        }
    });
}

TEST(RateLimiterThreads, ChangeTheShareWhileOthersTake) {
    rate_limiter limiter{rule_of(1'000, 10), created};
    virtual_clock clock{nanoseconds{250'000}, seconds{20}};
    std::atomic<int> admitted{0};
    on_threads(2, [&](int number) {
        int turn = 0;
        for (nanoseconds now{0}; clock.next(now);) {
            if (number == 0 && ++turn % 100 == 0) limiter.set_share(turn % 200 == 0 ? 1 : 0.5);
            admitted += takes(limiter, created + now);
        }
    });
    EXPECT_LE(admitted, 1'000 * 20 + 10);
    EXPECT_GE(admitted, 500 * 20 * 99 / 100);
}

}  // namespace
}  // namespace outrider::governance
