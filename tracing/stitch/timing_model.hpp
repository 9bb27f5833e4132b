#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace outrider::tracing {

/// Nobody, where an index is expected.
inline constexpr std::uint32_t no_span = 0xffffffff;

/// A request or message that entered a process. Nanoseconds of that process's clock.
struct entered_span {
    std::uint32_t operation = 0;  ///< which: spans of equal operations behave alike
    std::int64_t start_ns = 0, end_ns = 0;
    /// What is perhaps handled one after the other, in the order given: the records of a partition. 0: none, and its
    /// end was seen.
    std::uint32_t lane = 0;
    bool learn = true;   ///< its habits are to be learnt from it
    bool whole = false;  ///< all its calls are there, and it is learnt from once; otherwise what is settled is left out
};

/// A request or message that left it.
struct left_span {
    std::uint32_t operation = 0;  ///< whom it called and for what
    std::int64_t start_ns = 0, end_ns = 0;
    std::uint32_t known_cause = no_span;  ///< index of an entered span, where something better than time told it
    static constexpr std::size_t most_among = 8;
    std::uint32_t among[most_among] = {};  ///< indices of entered spans: its cause is one of these, by something better
    std::uint8_t among_count = 0;          ///< 0: of all
    bool settled = false;  ///< shown before, with its cause: for orientation, not to be learnt from again
    bool pending = false;  ///< will be asked about again, when more has arrived
};

/// A cause that time suggests.
struct timing_guess {
    std::uint32_t left = no_span, entered = no_span;  ///< entered: no_span when nothing is likely
    double confidence = 0;           ///< that it is right, calibrated: 0.9 is wrong once in ten at most
    std::uint32_t second = no_span;  ///< the next best
    double second_confidence = 0;
};

/// How one service behaves: which calls follow from which requests, in which order, after how long. Learns from what it
/// is shown, without being told what is right; spans whose cause is known teach it most. That a lane is worked off
/// first in, first out competes as a second hypothesis, and is believed as far as it explains more.
class timing_model {
  public:
    timing_model();
    ~timing_model();
    timing_model(timing_model&&) noexcept;
    timing_model& operator=(timing_model&&) noexcept;

    /// Finds the causes of what left one process among what entered it, and learns from the answer.
    /// @param entered  by start
    /// @param left     by start
    /// @return one guess for each of `left`, in its order
    std::vector<timing_guess> match(std::span<const entered_span> entered, std::span<const left_span> left);

    /// How many bytes it takes.
    std::size_t memory() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

/// Which span that left a process is the one that entered another, where no context went with it: the entered one lies
/// within the other, give or take the offset of the two clocks. Offset and delays are learnt for each pair of
/// processes. Here `operation` of a span is the number of the process that it ran in; one model for each endpoint.
class hop_model {
  public:
    hop_model();
    ~hop_model();
    hop_model(hop_model&&) noexcept;
    hop_model& operator=(hop_model&&) noexcept;

    /// @param left, entered  all of one endpoint, by start
    /// @return one guess for each of `left`, in its order
    std::vector<timing_guess> match(std::span<const left_span> left, std::span<const entered_span> entered);

    /// How many bytes it takes.
    std::size_t memory() const;

  private:
    struct state;
    std::unique_ptr<state> state_;
};

/// The same from nothing but these spans.
std::vector<timing_guess> match_hops(std::span<const left_span> left, std::span<const entered_span> entered);

}  // namespace outrider::tracing
