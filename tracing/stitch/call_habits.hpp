#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "tracing/stitch/gap_density.hpp"

namespace outrider::tracing {

/// What requests of one operation usually do: which step follows, given what has been called so far (its *situation*, a
/// bag of calls: order within it is forgotten, so that calls made at once do not multiply), and how long after the
/// latest event of the request. A step is a call, the end of the request, or that nothing follows.
class call_habits {
  public:
    using step = std::uint32_t;
    using event = std::uint32_t;
    using situation = std::uint32_t;
    static constexpr step request_end = 0, nothing = 1, first_call = 2;
    static constexpr event started = 0, ended = 1;
    static constexpr event call_started(step call) { return 2 * call - 2; }
    static constexpr event call_ended(step call) { return 2 * call - 1; }

    call_habits();

    /// The step that a call of this operation is. What exceeds the bound shares one step.
    step step_of(std::uint32_t operation);
    /// Until more is known: so many calls of this kind a request makes.
    void expect(step call, double calls);

    static constexpr situation fresh = 0, finished = 1;
    situation after(situation now, step next);
    /// That this step is the next one, and taken after this event.
    double probability(situation now, event since, step next) const;
    gap_density& gap(event since, step next);

    /// How likely a call of a request is still going on when that ends: mostly an answer waits for what it is made of.
    double outlives() const { return outlives_; }

    /// Learning, as in gap_density.
    void saw(situation now, event since, step next, double weight);
    /// So many calls were going on when a request ended.
    void saw_open_at_end(std::size_t calls, double weight) { open_shown_ += static_cast<double>(calls) * weight; }
    void restart();
    /// @param anew  as the last time, from other guesses; otherwise only what has grown is worked out
    void settle(bool anew);
    void keep();
    double requests() const { return requests_kept_ + requests_shown_; }

    std::size_t memory() const;

  private:
    struct choice {
        event since = 0;
        step next = 0;
        float kept = 0, shown = 0, shown_before = 0;  ///< the latter: in the round before
    };
    struct bag {
        std::vector<std::uint8_t> counts;  ///< by step; of calls at most most_counted
        std::vector<situation> after;      ///< by step
        std::vector<float> expected;       ///< by step: how likely, when nothing was seen
        std::vector<choice> choices;       ///< what was seen
        double seen = 0;
    };
    static constexpr std::uint8_t most_counted = 4;
    static constexpr double first_outlives = 0.02;
    static constexpr situation no_situation = 0xffffffff;

    situation intern(std::vector<std::uint8_t> counts);
    void settle(bag& at);
    double usually_after(event since, step next) const;
    double once_more(step call, std::size_t made) const;
    double repeats(step call, std::size_t made) const { return repeats_kept_[call][made] + repeats_shown_[call][made]; }

    std::map<std::uint32_t, step> steps_;
    std::vector<double> expected_;  ///< calls of each step for each request
    std::vector<double> calls_kept_, calls_shown_, calls_settled_;
    std::vector<std::array<double, most_counted + 1>> repeats_kept_, repeats_shown_;  ///< calls by how many were before
    double requests_settled_ = 0;
    double open_kept_ = 0, open_shown_ = 0, outlives_ = first_outlives;
    double requests_kept_ = 0, requests_shown_ = 0;
    std::vector<bag> bags_;
    std::map<std::vector<std::uint8_t>, situation> situations_;
    std::vector<std::unique_ptr<gap_density>> gaps_;  ///< by event and step
    std::size_t gap_count_ = 0;
    gap_density other_gap_;  ///< of what exceeds the bound: never learnt
};

}  // namespace outrider::tracing
