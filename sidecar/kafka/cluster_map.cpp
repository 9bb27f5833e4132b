#include "sidecar/kafka/cluster_map.hpp"

#include <algorithm>
#include <functional>

#include <nlohmann/json.hpp>

namespace outrider::kafka {
namespace {

constexpr std::size_t longest_text = 255;
constexpr std::size_t longest_topic = 249;

/// Host names and cluster ids: what fits into a log line and into JSON.
bool is_plain(std::string_view text) {
    return !text.empty() && text.size() <= longest_text &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// The names that Kafka allows for topics.
bool is_topic_name(std::string_view name) {
    auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '-';
    };
    return !name.empty() && name.size() <= longest_topic && std::all_of(name.begin(), name.end(), allowed);
}

bool usable(const learned::node& node) {
    return node.key.id >= 0 && is_plain(node.where.host) && node.where.port > 0 && node.where.port <= 0xffff;
}

nlohmann::json nodes_of(const cluster_view& view, node_kind kind) {
    auto out = nlohmann::json::array();
    for (const auto& [key, where] : view.nodes)
        if (key.kind == kind) out.push_back({{"id", key.id}, {"host", where.host}, {"port", where.port}});
    return out;
}

}  // namespace

std::size_t cluster_map::hash_of_id::operator()(const topic_id& id) const {
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()});
}

bool cluster_map::learn(const learned& facts) {
    if (facts.empty()) return false;
    std::unique_lock lock{mutex_};
    auto next = std::make_shared<cluster_view>(*view_);
    bool said = is_plain(facts.cluster_id);
    bool changed = said && !view_->cluster_id.empty() && facts.cluster_id != view_->cluster_id;
    if (changed) {
        next->nodes.clear();
        ids_.clear();
        names_.clear();
        age_.clear();
    }
    if (said && next->cluster_id != facts.cluster_id) {
        next->cluster_id = facts.cluster_id;
        changed = true;
    }
    changed |= learn_nodes(facts, *next);
    if (changed) {
        ++next->generation;
        view_ = std::move(next);
    }
    for (const auto& topic : facts.topics) changed |= learn_topic(topic);
    return changed;
}

bool cluster_map::learn_nodes(const learned& facts, cluster_view& into) const {
    bool changed = false;
    for (const auto& node : facts.nodes) {
        if (!usable(node)) continue;
        auto it = into.nodes.find(node.key);
        if (it == into.nodes.end()) {
            if (into.nodes.size() >= most_.nodes) continue;
            it = into.nodes.try_emplace(node.key).first;
        }
        if (it->second == node.where) continue;
        it->second = node.where;
        changed = true;
    }
    return changed;
}

bool cluster_map::learn_topic(const learned::topic& topic) {
    if (!topic.id.valid() || !is_topic_name(topic.name) || names_.contains(topic.id) || most_.topics == 0) return false;
    if (names_.size() >= most_.topics) forget_oldest_topic();
    auto name = std::make_shared<const std::string>(topic.name);
    // The key has to be a view of the newest string: the older topic's goes away before this one's.
    ids_.erase(*name);
    ids_.emplace(*name, topic.id);
    names_.emplace(topic.id, std::move(name));
    age_.push_back(topic.id);
    return true;
}

void cluster_map::forget_oldest_topic() {
    auto it = names_.find(age_.front());
    auto named = ids_.find(*it->second);
    if (named != ids_.end() && named->second == it->first) ids_.erase(named);
    names_.erase(it);
    age_.pop_front();
}

std::shared_ptr<const cluster_view> cluster_map::view() const {
    std::shared_lock lock{mutex_};
    return view_;
}

std::shared_ptr<const std::string> cluster_map::topic_name(const topic_id& id) const {
    std::shared_lock lock{mutex_};
    auto it = names_.find(id);
    return it == names_.end() ? nullptr : it->second;
}

std::optional<topic_id> cluster_map::topic_named(std::string_view name) const {
    std::shared_lock lock{mutex_};
    auto it = ids_.find(name);
    if (it == ids_.end()) return std::nullopt;
    return it->second;
}

std::size_t cluster_map::topic_count() const {
    std::shared_lock lock{mutex_};
    return names_.size();
}

learned cluster_map::everything() const {
    std::shared_lock lock{mutex_};
    learned all;
    all.cluster_id = view_->cluster_id;
    for (const auto& [key, where] : view_->nodes) all.nodes.push_back({key, where});
    for (const auto& id : age_) all.topics.push_back({id, *names_.at(id)});
    return all;
}

nlohmann::json cluster_map::state() const {
    auto now = view();
    return {{"cluster_id", now->cluster_id},
            {"generation", now->generation},
            {"brokers", nodes_of(*now, node_kind::broker)},
            {"controllers", nodes_of(*now, node_kind::controller)},
            {"topic_ids", topic_count()}};
}

}  // namespace outrider::kafka
