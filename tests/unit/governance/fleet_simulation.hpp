#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "governance/fleet_limiter.hpp"

namespace outrider::governance::simulation {

inline fleet_limiter::key_name name_of_key(std::string_view key) {
    fleet_limiter::key_name out{};
    std::memcpy(out.data(), key.data(), std::min(key.size(), out.size()));
    return out;
}

inline limit_rule fleet_rule(double per_second, double burst) {
    limit_rule out;
    out.rate.per_second = per_second;
    out.burst = burst;
    out.scope = scope::fleet;
    return out;
}

/// What the script in Redis does, in simulated time.
class store {
  public:
    lease_grant answer(const fleet_limiter::request& asked, time_point now) {
        auto& bucket = buckets_.try_emplace(asked.name, asked.burst, now).first->second;
        const double since = std::chrono::duration<double>(now - bucket.second).count();
        double level = std::min(asked.burst, bucket.first + since * asked.per_second);
        level = std::min(level - asked.what.spend + asked.what.give, asked.burst);
        if (asked.what.at_most) level = std::min(level, *asked.what.at_most);
        const double granted = std::max(std::min({asked.what.want, level, std::max(level / 2, 1.0)}), 0.0);
        bucket = {level - granted, now};
        ++asked_;
        return {granted, level - granted};
    }
    void forget() { buckets_.clear(); }
    std::uint64_t asked() const { return asked_; }

  private:
    std::map<fleet_limiter::key_name, std::pair<double, time_point>> buckets_;
    std::uint64_t asked_ = 0;
};

/// One sidecar: its limit, and the client that brings requests to the store and answers back, half a round trip each.
class sidecar {
  public:
    sidecar(const limit_rule& rule, double replicas, time_point now, nanoseconds round_trip)
        : link_(std::make_shared<fleet_link>(replicas)),
          limiter_(rule, now, link_, name_of_key),
          round_trip_(round_trip) {
        link_->set_up(true);
    }
    bool arrives(std::string_view key, time_point now, double amount = 1) {
        rate_ticket ticket;
        ++offered_;
        // As admissions do it: first asked, then taken.
        const bool goes = limiter_.check(key, amount, now).admitted && limiter_.take(key, amount, now, ticket).admitted;
        admitted_ += goes ? 1 : 0;
        return goes;
    }
    /// @param alive  whether the store answers; requests to one that does not fail after 50 ms
    void turn(store& with, bool alive, time_point now) {
        if (!alive && gave_up_at_ == time_point{}) gave_up_at_ = now + milliseconds(50);
        if (!alive && now >= gave_up_at_) return lose(now);
        if (!alive) return;
        gave_up_at_ = {};
        link_->set_up(true);
        for (; !on_the_way_.empty() && on_the_way_.front().back <= now; on_the_way_.pop_front())
            for (auto& one : on_the_way_.front().what) limiter_.answered(one.asked, one.got, now);
        if (!on_the_way_.empty() || limiter_.next_due() > now) return;
        std::vector<fleet_limiter::request> asked;
        limiter_.collect(now, 64, asked);
        flight out{now + round_trip_, {}};
        for (const auto& one : asked) out.what.push_back({one, with.answer(one, now + round_trip_ / 2)});
        on_the_way_.push_back(std::move(out));
    }
    fleet_limiter& limiter() { return limiter_; }
    fleet_link& link() { return *link_; }
    std::uint64_t admitted() const { return admitted_; }
    std::uint64_t offered() const { return offered_; }

  private:
    struct question {
        fleet_limiter::request asked;
        lease_grant got;
    };
    struct flight {
        time_point back;
        std::vector<question> what;
    };
    void lose(time_point now) {
        link_->set_up(false);
        for (auto& each : on_the_way_)
            for (auto& one : each.what) limiter_.failed(one.asked, now);
        on_the_way_.clear();
    }

    std::shared_ptr<fleet_link> link_;
    fleet_limiter limiter_;
    nanoseconds round_trip_;
    std::deque<flight> on_the_way_;
    time_point gave_up_at_{};
    std::uint64_t admitted_ = 0, offered_ = 0;
};

/// One bucket that sees every request: what the fleet's limit should come to.
class single_bucket {
  public:
    single_bucket(double per_second, double burst) : per_second_(per_second), burst_(burst), level_(burst) {}
    void arrives() {
        if (level_ < 1) return;
        level_ -= 1;
        ++admitted_;
    }
    void pass(double seconds) { level_ = std::min(burst_, level_ + seconds * per_second_); }
    std::uint64_t admitted() const { return admitted_; }

  private:
    double per_second_, burst_, level_;
    std::uint64_t admitted_ = 0;
};

/// Several sidecars under load, step by step.
class fleet {
  public:
    static constexpr nanoseconds step = std::chrono::microseconds(100);
    fleet(const limit_rule& rule, std::size_t sidecars, std::uint64_t seed = 1,
          nanoseconds round_trip = std::chrono::microseconds(500))
        : rule_(rule), random_(seed), ideal_(rule.rate.per_second, std::max(*rule.burst, rule.rate.per_second / 20)) {
        for (std::size_t i = 0; i < sidecars; ++i)
            sidecars_.push_back(std::make_unique<sidecar>(rule, static_cast<double>(sidecars), now_, round_trip));
    }
    /// Requests per second at each sidecar, at random times; with `gusts` all that is due in a tenth of a second comes
    /// at its beginning.
    void run(nanoseconds time, const std::vector<double>& loads, bool gusts = false) {
        for (const auto end = now_ + time; now_ < end; now_ += step) {
            const double lasts = std::chrono::duration<double>(step).count();
            ideal_.pass(lasts);
            excess_ = std::max(0.0, excess_ - rule_.rate.per_second * lasts);
            const bool gust = gusts && now_.time_since_epoch() % milliseconds(100) < step;
            for (std::size_t i = 0; i < sidecars_.size(); ++i) {
                const double expected = gusts ? (gust ? loads[i] / 10 : 0) : loads[i] * lasts;
                const auto count = expected > 0 ? std::poisson_distribution<int>(expected)(random_) : 0;
                for (int n = 0; n < count; ++n) {
                    excess_ += sidecars_[i]->arrives("", now_) ? 1 : 0;
                    ideal_.arrives();
                }
                sidecars_[i]->turn(store_, alive_, now_);
            }
            worst_ = std::max(worst_, excess_);
        }
    }
    double admitted() const {
        double sum = 0;
        for (const auto& one : sidecars_) sum += static_cast<double>(one->admitted());
        return sum;
    }
    double ideal() const { return static_cast<double>(ideal_.admitted()); }
    double offered() const {
        double sum = 0;
        for (const auto& one : sidecars_) sum += static_cast<double>(one->offered());
        return sum;
    }
    /// The most that was admitted beyond rate * T, over every stretch of time.
    double worst() const { return worst_; }
    void forget_worst() { worst_ = excess_; }
    void set_alive(bool alive) { alive_ = alive; }
    store& shared() { return store_; }
    sidecar& at(std::size_t index) { return *sidecars_[index]; }
    time_point now() const { return now_; }

  private:
    const limit_rule rule_;
    std::mt19937_64 random_;
    time_point now_{std::chrono::hours(1)};
    store store_;
    std::vector<std::unique_ptr<sidecar>> sidecars_;
    bool alive_ = true;
    single_bucket ideal_;
    double excess_ = 0, worst_ = 0;
};

}  // namespace outrider::governance::simulation
