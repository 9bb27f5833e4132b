#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace outrider::flows {

/// What kind of span an event is seen by.
enum class event_kind : std::uint8_t { inbound, outbound, produce, consume };

/// How the exchange of an event ended. Without a word on it, well: what failed did not happen.
struct wanted_status {
    enum class kind : std::uint8_t {
        ok,     ///< no error, and of HTTP below 400
        error,  ///< an error, or of HTTP 400 and above
        any,
        one_class,  ///< of HTTP, `number` hundred and something
        code,       ///< of HTTP, exactly `number`
    };
    kind is = kind::ok;
    std::uint16_t number = 0;
    bool operator==(const wanted_status&) const = default;
};

/// Which spans mean an event: all that is given must hold. `*` in names stands for any characters.
struct event_match {
    std::optional<event_kind> kind;
    std::string topic;         ///< of produce and consume
    std::string method, path;  ///< of inbound and outbound; empty: any. `{name}` is one segment, `{name...}` the rest
    std::string service;       ///< whose sidecar saw it
    std::string upstream;      ///< of outbound
    wanted_status status;
    bool operator==(const event_match&) const = default;
};

/// What becomes of events of a run whose first step was not seen.
enum class unstarted_run : std::uint8_t { missing, ignored };

/// A flow as it is written.
struct flow_text {
    std::string name, description;
    std::string by;  ///< the business key that makes a run; empty: a run is a chain
    std::map<std::string, event_match> events;
    std::string expect;
    std::map<std::string, std::string> compensate;  ///< an event to what must follow it
    bool recurring = false;                         ///< a first step after a run's end begins another run of that key
    unstarted_run unstarted = unstarted_run::missing;
    bool operator==(const flow_text&) const = default;
};

/// With those of its compensations.
inline constexpr std::size_t most_steps_of_a_flow = 128;

/// One event of a step, so often.
struct step_member {
    std::size_t event = 0;  ///< index among flow::events
    std::uint32_t least = 1, most = 1;
};

/// What a step can be: all of its members, in any order.
struct alternative {
    std::vector<step_member> members;
    bool end = false;  ///< the run ends well here
};

/// One of its alternatives, by then.
struct step {
    std::vector<alternative> alternatives;
    std::optional<std::chrono::nanoseconds> within;  ///< after the step before
    std::string text;                                ///< as written, without the time: its name

    /// Whether nothing of it need come.
    bool optional() const;
};

/// What must follow an event that undoes a run: the run then ends with it.
struct compensation {
    std::size_t trigger = 0;
    std::vector<step> steps;
};

struct named_event {
    std::string name;
    event_match match;
};

/// A flow that can be checked.
struct flow {
    flow_text text;
    std::vector<named_event> events;
    std::vector<step> steps;
    std::vector<compensation> compensations;

    /// The longest that a run can take by its deadlines.
    std::chrono::nanoseconds longest() const;
    /// All steps in one row: those of `expect`, then those of the compensations. What numbers a step everywhere.
    std::size_t step_count() const;
    const step& step_at(std::size_t number) const;
};

}  // namespace outrider::flows
