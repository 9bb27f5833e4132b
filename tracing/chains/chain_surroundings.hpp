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
    /// @param most_records  taken by one service from one topic whose outcomes are known, the latest ones
    /// @param most_names    of services, of topics, of pairs of both
    explicit chain_surroundings(std::size_t most_records = 1'000, std::size_t most_names = 10'000)
        : most_records_(most_records), most_names_(most_names) {}

    /// Learns from any spans.
    void learn(std::span<const span_data> spans);
    void learn(const span_data& span);
    /// Learns under which names services are called, and what they do with records.
    void learn(const chain& one);
    /// Learns the latter alone: groups and names are right for their time, and this may go on for ever.
    void learn_outcomes(const chain& one);

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
    void count_outcomes(const chain& one, const std::vector<std::size_t>& parents);

    std::size_t most_records_, most_names_;
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
