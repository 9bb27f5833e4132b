#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "governance/clock.hpp"

namespace outrider::governance {

/// How many results in a row make a target up, or down.
struct hysteresis {
    std::uint32_t rise = 1;
    std::uint32_t fall = 3;
};

enum class target_state : std::uint8_t { unknown, up, down };
std::string_view name_of(target_state which);

/// One target: what probes and traffic say of it, until that is enough to believe it.
///
///                    rise successes                fall failures in a row, or a failure of traffic that
///     unknown -----------------------> up <------+ makes them whole
///        |     fall failures           |         |
///        +-----------------> down <----+         |
///                              |  rise successes |
///                              +-----------------+
///
/// Of any `rise` + `fall` results in a row, of probes and failures of traffic, at most one changes the state: whatever
/// a target does, and from its first decision on. A change that comes too soon waits for the rest of them, and is made
/// then if it still holds. So an outage after calm is believed with its `fall`-th failure, and whatever lasts after
/// `rise` + `fall` results.
class target_health {
  public:
    target_health(hysteresis by, time_point created);

    /// The result of a probe. @param text  why it failed; of a success what was answered
    /// @return whether the state changed
    bool probed(bool good, std::string_view text, time_point now);
    /// Failures in a row of real traffic, as they stand: new ones count like failed probes, until a probe succeeds or
    /// traffic does. @return whether the state changed
    bool traffic(std::uint32_t failures_in_a_row, time_point now);

    target_state state() const { return state_; }
    time_point since() const { return since_; }
    /// Of results that are alike and lasted until now: of probes, and (failures alone) of traffic.
    std::uint32_t in_a_row() const { return good_ ? successes_ : failures_ + traffic_failures_; }
    /// The last failure where it is not up, else the last result: "Connection refused".
    const std::string& text() const { return text_; }

  private:
    bool decide(time_point now);
    bool become(target_state next, time_point now);
    std::uint32_t window() const { return by_.rise + by_.fall; }

    const hysteresis by_;
    target_state state_ = target_state::unknown;
    time_point since_;
    bool good_ = false;  ///< the last result
    std::uint32_t successes_ = 0, failures_ = 0, traffic_failures_ = 0;
    std::uint32_t traffic_seen_ = 0;
    std::uint32_t since_change_ = 0;  ///< results since the state changed, no more than a window of them
    std::string text_ = "not yet probed";
};

/// The state of the application beside this sidecar, as registries, load balancers and Kubernetes are told.
enum class health_state : std::uint8_t { starting, healthy, degraded, draining, unhealthy };
inline constexpr std::size_t health_states = 5;
std::string_view name_of(health_state which);

/// Whether traffic may be sent to it.
inline bool may_get_traffic(health_state state) {
    return state == health_state::healthy || state == health_state::degraded;
}

/// One thing that speaks against it.
struct health_reason {
    std::string what;  ///< "application 127.0.0.1:9000", "upstream stock"
    std::string text;  ///< "Connection refused"
    time_point since;
    /// "application 127.0.0.1:9000: Connection refused"
    std::string line() const { return what + ": " + text; }
};

struct health_verdict {
    health_state state = health_state::starting;
    time_point since;  ///< of the state
    std::vector<health_reason> reasons;
    /// The reasons in a line, separated by "; ".
    std::string why() const;
};

/// What the application needs, and how it stands.
struct health_fact {
    enum class part : std::uint8_t { application, required_dependency, dependency };
    part of = part::application;
    target_state state = target_state::unknown;
    health_reason why;  ///< counts unless it is up; of a dependency when it is down
};

/// The verdict over all of them.
///
///     starting --- the application has been up once ---> healthy | degraded | unhealthy
///                                                           ^---------^----------^ as the facts say, both ways
///     any of them --- drain() ---> draining, for good
///
/// Unhealthy: the application is down, or a required dependency. Degraded: another dependency is down. Without an
/// application there is nothing to start.
class health_machine {
  public:
    static constexpr std::size_t kept_changes = 32;

    explicit health_machine(time_point created);

    /// What is so now, all of it. Words alone may change without that being a change.
    /// @return whether the state changed, or what the reasons are about
    bool judge(const std::vector<health_fact>& facts, time_point now);
    /// @return whether it was not draining yet
    bool drain(time_point now);

    const health_verdict& verdict() const { return verdict_; }
    /// The last verdicts, the present one included, oldest first.
    struct change {
        health_verdict to;
        time_point at;
    };
    const std::deque<change>& changes() const { return changes_; }
    /// How often the state changed since the start.
    std::uint64_t state_changes() const { return state_changes_; }

  private:
    health_state next(const std::vector<health_fact>& facts);
    void take(health_verdict next, time_point now);

    health_verdict verdict_;
    std::vector<target_state> told_;  ///< of each reason: how its fact stood
    std::deque<change> changes_;
    std::uint64_t state_changes_ = 0;
    bool been_up_ = false;
};

}  // namespace outrider::governance
