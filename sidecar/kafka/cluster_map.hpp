#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "sidecar/kafka/node_address.hpp"
#include "sidecar/kafka/wire.hpp"

namespace outrider::kafka {

/// What one answer of a broker, or a saved map, says about its cluster; `where` are the brokers' own addresses.
struct learned {
    struct node {
        node_key key;
        host_port where;
    };
    struct topic {
        topic_id id;
        std::string name;
    };
    std::string cluster_id;  ///< empty: not said
    std::vector<node> nodes;
    std::vector<topic> topics;

    bool empty() const { return cluster_id.empty() && nodes.empty() && topics.empty(); }
};

/// The nodes of a cluster at one moment; it never changes, a newer one has a higher generation.
struct cluster_view {
    std::uint64_t generation = 0;
    std::string cluster_id;
    std::map<node_key, host_port> nodes;

    /// @return null for a node that is not known
    const host_port* find(node_key node) const {
        auto it = nodes.find(node);
        return it == nodes.end() ? nullptr : &it->second;
    }
};

/// Where the nodes of one cluster are and how its topics are called. Shared by all worker threads.
///
/// Nodes that an answer leaves out stay: a broker that is down may come back, and its clients keep trying it. Another
/// cluster id empties the map. Both tables are bounded: of topics the oldest go, new nodes beyond the bound are not
/// learned.
class cluster_map {
  public:
    struct limits {
        std::size_t nodes = 10'000;
        std::size_t topics = 100'000;
    };

    cluster_map() : cluster_map(limits{}) {}
    explicit cluster_map(limits most) : most_(most), view_(std::make_shared<cluster_view>()) {}

    /// @return whether anything is different now, so that the map is worth saving
    bool learn(const learned& facts);

    std::shared_ptr<const cluster_view> view() const;
    /// @return null for an id that is not known
    std::shared_ptr<const std::string> topic_name(const topic_id& id) const;
    /// The newest id of a name: a topic that was deleted and created again has another one.
    std::optional<topic_id> topic_named(std::string_view name) const;
    std::size_t topic_count() const;

    /// All that is known, for a file.
    learned everything() const;
    /// {"cluster_id", "generation", "brokers": [{"id", "host", "port"}], "controllers": the same, "topic_ids": how
    /// many}
    nlohmann::json state() const;

  private:
    struct hash_of_id {
        std::size_t operator()(const topic_id& id) const;
    };

    bool learn_nodes(const learned& facts, cluster_view& into) const;
    bool learn_topic(const learned::topic& topic);
    void forget_oldest_topic();

    const limits most_;
    mutable std::shared_mutex mutex_;
    std::shared_ptr<const cluster_view> view_;
    std::unordered_map<topic_id, std::shared_ptr<const std::string>, hash_of_id> names_;
    std::unordered_map<std::string_view, topic_id> ids_;  ///< keys are views of the strings in names_
    std::deque<topic_id> age_;                            ///< oldest first
};

}  // namespace outrider::kafka
