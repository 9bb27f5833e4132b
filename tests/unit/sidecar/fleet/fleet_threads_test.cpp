#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "governance/fleet_limiter.hpp"
#include "tests/unit/governance/fleet_simulation.hpp"

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;

/// A clock that one thread moves.
class shared_clock {
  public:
    time_point now() const { return time_point(nanoseconds(ticks_.load())); }
    void pass(nanoseconds time) { ticks_.fetch_add(time.count()); }

  private:
    std::atomic<std::int64_t> ticks_{nanoseconds(1h).count()};
};

class FleetLimiterOfManyThreads : public testing::Test {
  protected:
    void start(const limit_rule& rule) {
        link_ = std::make_shared<fleet_link>(1.0);
        link_->set_up(true);
        limiter_ = std::make_unique<fleet_limiter>(rule, clock_.now(), link_, simulation::name_of_key);
        for (int i = 0; i < 3; ++i)
            workers_.emplace_back([this, i] {
                while (!stop_) {
                    for (int n = 0; n < 16; ++n) work(i);
                    std::this_thread::yield();  // there may be fewer processors than threads
                }
            });
    }
    void work(int worker) {
        ++attempts_;
        rate_ticket ticket;
        const auto key = "key" + std::to_string(random_key(worker));
        if (!limiter_->take(key, 1, clock_.now(), ticket).admitted) return;
        // Every eighth is refused by somebody else.
        if (++taken_ % 8 == 0)
            limiter_->restore(ticket);
        else
            ++admitted_;
    }
    int random_key(int worker) { return keys_ == 1 ? 0 : static_cast<int>((attempts_ * 7 + worker) % keys_); }
    void ask() {
        std::vector<fleet_limiter::request> asked;
        limiter_->collect(clock_.now(), 64, asked);
        for (const auto& one : asked) limiter_->answered(one, store_.answer(one, clock_.now()), clock_.now());
    }
    void pass(nanoseconds time) {
        for (nanoseconds gone{0}; gone < time; gone += 1ms) {
            clock_.pass(1ms);
            ask();
            let_work(8);
        }
    }
    /// However busy the machine is.
    void let_work(int times) {
        for (const auto until = attempts_ + times; attempts_ < until;) std::this_thread::yield();
    }
    double finish() {
        stop_ = true;
        for (auto& worker : workers_) worker.join();
        workers_.clear();
        return static_cast<double>(admitted_.load());
    }
    shared_clock clock_;
    simulation::store store_;
    std::shared_ptr<fleet_link> link_;
    std::unique_ptr<fleet_limiter> limiter_;
    std::vector<std::thread> workers_;
    std::atomic<bool> stop_{false};
    std::atomic<std::int64_t> attempts_{0}, taken_{0}, admitted_{0};
    std::int64_t keys_ = 1;
};

TEST_F(FleetLimiterOfManyThreads, AdmitsTheBurstWhileNoTimePasses) {
    start(simulation::fleet_rule(100, 1'000));
    for (int i = 0; i < 1'000; ++i) {
        ask();
        let_work(8);
    }
    const double admitted = finish();
    EXPECT_LE(admitted, 1'000);
    EXPECT_GE(admitted, 990) << "what was restored at the end may have been given back";
}

TEST_F(FleetLimiterOfManyThreads, AdmitsTheRateAndTheBurstOverTime) {
    start(simulation::fleet_rule(1'000, 100));
    pass(5s);
    const double admitted = finish();
    EXPECT_LE(admitted, 5'000 + 100 + 3);
    EXPECT_GE(admitted, 4'000);
}

TEST_F(FleetLimiterOfManyThreads, GivesPlacesOfIdleKeysAwayWhileOthersAreUsed) {
    keys_ = 64;
    auto rule = simulation::fleet_rule(1'000, 4);
    rule.key = {key_source::kind::header, "x-tenant"};
    rule.keys = 16;
    start(rule);
    pass(2s);
    finish();
    EXPECT_LE(limiter_->look().keys, 16U);
}

TEST_F(FleetLimiterOfManyThreads, ChangesToTheLocalShareAndBackWhileItIsUsed) {
    start(simulation::fleet_rule(1'000, 100));
    for (int i = 0; i < 20; ++i) {
        pass(100ms);
        link_->set_up(i % 2 != 0);
    }
    const double admitted = finish();
    EXPECT_LE(admitted, 2'000 + 100 + 200) << "one lease over at most";
    EXPECT_GE(admitted, 1'000);
}

}  // namespace
}  // namespace outrider::governance
