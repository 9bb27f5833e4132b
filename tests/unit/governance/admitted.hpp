#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "governance/admission.hpp"

namespace outrider::governance::admitted {

inline constexpr time_point start{std::chrono::seconds{1'000}};

inline policy named(std::string name) {
    policy out;
    out.name = std::move(name);
    return out;
}

inline limit_rule limit(double rate, double burst) {
    limit_rule out;
    out.rate = {rate, "N/s"};
    out.burst = burst;
    return out;
}

/// Policies with one exchange after the other, and what was counted.
class world {
  public:
    explicit world(std::vector<policy> policies, const policy_set::options& with = {.now = start})
        : set(policy_set::compile(std::move(policies), nullptr, with)), counts_(set->rules().size()) {}

    decision_counter counter() {
        return {[](void* owner, rule_number rule, rule_outcome outcome) {
                    ++static_cast<world*>(owner)->counts_[rule][static_cast<std::size_t>(outcome)];
                },
                this};
    }
    int count(std::size_t rule, rule_outcome outcome) const { return counts_[rule][static_cast<std::size_t>(outcome)]; }

    std::shared_ptr<const policy_set> set;
    facts of;

  private:
    std::vector<std::array<int, rule_outcomes>> counts_;
};

/// One exchange.
struct exchange {
    explicit exchange(world& in) : in_(in) { in.set->match(in.of, by); }
    decision admit(time_point now, const amounts& amount = {}) {
        return way.admit(by, in_.of, now, amount, holds, in_.counter(), waiter);
    }
    world& in_;
    matched by;
    admission way;
    slot_waiter waiter;
    permit holds;  ///< goes first: gives back what it holds
};

}  // namespace outrider::governance::admitted
