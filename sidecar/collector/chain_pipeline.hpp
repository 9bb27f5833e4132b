#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "sidecar/collector/chain_forwarder.hpp"
#include "sidecar/collector/chain_notes.hpp"
#include "sidecar/collector/digest_shelf.hpp"
#include "sidecar/collector/flow_watch.hpp"
#include "sidecar/collector/heap_pages.hpp"
#include "sidecar/collector/intake.hpp"
#include "sidecar/collector/span_log.hpp"
#include "sidecar/collector/trace_store.hpp"
#include "sidecar/collector/traffic_history.hpp"
#include "tracing/chains/topology.hpp"
#include "tracing/stitch/stitcher.hpp"

namespace outrider::collector {

/// What time it is: two clocks, which tests set.
struct pipeline_clock {
    std::function<std::int64_t()> steady_ns, unix_ns;
};

struct pipeline_options {
    tracing::stitch_options stitching;
    std::uint64_t queue_bytes = 64ULL << 20;  ///< of spans that wait to be stitched; beyond, senders wait
    std::uint64_t digest_bytes = 16ULL << 20;
};

/// How long chains took to be decided: after their last span, in seconds.
struct decision_latency {
    static constexpr std::array<double, 9> bounds{0.5, 1, 1.25, 1.5, 1.75, 2, 3, 5, 10};
    std::array<std::uint64_t, bounds.size() + 1> counts{};  ///< not cumulative; the last is beyond all
    double sum = 0;
};

/// What the pipeline has done, at one moment.
struct pipeline_counters {
    tracing::stitch_counters stitching;
    std::array<std::uint64_t, 7> decisions{};  ///< by link_source; `none` are new roots
    decision_latency latency;
    std::uint64_t chains_settled = 0, chains_given_up = 0;
    std::uint64_t queued_spans = 0, busy_refusals = 0, log_refusals = 0;
};

/// From a request to a chain:
///
///     take(): log -> store -> queue        the server's thread; what it answers is safe
///     step(): queue -> stitcher, flows -> decisions -> store, flows -> settled chains -> forwarder, notes -> log
///                                          a thread of its own, every 100 ms, and when much waits
class chain_pipeline : public intake {
  public:
    /// @param log, forward, flows  may be null; all outlive the pipeline
    chain_pipeline(trace_store& store, pipeline_options options, span_log* log, chain_forwarder* forward,
                   pipeline_clock clock, flow_watch* flows = nullptr);
    ~chain_pipeline() override;

    /// Reads what a former process left. Before start(). @throws span_log_error
    void restore();
    void start();
    /// Ends the thread; notes are written.
    void stop();

    std::unique_ptr<tracing::span_batch> spare_batch() override;
    intake_result take(std::unique_ptr<tracing::span_batch> spans, log_row encoding, std::string_view body) override;
    intake_result take(std::vector<tracing::span_data> spans, log_row encoding, std::string_view body);
    /// One round of what the thread does.
    void step();
    pipeline_counters counters() const;
    digest_shelf& digests() { return digests_; }
    /// What time it is by the clock that ages are told by.
    std::int64_t steady_ns() const { return clock_.steady_ns(); }
    /// Another one whenever something that can be asked for may have changed.
    std::uint64_t version() const { return version_.load(); }
    /// Of the chains that settled in that time.
    tracing::topology_view topology(std::chrono::nanoseconds since) const;
    /// What went on in that time, as JSON, see traffic_history.
    std::string history(std::chrono::nanoseconds since) const;

  private:
    struct pending_fate {
        chain_fate fate;
        std::int64_t since_ns;
    };
    using batch = std::unique_ptr<tracing::span_batch>;

    void run();
    std::deque<batch> taken();
    void stitch();
    void put_away(batch used);
    void decide(std::int64_t now_ns);
    void apply(const std::vector<tracing::decision>& known);
    void settle(std::int64_t now_ns);
    void learn(const settled_chain& settled, std::vector<tracing::span_data> spans, std::int64_t now_ns);
    void settle_all();
    void note(const settled_chain& settled, const tracing::trace_id& sent_as, std::int64_t now_ns);
    void write_notes(std::int64_t now_ns, bool all);
    void keep_house(std::int64_t now_ns);
    void make_digests(std::int64_t now_ns);
    void replay(const span_log::row& row, const std::vector<chain_fate>& fates, std::size_t& next);

    trace_store& store_;
    const pipeline_options options_;
    span_log* const log_;
    chain_forwarder* const forward_;
    const pipeline_clock clock_;
    flow_watch* const flows_;

    // Of the thread.
    tracing::stitcher stitcher_;
    std::vector<tracing::decision> unwritten_;
    std::deque<pending_fate> fates_;
    std::vector<tracing::span_key> restored_;  ///< roots that a former process decided: its word holds for a while
    std::int64_t restored_until_ns_ = 0, next_house_ns_ = 0, next_look_ns_ = 0;
    std::vector<chain_candidate> without_digest_;  ///< perhaps; the one that began last at the end
    std::set<tracing::trace_id> of_large_chains_;  ///< among them, whose chain has been looked at
    heap_pages pages_;
    std::int64_t replayed_until_ns_ = 0;  ///< Unix time of the last request that was read back for flows; 0: none

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<batch> queue_;
    std::uint64_t queue_bytes_ = 0;
    std::vector<batch> spare_;  ///< whose memory is used again
    std::uint64_t spare_bytes_ = 0;
    bool stopping_ = false;
    pipeline_counters counters_;
    digest_shelf digests_;
    std::atomic<std::uint64_t> version_{0};
    mutable std::mutex topology_mutex_;
    tracing::rolling_topology topology_;
    traffic_history history_;
    std::thread thread_;
};

}  // namespace outrider::collector
