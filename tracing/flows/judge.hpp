#pragma once

#include <optional>
#include <span>
#include <vector>

#include "tracing/flows/flow.hpp"
#include "tracing/flows/run.hpp"
#include "tracing/flows/step_progress.hpp"

namespace outrider::flows {

/// What a judge goes by.
struct judging {
    unix_ns now = 0;
    std::span<const std::int64_t> transit;  ///< by step: how long after a deadline its spans may still be on their way
    unix_ns hold_until = 0;                 ///< nothing is missed before: spans come later than that at the moment
    std::int64_t tolerance = 0;             ///< by which clocks of two machines may differ
    bool unstarted_is_nothing = false;      ///< without its first step there is nothing to judge
};

/// A request is told of when it is over, what happens during it before: so long one is waited for that has no deadline.
inline constexpr std::int64_t request_patience_ns = 10'000'000'000;

/// Judges a run by all that is known of it, from nothing: in whatever order events arrived, the same events are judged
/// the same. What has not come is missed only when it cannot be on its way any more.
class run_judge {
  public:
    /// @param by  outlives the judge
    explicit run_judge(const flow& by);
    /// @param events  by their start
    /// @param out     is written over: what it holds of memory is used again
    void judge(std::span<const occurrence> events, const judging& with, judgement& out);

  private:
    /// Steps that follow each other: those of `expect`, or of one compensation.
    struct row {
        const std::vector<step>* steps;
        std::uint16_t offset = 0;  ///< of their numbers
        std::size_t last = 0;      ///< the step that it ends with
        bool compensates = false;
        std::optional<unix_ns> base;  ///< what the first one's time counts from
        const step_progress* progress = nullptr;
        bool assumed = false;  ///< the base is when something should have come, not when it did
    };
    void read_progress(const std::vector<step>& steps, std::vector<step_progress>& into) const;
    const compensation* find_trigger(std::uint16_t& offset);
    std::size_t find_last() const;
    void judge_row(row& of);
    unix_ns due_at(std::size_t number, unix_ns deadline) const;
    void judge_late(std::size_t number, const step_progress& now, unix_ns deadline);
    void judge_reached(const row& of, std::size_t at, std::size_t before);
    /// @return whether what follows can be judged all the same
    bool judge_absent(const row& of, std::size_t at);
    const occurrence* next_after(const row& of, std::size_t at) const;
    void judge_extra(const std::vector<step>& steps, std::uint16_t offset, const std::vector<step_progress>& progress);
    void judge_repeats(const step_member& member, std::uint16_t number, std::size_t place);
    void judge_after_the_end(std::size_t last);
    void add(fault_kind kind, std::size_t number, std::size_t ordinal, const occurrence* event, const occurrence* other,
             unix_ns deadline);

    const flow& flow_;
    std::vector<bool> requests_;  ///< by step: whether a request is among its events
    event_tally tally_;
    std::vector<step_progress> expected_, undone_;
    const occurrence* trigger_ = nullptr;
    const judging* with_ = nullptr;
    judgement* out_ = nullptr;
};

}  // namespace outrider::flows
