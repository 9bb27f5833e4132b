#include "sidecar/exchange/messaging_metrics.hpp"

namespace outrider::exchange {

void topic_metrics::set_lag(std::int32_t partition, std::int64_t records) {
    if (partition < 0 || static_cast<std::size_t>(partition) >= most_partitions) return;
    if (!owned_) {
        owned_ = std::make_unique<lag_table>();
        lag_.store(owned_.get(), std::memory_order_release);
    }
    (*owned_)[static_cast<std::size_t>(partition)].store(records, std::memory_order_relaxed);
}

std::int64_t topic_metrics::total_lag() const {
    std::int64_t sum = 0;
    if (const auto* table = lag_.load(std::memory_order_acquire))
        for (const auto& each : *table) sum += each.load(std::memory_order_relaxed);
    return sum;
}

topic_metrics& messaging_metrics::topic(std::string_view name) {
    if (auto found = index_.find(name); found != index_.end()) return *found->second;
    if (other_) return *other_;
    const auto count = published_.load(std::memory_order_relaxed);
    const bool full = count == most_topics;
    rows_[count] = std::make_unique<topic_metrics>(full ? std::string_view{"other"} : name);
    auto* row = rows_[count].get();
    published_.store(count + 1, std::memory_order_release);
    if (full) return *(other_ = row);
    index_.emplace(name, row);
    return *row;
}

}  // namespace outrider::exchange
