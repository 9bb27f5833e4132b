#pragma once

#include <array>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tracing/chains/latency_histogram.hpp"
#include "tracing/flows/flow.hpp"
#include "tracing/flows/judge.hpp"
#include "tracing/flows/tracked_run.hpp"
#include "tracing/flows/transit_times.hpp"
#include "tracing/stitch/keyed_hash.hpp"

namespace outrider::flows {

struct checker_options {
    std::int64_t tolerance_ns = 100'000'000;           ///< by which clocks of two machines may differ
    std::int64_t keep_ns = 600'000'000'000;            ///< how long a run is remembered that has ended or is stuck
    std::int64_t idle_ns = 3'600'000'000'000;          ///< how long one that waits without a deadline is
    std::size_t most_events = 200;                     ///< of a run
    std::size_t recent = 100;                          ///< faults shown
    std::array<std::uint64_t, 2> secret{0x6f7574, 1};  ///< of the table of runs: keys come from strangers
};

/// A fault as it is shown.
struct shown_fault {
    fault what;
    std::string run;
    tracing::trace_id chain;
    unix_ns told = 0;
    std::string text;
    bool open = false;       ///< it may still come
    bool retracted = false;  ///< it turned out not to be one, or another one
};

/// What has been counted of a step.
struct step_counters {
    std::uint64_t reached = 0;
    std::uint64_t waiting = 0;                           ///< runs that wait for it now
    std::array<std::uint64_t, fault_kinds> told{};       ///< each as often as it was told
    std::array<std::uint64_t, fault_kinds> retracted{};  ///< among them
    tracing::latency_histogram took;
};

/// Checks the runs of one flow. Time is passed in: Unix time in nanoseconds. Not thread-safe.
class flow_checker {
  public:
    /// The chain that a trace belongs to now.
    using chain_names = std::function<tracing::trace_id(const tracing::trace_id&)>;

    /// @param since  what happened before was not seen
    flow_checker(flow of, checker_options options, unix_ns since);
    flow_checker(const flow_checker&) = delete;
    flow_checker& operator=(const flow_checker&) = delete;

    const flow& what() const { return flow_; }
    bool by_chain() const { return flow_.text.by.empty(); }

    /// An event of the run of that key has arrived.
    void observe(std::string_view key, occurrence one);
    /// Traces of that run may belong to others now.
    void regroup(std::string_view key, const chain_names& name_of, unix_ns now);
    /// Looks at what is due. @param hold_until  nothing is missed before: spans come late at the moment
    void advance(unix_ns now, unix_ns hold_until);
    /// What is told until it is set back was told before by someone else: it is remembered, and not counted.
    void set_quiet(bool quiet) { quiet_ = quiet; }
    void set_since(unix_ns since) { since_ = since; }

    /// Another one whenever something that is shown may have changed.
    std::uint64_t version() const { return version_; }
    std::size_t runs() const { return runs_.size(); }
    std::size_t bytes() const { return bytes_; }
    /// When the run that would go first was touched last; one that has ended goes before all that have not.
    unix_ns oldest(bool ended) const;
    void evict_oldest(bool ended);

    const std::vector<step_counters>& steps() const { return steps_; }
    const std::array<std::uint64_t, run_outcomes>& outcomes() const { return outcomes_; }
    std::uint64_t running() const { return open_.size() - open_faulty_ - unstarted_; }
    std::uint64_t faulty_now() const { return open_faulty_; }
    const std::deque<shown_fault>& recent() const { return recent_; }
    const tracked_run* find(std::string_view key) const;
    /// Judged anew, without any effect.
    judgement look_at(const tracked_run& run, unix_ns now);

  private:
    using run_list = std::list<tracked_run>;
    using position = run_list::iterator;
    struct later {
        bool operator()(const tracked_run* a, const tracked_run* b) const {
            return a->due != b->due ? a->due < b->due : a < b;
        }
    };

    position take_run(std::string_view key, const occurrence& first);
    bool begins_again(const tracked_run& run, const occurrence& one) const;
    void add(tracked_run& run, const occurrence& one);
    void look(position run, unix_ns now);
    judging rules(const tracked_run& run, unix_ns now) const;
    void count_reached(tracked_run& run);
    void compare_faults(tracked_run& run, unix_ns now);
    void tell(tracked_run& run, const fault& what, unix_ns now);
    void retract(tracked_run& run, told_fault& one);
    void settle(position run, unix_ns now);
    void close(position run, run_outcome outcome);
    void set_due(tracked_run& run, unix_ns due);
    /// Takes it out of what is counted now, and puts it back in: around every change.
    void count_out(const tracked_run& run);
    void count_in(tracked_run& run);
    void forget(position run);
    void absorb(const tracked_run& from, std::string_view key, std::span<const occurrence> events, bool with_faults,
                unix_ns now);
    void update_recent(const tracked_run& run, const told_fault& one);

    const flow flow_;
    const checker_options options_;
    unix_ns since_, hold_until_ = 0;
    bool quiet_ = false;
    std::uint64_t version_ = 0;
    run_judge judge_;
    judgement scratch_;
    std::vector<bool> starts_;  ///< by event: whether it is one of the first step
    transit_times transit_;
    run_list open_, ended_;  ///< the one touched last stands last
    std::unordered_map<std::string_view, position, tracing::keyed_hash> runs_;
    std::set<tracked_run*, later> due_;
    std::size_t bytes_ = 0;
    std::uint64_t open_faulty_ = 0, unstarted_ = 0;
    std::vector<step_counters> steps_;
    std::array<std::uint64_t, run_outcomes> outcomes_{};
    std::deque<shown_fault> recent_;
};

}  // namespace outrider::flows
