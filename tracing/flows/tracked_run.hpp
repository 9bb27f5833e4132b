#pragma once

#include <bitset>
#include <list>
#include <string>
#include <vector>

#include "tracing/flows/flow.hpp"
#include "tracing/flows/run.hpp"

namespace outrider::flows {

/// A fault that was told.
struct told_fault {
    fault what;
    unix_ns told = 0;
    bool retracted = false;  ///< it turned out not to be one, or another one
    bool counted = false;
};

/// What a run has come to, for good: it is counted once.
enum class run_outcome : std::uint8_t { none, completed, compensated, faulty, abandoned, evicted };
inline constexpr std::size_t run_outcomes = 6;
const char* name_of(run_outcome outcome);

/// A run as it is remembered.
struct tracked_run {
    std::string key;                 ///< the business key's value, or the chain's id
    std::vector<occurrence> events;  ///< by their start
    std::vector<told_fault> told;
    unix_ns due = never;     ///< when it is looked at again
    unix_ns touched = 0;     ///< when its last event arrived
    unix_ns hold_until = 0;  ///< its spans come late: nothing is missed before
    unix_ns begun = 0;       ///< of a recurring flow: what starts before is of a former run
    std::bitset<most_steps_of_a_flow> reached;
    int waits_for = -1;          ///< step
    std::uint32_t left_out = 0;  ///< events beyond the bound
    std::size_t bytes = 0;
    run_state state = run_state::running;
    run_outcome outcome = run_outcome::none;
    bool started = false;

    bool resting() const { return outcome != run_outcome::none; }
    bool has_faults() const;
    bool has_open_faults() const;
    bool knows(const occurrence& one) const;
    /// Keeps the order.
    void insert(const occurrence& one);
    std::size_t memory() const;
};

/// Whether a fault stays one only as long as nothing comes.
bool can_end(fault_kind kind);

}  // namespace outrider::flows
