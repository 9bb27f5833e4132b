#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "governance/concurrency.hpp"

// An upstream of so many slots, sidecars before it, and clients that do not wait for answers (Poisson arrivals), in
// simulated time. The same seed gives the same run.

namespace outrider::governance::simulated {

inline constexpr time_point start{std::chrono::hours{1}};

inline time_point at(double seconds) {
    return start + nanoseconds{static_cast<nanoseconds::rep>(std::llround(seconds * 1e9))};
}

/// Events in the order of their time. Times in seconds.
class timeline {
  public:
    double now() const { return now_; }
    void after(double seconds, std::function<void()> what) {
        events_.push({now_ + seconds, ++number_, std::move(what)});
    }
    void run_until(double end) {
        while (!events_.empty() && events_.top().at <= end) {
            auto next = std::move(const_cast<event&>(events_.top()));
            events_.pop();
            now_ = next.at;
            next.what();
        }
        now_ = end;
    }
    double random() { return std::uniform_real_distribution<double>{1e-12, 1}(generator_); }
    double exponential(double mean) { return -mean * std::log(random()); }
    double normal(double mean, double deviation) {
        return mean + deviation * std::sqrt(-2 * std::log(random())) * std::cos(6.283185307179586 * random());
    }

  private:
    struct event {
        double at;
        std::uint64_t number;
        std::function<void()> what;
        bool operator<(const event& other) const { return std::pair{other.at, other.number} < std::pair{at, number}; }
    };
    std::priority_queue<event> events_;
    std::mt19937_64 generator_{20240229};
    std::uint64_t number_ = 0;
    double now_ = 0;
};

using service_time = std::function<double(timeline&)>;  ///< seconds

inline service_time constant(double mean) {
    return [=](timeline& of) { return std::max(mean / 2, of.normal(mean, mean / 20)); };
}
inline service_time exponential(double mean) {
    return [=](timeline& of) { return of.exponential(mean); };
}
/// Nine quick ones to one that takes thirty times as long.
inline service_time bimodal(double mean) {
    return [=](timeline& of) { return of.random() < 0.1 ? mean / 3.9 * 30 : mean / 3.9; };
}
/// As many hits as misses of a cache.
inline service_time halves(double mean) {
    return [=](timeline& of) { return of.random() < 0.5 ? mean * 0.1 : mean * 1.9; };
}

/// So many slots with a queue before them, as a server with a pool of threads or connections.
class upstream {
  public:
    upstream(timeline& in, std::size_t slots, service_time service)
        : timeline_{in}, slots_{slots}, service_{std::move(service)} {}
    virtual ~upstream() = default;
    virtual void serve(std::function<void()> done) {
        queue_.push_back(std::move(done));
        begin();
    }
    virtual void resize(std::size_t slots) {
        slots_ = slots;
        begin();
    }
    void takes(service_time service) { service_ = std::move(service); }

  protected:
    timeline& timeline_;
    std::size_t slots_;
    service_time service_;

  private:
    void begin() {
        for (; busy_ < slots_ && !queue_.empty(); ++busy_) {
            timeline_.after(service_(timeline_), [this, done = std::move(queue_.front())] {
                --busy_;
                begin();
                done();
            });
            queue_.pop_front();
        }
    }
    std::size_t busy_ = 0;
    std::deque<std::function<void()>> queue_;
};

/// All are served at once and share so many processors, each using one at most.
class sharing_upstream : public upstream {
  public:
    using upstream::upstream;
    void serve(std::function<void()> done) override {
        advance();
        jobs_.insert({progress_ + service_(timeline_), ++number_, std::move(done)});
        schedule();
    }
    void resize(std::size_t slots) override {
        advance();
        slots_ = slots;
        schedule();
    }

