#include "governance/retry_budget.hpp"

#include <algorithm>

namespace outrider::governance {
namespace {

constexpr std::uint32_t seconds_counted = 10;

// A word: the number of its second in the upper half, what was counted in it in the lower.
constexpr std::uint64_t tag_of(std::uint32_t number) { return std::uint64_t{number} << 32; }
constexpr std::uint32_t number_of(std::uint64_t word) { return static_cast<std::uint32_t>(word >> 32); }
constexpr std::uint32_t count_of(std::uint64_t word) { return static_cast<std::uint32_t>(word); }

/// @return the word that it was counted in
std::uint32_t add_one(std::atomic<std::uint64_t>& word, std::uint32_t number) {
    auto old = word.load(std::memory_order_relaxed);
    for (;;) {
        // A thread that is a little late counts in the second that has begun meanwhile.
        const bool begun = static_cast<std::int32_t>(number_of(old) - number) >= 0;
        const auto next = begun ? old + 1 : tag_of(number) + 1;
        if (word.compare_exchange_weak(old, next, std::memory_order_acq_rel, std::memory_order_relaxed))
            return number_of(next);
    }
}

/// Unless that second is over already, and with it what was counted.
void take_one_back(std::atomic<std::uint64_t>& word, std::uint32_t number) {
    auto old = word.load(std::memory_order_relaxed);
    while (number_of(old) == number && count_of(old) > 0)
        if (word.compare_exchange_weak(old, old - 1, std::memory_order_acq_rel, std::memory_order_relaxed)) return;
}

std::uint32_t count_within(const std::atomic<std::uint64_t>& word, std::uint32_t number) {
    const auto held = word.load(std::memory_order_acquire);
    const auto age = static_cast<std::int32_t>(number - number_of(held));
    return age < static_cast<std::int32_t>(seconds_counted) ? count_of(held) : 0;
}

std::uint32_t second_of(time_point now, time_point created) {
    return static_cast<std::uint32_t>(std::max(now - created, nanoseconds{0}) / std::chrono::seconds(1));
}

}  // namespace

retry_budget::retry_budget(const retry_rule& rule, time_point created)
    : budget_(rule.budget), floor_(rule.budget_floor), created_(created) {}

void retry_budget::exchange(time_point now) {
    const auto number = second_of(now, created_);
    add_one(seconds_[number % seconds_.size()].exchanges, number);
}

bool retry_budget::begin(time_point now) {
    const auto number = second_of(now, created_);
    auto& retries = seconds_[number % seconds_.size()].retries;
    if (take_of_floor()) {
        add_one(retries, number);
        return true;
    }
    // Counted before it is judged: of two that begin at once each sees the other, so the budget is never exceeded
    // (though both may be refused where there was room for one).
    const auto counted_in = add_one(retries, number);
    if (within_budget(number)) {
        under_way_.fetch_add(1, std::memory_order_relaxed);
        return true;
    }
    take_one_back(retries, counted_in);
    refused_.fetch_add(1, std::memory_order_relaxed);
    return false;
}

bool retry_budget::take_of_floor() {
    auto under_way = under_way_.load(std::memory_order_relaxed);
    while (under_way < floor_)
        if (under_way_.compare_exchange_weak(under_way, under_way + 1, std::memory_order_relaxed)) return true;
    return false;
}

bool retry_budget::within_budget(std::uint32_t number) const {
    std::uint64_t exchanges = 0, retries = 0;
    for (const auto& each : seconds_) {
        exchanges += count_within(each.exchanges, number);
        retries += count_within(each.retries, number);
    }
    // What rounding makes of 0.2 * 5 must not cost a retry.
    return static_cast<double>(retries) <= budget_ * static_cast<double>(exchanges) + 1e-9;
}

void retry_budget::end() { under_way_.fetch_sub(1, std::memory_order_relaxed); }

milliseconds backoff_before(const retry_rule& rule, std::uint32_t number, std::uint32_t random) {
    // Full jitter: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    const auto longest =
        static_cast<std::uint64_t>(std::clamp(rule.longest_backoff.count(), std::int64_t{0}, std::int64_t{1} << 31));
    auto most = static_cast<std::uint64_t>(std::clamp(rule.backoff.count(), std::int64_t{0}, std::int64_t{1} << 31));
    for (std::uint32_t doubled = 1; doubled < number && most != 0 && most < longest; ++doubled) most *= 2;
    most = std::min(most, longest);
    return milliseconds(static_cast<std::int64_t>(((most + 1) * random) >> 32));
}

}  // namespace outrider::governance
