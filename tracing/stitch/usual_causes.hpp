#pragma once

#include <cstdint>
#include <unordered_map>

namespace outrider::tracing {

/// What usually causes what in one service: how often spans of one operation were caused by those of another, where
/// that was certain. Operations are small numbers of the service's own.
class usual_causes {
  public:
    void saw(std::uint16_t left, std::uint16_t entered);
    /// The share of such causes; a half of what is new.
    double share(std::uint16_t left, std::uint16_t entered) const;
    /// A span left while nothing, or only one thing, was open.
    void saw_alone(std::uint16_t left, bool none_open);
    /// The share of those with one open that had no cause: as many as leave while nothing is open. At first a quarter.
    double causeless(std::uint16_t left) const;
    /// Of two spans of an operation that left one after the other the causes had ended and had begun `apart_ns` one
    /// after the other: in the same order or not.
    void saw_queued(std::uint16_t left, std::int64_t apart_ns, bool in_order);
    /// How surely work that goes on after answers keeps the order of requests that came so far apart; at first two
    /// thirds. Several workers of one queue keep the order of what is far apart and not that of neighbours.
    double keeps_order(std::uint16_t left, std::int64_t apart_ns) const;
    std::size_t memory() const { return (pairs_.size() + lefts_.size() + alone_.size() + queued_.size()) * 40; }

  private:
    static constexpr std::size_t most_pairs = 4'096;

    struct alone {
        float none = 0, one = 0;
    };
    struct queued {
        float in_order = 0, all = 0;
    };
    std::unordered_map<std::uint16_t, alone> alone_;    ///< by left
    std::unordered_map<std::uint32_t, queued> queued_;  ///< by left and the magnitude of the distance
    std::unordered_map<std::uint32_t, float> pairs_;    ///< by both
    std::unordered_map<std::uint16_t, float> lefts_;
};

}  // namespace outrider::tracing
