#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "tracing/stitch/call_habits.hpp"
#include "tracing/stitch/cause_beliefs.hpp"
#include "tracing/stitch/lattice_builder.hpp"
#include "tracing/stitch/timing_model.hpp"

namespace outrider::tracing {

/// How often calls of one kind have no cause, or one that had ended before.
struct stray_calls {
    double calls = 0, strays = 0, late = 0;
    double told = 0, certain = 0;  ///< how many were guessed at, and the sum of how certain that was
    double share() const;
    double certainty() const { return (certain + 5) / (told + 5); }
    double late_share() const { return late / (calls + 1); }
};

/// What is known of one process.
struct process_habits {
    struct known_operation {
        call_habits habits;
        std::unique_ptr<call_habits> in_turn;  ///< the same where work begins when that on the one before is done
        double evidence = 0;                   ///< for the latter, as a logarithm of odds
        std::uint64_t used = 0;                ///< in which match the last time
    };
    std::map<std::uint32_t, known_operation> operations;
    std::map<std::uint32_t, stray_calls> strays;
    std::uint64_t matches = 0;
};

/// Matches one stretch of a process's spans, and teaches its habits what was found.
class process_matching {
  public:
    process_matching(process_habits& known, std::span<const entered_span> entered, std::span<const left_span> left);
    std::vector<timing_guess> run();

  private:
    struct kind_of_call {
        std::uint32_t operation = 0;
        double rate = 0;  ///< per nanosecond
        double stray_share = 0;
        bool late = false;  ///< sometimes leaves after what caused it has ended
        double count = 0, strays = 0, lates = 0;
    };
    struct request {
        std::int64_t start_ns = 0, end_ns = 0;
        std::uint32_t habits = 0;  ///< index
        std::uint32_t lane = 0;    ///< index; 0: none
        bool learn = true, whole = false;
    };

    void list_calls();
    void list_requests();
    void measure_crowding();
    void assume(bool in_turn);
    void settle(std::vector<timing_guess>& guesses);
    void learn_strays();
    void calibrate(std::vector<timing_guess>& guesses);
    std::vector<double> disorder() const;
    std::vector<timing_guess> weighed(std::vector<timing_guess> free, std::vector<timing_guess> in_turn) const;
    void find_late_calls();
    void limit_work();
    call_habits::step step_of(std::uint32_t habits, std::uint32_t kind);
    void list_candidates(std::uint32_t r, std::size_t first, std::int64_t end);
    void add_candidate(std::uint32_t r, std::size_t l);
    void round(bool early);
    void teach(bool anew, double crowding_counts);
    void count_strays();
    timing_guess guess(std::uint32_t left) const;

    process_habits& known_;
    std::span<const entered_span> entered_;
    std::span<const left_span> left_;
    std::vector<kind_of_call> kinds_;
    std::vector<std::uint32_t> kind_of_;  ///< by call
    std::vector<std::int64_t> starts_;    ///< of calls
    std::vector<request> requests_;
    std::vector<process_habits::known_operation*> operations_;
    std::vector<call_habits*> habits_;                   ///< of each operation, as is assumed at the moment
    std::vector<double> evidence_;                       ///< for what is assumed, of each operation
    bool in_turn_ = false;                               ///< assumed: lanes are worked off one after the other
    std::vector<std::int64_t> lane_free_;                ///< by lane, since when, while a round goes on
    std::vector<double> crowding_;                       ///< by request: how many are open during it
    std::vector<std::vector<call_habits::step>> steps_;  ///< by habits and kind
    bool any_late_ = false;
    std::size_t most_candidates_ = 0;
    double effort_ = 1;  ///< of what is worked for each request when there is little to do
    cause_beliefs beliefs_;
    lattice_builder builder_;
    std::vector<call_candidate> candidates_;
};

}  // namespace outrider::tracing
