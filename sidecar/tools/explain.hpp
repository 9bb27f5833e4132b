#pragma once

#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "governance/facts.hpp"
#include "governance/policy.hpp"

namespace outrider::tools {

/// One exchange that nobody makes: what `outrider explain` is asked about.
struct explained_exchange {
    governance::traffic kind = governance::traffic::inbound;
    std::string method, path;  ///< --request 'POST /orders'
    std::string upstream;      ///< --upstream: an outbound call; with Kafka, --cluster
    std::string host, address;
    std::string topic, group, client;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
};

/// Tells which policies match an exchange, in which order, what each of their rules would say to it with nothing else
/// going on, which settings count, and why the others do not match.
void explain(const std::vector<governance::policy>& policies, const explained_exchange& about, std::ostream& out);

}  // namespace outrider::tools
