#pragma once

#include <array>
#include <optional>
#include <span>

#include "governance/admission.hpp"
#include "governance/policy_set.hpp"
#include "sidecar/exchange/failure.hpp"

namespace outrider::http {

/// What is known when an attempt has ended and another one may follow.
struct attempt_end {
    exchange::failure failure;  ///< none: it was answered, with `status`
    int status = 0;
    std::optional<governance::nanoseconds> retry_after;  ///< that a 429 or 503 asked for
    bool repeatable = false;  ///< the method allows it, the body is at hand, nobody has seen anything of an answer
    bool elsewhere = false;   ///< there is an endpoint that has not been tried
};

/// Which further attempts one exchange makes.
///
/// Without a policy: the endpoints of the upstream in turn until one accepts a connection, three at most. A retry
/// policy adds its conditions; connect failures are its business when it lists them. A failed connect has sent nothing,
/// so it may be followed by another whatever the method.
///
/// Holds a place in the policy's budget while a retry is under way; it is given back exactly once, at the latest when
/// this is destroyed or begins anew.
class attempt_plan {
  public:
    static constexpr std::uint32_t most_connects = 3;
    /// What an upstream asks for beyond this is not waited for: its answer goes to the client, who can.
    static constexpr governance::milliseconds longest_retry_after{1'000};

    attempt_plan() = default;
    ~attempt_plan() { end(); }
    attempt_plan(const attempt_plan&) = delete;
    attempt_plan& operator=(const attempt_plan&) = delete;

    /// @param by  the retry rule that counts, which outlives the exchange; null: none
    void begin(const governance::compiled_retry* by, std::size_t endpoints, governance::time_point now,
               const governance::decision_counter& count);
    /// An attempt at this endpoint begins.
    void attempt_at(std::size_t endpoint);
    /// Endpoints tried so far, of those that are remembered.
    std::span<const std::size_t> tried() const { return {tried_.data(), remembered_}; }

    /// The endpoints are others now. @param number  from the former number of one to its present one, or to any beyond
    /// `endpoints` when it is gone
    template <typename Number>
    void renumber(std::size_t endpoints, Number number) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < remembered_; ++i)
            if (const auto now = number(tried_[i]); now < endpoints) tried_[kept++] = now;
        remembered_ = kept;
        endpoints_ = endpoints;
    }

    bool unsafe_methods() const;
    bool any() const { return retry_ != nullptr; }
    bool retries_resets() const { return retry_ && retry_->rule->on_reset; }
    /// Whether another attempt might follow an answer with this status.
    bool retries(int status) const;

    struct step {
        bool again = false;
        governance::milliseconds wait{0};  ///< before it begins
    };
    /// Decides, and takes a place in the budget for a retry.
    /// @param end     of the exchange's time; no attempt begins behind it
    /// @param random  evenly distributed
    step next(const attempt_end& of, governance::time_point now, governance::time_point end, std::uint32_t random);
    /// The exchange is over, or no further attempt will be made after all.
    void end();

  private:
    bool covers(const attempt_end& of, bool connecting) const;
    governance::milliseconds wait_before(const attempt_end& of, bool connecting, std::uint32_t random) const;

    const governance::compiled_retry* retry_ = nullptr;
    governance::decision_counter count_;
    std::size_t endpoints_ = 1;
    std::uint32_t failed_connects_ = 0;
    std::array<std::size_t, 16> tried_{};
    std::size_t remembered_ = 0;  ///< in `tried_`
    std::size_t tries_ = 0;
    bool holds_budget_ = false;
};

}  // namespace outrider::http
