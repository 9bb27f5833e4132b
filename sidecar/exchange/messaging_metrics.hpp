#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/exchange/metrics.hpp"

namespace outrider::exchange {

/// What one worker counts of one topic. The lag is that of the partitions that were fetched last.
struct topic_metrics {
    explicit topic_metrics(std::string_view of) : name(of) {}

    const std::string name;
    counter sent_bytes, sent_records, send_errors;
    counter fetched_bytes, fetched_records, fetch_errors;
    counter injected, derived, untouched;  ///< batches, by how they got their context
    /// How many records a partition's end is ahead of what was fetched last.
    void set_lag(std::int32_t partition, std::int64_t records);
    std::int64_t total_lag() const;

  private:
    static constexpr std::size_t most_partitions = 1024;
    using lag_table = std::array<std::atomic<std::int64_t>, most_partitions>;
    std::unique_ptr<lag_table> owned_;  ///< made by the first fetch
    std::atomic<lag_table*> lag_{nullptr};
};

/// What one worker counts of one Kafka cluster. Written by its worker only, read by the scraping thread without
/// disturbing it: topics are appended, never moved or removed.
class messaging_metrics {
  public:
    static constexpr std::size_t most_apis = 128;
    static constexpr std::size_t most_topics = 1'000;

    /// One row per API key; what is outside goes to the last.
    struct api_metrics {
        counter requests, request_bytes, answer_bytes;
        counter throttle_milliseconds;         ///< that brokers asked for
        counter policy_throttle_milliseconds;  ///< that our limits asked for
        counter policy_throttled;              ///< requests that they throttled
        counter answered_here;                 ///< requests that policies kept from the broker
    };
    api_metrics& of(std::int16_t key) {
        auto index = key < 0 ? most_apis - 1 : std::min<std::size_t>(static_cast<std::size_t>(key), most_apis - 1);
        return apis_[index];
    }
    const std::array<api_metrics, most_apis>& apis() const { return apis_; }

    /// The topic's row; beyond the bound, the one called "other".
    topic_metrics& topic(std::string_view name);
    /// @param visit  called with each row, any thread
    template <typename Visit>
    void each_topic(Visit visit) const {
        const auto count = published_.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < count; ++i) visit(*rows_[i]);
    }

    counter connections_accepted, connections_open, connections_failed;
    counter malformed_requests, malformed_answers, dropped_answers;
    counter foreign_protocol;    ///< connections that spoke TLS or HTTP
    counter refused_mechanisms;  ///< SASL mechanisms that cannot pass
    counter wrong_checksums;     ///< batches passed as they were: the broker's to judge
    counter refused_partitions;  ///< of Produce requests, by policies
    counter unreadable_batches;  ///< malformed, or beyond what is inflated
    counter paused_fetches;      ///< that brought nothing, because an application is sick

  private:
    std::array<api_metrics, most_apis> apis_;
    std::map<std::string, topic_metrics*, std::less<>> index_;
    std::array<std::unique_ptr<topic_metrics>, most_topics + 1> rows_;
    std::atomic<std::size_t> published_{0};
    topic_metrics* other_ = nullptr;
};

}  // namespace outrider::exchange