  private:
    struct job {
        double ends;
        std::uint64_t number;
        std::function<void()> done;
        bool operator<(const job& other) const { return std::pair{ends, number} < std::pair{other.ends, other.number}; }
    };
    double speed() const {
        return jobs_.size() <= slots_ ? 1 : static_cast<double>(slots_) / static_cast<double>(jobs_.size());
    }
    void advance() {
        progress_ += (timeline_.now() - advanced_) * speed();
        advanced_ = timeline_.now();
    }
    void schedule() {
        auto generation = ++generation_;
        if (jobs_.empty()) return;
        timeline_.after(std::max(0.0, (jobs_.begin()->ends - progress_) / speed()), [this, generation] {
            if (generation != generation_) return;
            advance();
            auto ended = jobs_.extract(jobs_.begin());
            schedule();
            ended.value().done();
        });
    }
    std::set<job> jobs_;
    double progress_ = 0, advanced_ = 0;
    std::uint64_t generation_ = 0, number_ = 0;
};

/// A limiter with clients before it and an upstream behind it.
class sidecar {
  public:
    struct counts {
        std::uint64_t arrived = 0, refused = 0, succeeded = 0, failed = 0;
        std::vector<double> latencies;  ///< of what succeeded, waiting included
        double p99() {
            if (latencies.empty()) return 0;
            auto place = latencies.begin() + static_cast<std::ptrdiff_t>(latencies.size() * 99 / 100);
            std::nth_element(latencies.begin(), place, latencies.end());
            return *place;
        }
        double refused_share() const {
            return arrived ? static_cast<double>(refused) / static_cast<double>(arrived) : 0;
        }
    };

    sidecar(timeline& in, upstream& to, const concurrency_rule& rule)
        : limiter{rule, start}, timeline_{in}, upstream_{to}, rule_{rule} {}
    ~sidecar() {
        for (auto& [waiter, kept] : waiting_) limiter.withdraw(*waiter);
    }

    /// Begins to send, or changes how many per second.
    void load(double per_second) {
        bool idle = rate_ == 0;
        rate_ = per_second;
        if (idle) next();
    }
    void give_up_after(double seconds) { timeout_ = seconds; }
    void fail(double share) { failing_ = share; }
    counts take() { return std::exchange(counts_, {}); }

    concurrency_limiter limiter;

  private:
    struct exchange : slot_waiter {
        sidecar* of = nullptr;
        double arrived = 0, began = 0;
        bool over = false;
    };
    using handle = std::shared_ptr<exchange>;

    void next() {
        if (rate_ <= 0) return;
        timeline_.after(timeline_.exponential(1 / rate_), [this] {
            arrive();
            next();
        });
    }
    void arrive() {
        ++counts_.arrived;
        auto one = std::make_shared<exchange>();
        one->of = this;
        one->arrived = timeline_.now();
        one->on_granted = [](slot_waiter* waiter) {
            auto* self = static_cast<exchange*>(waiter)->of;
            auto granted = self->waiting_.extract(static_cast<exchange*>(waiter)).mapped();
            if (!waiter->granted) return self->refused();
            self->timeline_.after(0, [self, granted] { self->go(granted); });
        };
        auto verdict = limiter.enter(priority::normal, one.get(), at(timeline_.now()));
        if (verdict == concurrency_limiter::verdict::go) return go(one);
        if (verdict == concurrency_limiter::verdict::refuse) return refused();
        waiting_.emplace(one.get(), one);
        timeline_.after(static_cast<double>(rule_.longest_wait.count()) / 1000, [this, one] {
            if (waiting_.erase(one.get()) == 0) return;
            limiter.withdraw(*one);
            refused();
        });
    }
    void refused() { ++counts_.refused; }
    void go(const handle& one) {
        one->began = timeline_.now();
        upstream_.serve([this, one] { over(one, timeline_.random() >= failing_); });
        if (timeout_ > 0) timeline_.after(timeout_, [this, one] { over(one, false); });
    }
    void over(const handle& one, bool well) {
        if (std::exchange(one->over, true)) return;
        ++(well ? counts_.succeeded : counts_.failed);
        if (well) counts_.latencies.push_back(timeline_.now() - one->arrived);
        limiter.leave(well ? outcome::success : outcome::failure, at(timeline_.now()) - at(one->began),
                      at(timeline_.now()));
    }

    timeline& timeline_;
    upstream& upstream_;
    concurrency_rule rule_;
    double rate_ = 0, timeout_ = 0, failing_ = 0;
    std::map<exchange*, handle> waiting_;
    counts counts_;
};

}  // namespace outrider::governance::simulated
