#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "tracing/chains/chain.hpp"

namespace outrider::tracing {

/// What is known of a system beyond one chain: who would have told of what, had it happened. Bounded.
class chain_surroundings {
  public:
    /// Learns from any spans.
    void learn(std::span<const span_data> spans);
    void learn(const span_data& span);
    /// Learns under which names services are called.
    void learn(const chain& one);

    /// The consumer groups that have taken records of a topic.
    const std::set<std::string, std::less<>>& groups_of(std::string_view topic) const;
    /// Whether a service of that name tells what it answers.
    bool tells(std::string_view callee) const { return tellers_.contains(callee); }

  private:
    using names = std::set<std::string, std::less<>>;
    std::map<std::string, names, std::less<>> groups_;
    names tellers_;
};

/// `messaging.consumer.group.name`; empty when there is none.
std::string_view group_of(const span_data& span);

}  // namespace outrider::tracing
