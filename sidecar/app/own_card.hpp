#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "governance/health.hpp"
#include "governance/policy_set.hpp"
#include "sidecar/app/traffic_rates.hpp"
#include "sidecar/exchange/decision_counts.hpp"

namespace outrider::app {

/// One thing that the application, or its sidecar, depends on.
struct dependency_view {
    std::string name;
    std::string_view kind;  ///< "application", "upstream", "kafka", "registry"
    std::string endpoint;
    std::string_view verdict;  ///< "up", "down", "ejected", "unknown"
    std::string reason;
};

/// What a rule decided, over all workers.
struct rule_counts {
    std::uint64_t allowed = 0, refused = 0, delayed = 0;
};
/// By policy and rule, as decision_counts names them.
using rule_count_map = std::map<std::pair<std::string, std::string>, rule_counts>;
void add_counts(const exchange::decision_counts& from, rule_count_map& to);

/// What a sidecar tells the collector of itself.
struct own_card {
    std::string secret;  ///< of this process: the card can be written by nobody else
    std::string service, instance;
    bool stopped = false;
    std::chrono::system_clock::time_point started;
    governance::health_verdict health;
    std::vector<dependency_view> dependencies;
    std::shared_ptr<const governance::policy_set> policies;
    rule_count_map counts;
    std::vector<std::pair<std::string_view, traffic_rate>> rates;  ///< by "inbound", "outbound", "produce", "consume"
};

/// The card as it is sent.
struct encoded_card {
    std::string body;      ///< JSON, 256 KiB at most
    std::string stands;    ///< all that is no figure: another one is news
    std::size_t left_out;  ///< dependencies and rules that had no room
};

/// @param now, wall  the same moment by both clocks
encoded_card encode(const own_card& card, governance::time_point now, std::chrono::system_clock::time_point wall);

}  // namespace outrider::app
