#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "governance/health.hpp"
#include "sidecar/discovery/health_target.hpp"

namespace outrider::discovery {

/// What is known of every target, and the verdict that follows. No I/O, the time is handed in; any thread.
class health_board {
  public:
    using time_point = governance::time_point;
    using target_id = std::uint64_t;
    static constexpr std::size_t kept_results = 16;

    explicit health_board(time_point now) : machine_(now) {}

    /// An upstream with probes, before its endpoints are added: while it has none it is down.
    void add_upstream(const std::string& name, bool required, time_point now);
    target_id add(const health_target& what, time_point now);
    /// Endpoints come and go; what remains is judged anew. @return whether the verdict changed
    bool remove(target_id which, time_point now);

    /// What one result did.
    struct news {
        governance::target_state state = governance::target_state::unknown;  ///< of the target, from now on
        bool been_up = false;
        bool target_changed = false;
        bool verdict_changed = false;
        std::string text;  ///< why it is not up
    };
    /// @param timed_out  it failed because its time was over
    news note(target_id which, const probe_result& result, bool timed_out, governance::nanoseconds took,
              time_point now);
    /// Failures in a row of an application's traffic, as they stand.
    news note_traffic(target_id which, std::uint32_t failures_in_a_row, time_point now);
    /// @return whether the verdict changed
    bool judge(time_point now);
    bool drain(time_point now);

    governance::health_verdict verdict() const;
    governance::target_state state_of(target_id which) const;

    /// One target, for metrics and for the collector.
    struct view {
        std::string label;
        target_kind of = target_kind::application;
        std::string name, endpoint;  ///< empty where it has none
        governance::target_state state = governance::target_state::unknown;
        std::string text;  ///< why it is not up
        bool up = false;
        std::uint64_t successes = 0, failures = 0, timeouts = 0;
    };
    std::vector<view> look() const;
    std::uint64_t state_changes() const;
    /// All of it, for people and their tools; steady times are told as those of the wall.
    nlohmann::json page(time_point now, std::chrono::system_clock::time_point wall) const;

  private:
    struct result {
        time_point at;
        bool good = false;
        double took_ms = 0;
        std::string text;
    };
    struct entry {
        entry(const health_target& target, time_point now)
            : what(target), health({target.how.rise, target.how.fall}, now) {}
        health_target what;
        governance::target_health health;
        bool been_up = false;
        std::uint64_t successes = 0, failures = 0, timeouts = 0;
        std::deque<result> results;
    };
    struct upstream {
        bool required = false;
        time_point empty_since{};
    };
    news after(entry& which, bool target_changed, time_point now);
    std::vector<governance::health_fact> facts() const;
    governance::health_fact fact_of(const std::string& name, const upstream& which) const;
    nlohmann::json target_json(const entry& which, time_point now, std::chrono::system_clock::time_point wall) const;

    mutable std::mutex mutex_;
    governance::health_machine machine_;
    std::map<std::string, upstream> upstreams_;
    std::map<target_id, entry> targets_;  ///< in the order in which they were added
    target_id next_ = 1;
};

}  // namespace outrider::discovery
