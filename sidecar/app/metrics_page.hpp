#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sidecar/admin/prometheus.hpp"
#include "sidecar/discovery/health_board.hpp"
#include "sidecar/exchange/decision_counts.hpp"
#include "sidecar/exchange/messaging_metrics.hpp"
#include "sidecar/intercept/metrics.hpp"
#include "sidecar/kafka/cluster.hpp"

namespace outrider::app {

using labels = std::vector<std::pair<std::string, std::string>>;

/// Collects families in the order in which they are first named.
class page {
  public:
    void add(const char* name, const char* help, admin::metric_type type, labels which, std::uint64_t value) {
        family(name, help, type).samples.push_back({std::move(which), value});
    }
    void add(const char* name, const char* help, labels which, admin::histogram_value value) {
        family(name, help, admin::metric_type::histogram).samples.push_back({std::move(which), std::move(value)});
    }
    std::string render() const { return admin::render_prometheus(families_); }

  private:
    admin::metric_family& family(const char* name, const char* help, admin::metric_type type) {
        auto [found, fresh] = index_.try_emplace(name, families_.size());
        if (fresh) families_.push_back({name, help, type, {}});
        return families_[found->second];
    }
    std::vector<admin::metric_family> families_;
    std::map<std::string, std::size_t> index_;
};

/// What one worker counts of the decisions of its policies.
void add_decisions(page& out, const exchange::decision_counts& counted);

/// The verdict of health, and what became of probes.
void add_health(page& out, const discovery::health_board& board);

/// What all workers know of one Kafka cluster.
void add_cluster_state(page& out, const kafka::cluster& of);
/// What one worker counts of one Kafka cluster.
void add_cluster(page& out, const std::string& cluster, const exchange::messaging_metrics& m);

/// What one worker counts of intercepted connections.
void add_intercepted(page& out, const intercept::metrics& m);

}  // namespace outrider::app
