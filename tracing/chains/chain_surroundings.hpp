#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tracing/chains/chain.hpp"

namespace outrider::tracing {

/// What is known of a system beyond one chain: who would have told of what, had it happened. Bounded.
class chain_surroundings {
  public:
    /// Learns from any spans.
    void learn(std::span<const span_data> spans);
    void learn(const span_data& span);
    /// Learns under which names services are called, and what they do with records.
    void learn(const chain& one);

    /// The consumer groups that have taken records of a topic.
    const std::set<std::string, std::less<>>& groups_of(std::string_view topic) const;
    /// Whether a service of that name tells what it answers.
    bool tells(std::string_view callee) const { return tellers_.contains(callee); }

    using names = std::set<std::string, std::less<>>;

    /// What a service does with the records of a topic.
    struct outcomes {
        std::map<std::uint64_t, bool> taken{};  ///< by when a record was taken: whether something came of it
        names effects{};                        ///< topics it sent to, services it called

        /// Whether something nearly always comes of them, but for the one taken then and those beside it of which
        /// nothing came either: they are part of the same trouble.
        bool nearly_always_but(std::uint64_t start_unix_ns) const;
    };
    const outcomes* outcomes_of(std::string_view service, std::string_view topic) const;

  private:
    void learn_outcomes(const chain& one, const std::vector<std::size_t>& parents);

    std::map<std::string, names, std::less<>> groups_;
    names tellers_;
    std::set<trace_id> learned_;  ///< chains whose records are counted
    std::map<std::pair<std::string, std::string>, outcomes> outcomes_;
};

/// For each row the row, itself or above it, that took the record it came of; no_row when there is none.
std::vector<std::size_t> takers_above(const chain& one, const std::vector<std::size_t>& parents);

/// `messaging.consumer.group.name`; empty when there is none.
std::string_view group_of(const span_data& span);

}  // namespace outrider::tracing
