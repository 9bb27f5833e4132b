#pragma once

#include <optional>

#include "sidecar/export/delivery_queue.hpp"
#include "sidecar/export/destination.hpp"
#include "sidecar/export/journal.hpp"
#include "sidecar/export/ledger.hpp"
#include "sidecar/export/log_limiter.hpp"
#include "sidecar/export/retry.hpp"
#include "sidecar/net/loop.hpp"

namespace outrider::exporting {

/// Decides what is sent next and does so, one request at a time: batches from memory and from the spool in turn, so
/// that a backlog neither starves fresh spans nor is starved by them. Lives on the exporter's io_context.
///
/// A batch is due when a full one waits, in memory and on disk together, or when the oldest span has waited for the
/// batch delay. A request carries one batch; once several are waiting it carries many, which costs much less per span.
/// After a failure everything waits until the backoff, or the time the receiver asked for, is over.
class sender {
  public:
    struct settings {
        std::string resource;  ///< encoded Resource of the spans in memory
        std::uint32_t batch_spans = 512;
        std::uint32_t batches_per_request = 16;  ///< once `backlog_batches` are waiting
        std::size_t request_bytes = 4 << 20;
        std::chrono::milliseconds batch_delay{5'000};
        std::chrono::milliseconds request_timeout{10'000};
        std::chrono::milliseconds first_backoff{500};
        std::chrono::milliseconds longest_backoff{5'000};
    };
    /// @param spool  null: memory only
    sender(net::asio::io_context& context, settings how, delivery_queue& queue, journal* spool, ledger& books,
           destination& to);

    /// The spool got a record whose oldest span ended then.
    void spooled(time_point oldest);
    /// Runs until close().
    net::awaitable<void> run();
    /// Something has changed: look again.
    void wake() { timer_.cancel(); }
    /// Everything is due from now on, whatever the batch delay; backoff is forgotten once.
    void hurry();
    /// Ends a request under way and starts no other.
    void close();

    /// A request is under way, or the next must wait for the backoff: what waits meanwhile may have to go to disk.
    bool busy() const;
    bool failed_since_hurry() const { return failed_since_hurry_; }

  private:
    /// What one request carries: parcels from memory, or records of the spool.
    struct cargo {
        std::vector<parcel_pointer> parcels;
        spool_batch records;
        std::uint64_t spans = 0;
    };
    using clock = std::chrono::steady_clock;

    bool due(clock::time_point now) const;
    bool memory_due(clock::time_point now) const;
    std::uint64_t request_spans() const;
    std::uint64_t waiting_spans() const;  ///< in memory and on disk
    /// What is being written may be sent at the same time, as long as nobody reads it back.
    delivery_queue::scope sendable() const;
    void request_read();
    void give_up_hanging_read(clock::time_point now);
    void watch_spool(clock::time_point now);
    std::optional<cargo> choose(clock::time_point now);
    clock::time_point next_look(clock::time_point now) const;
    net::awaitable<void> ship(cargo load);
    shipment manifest(const cargo& load) const;
    void settle(const cargo& load, const delivery_outcome& outcome);
    void postpone(const cargo& load, const delivery_outcome& outcome);
    void report(const delivery_outcome& outcome);

    const settings how_;
    delivery_queue& queue_;
    journal* const spool_;
    ledger& books_;
    destination& to_;
    net::steady_timer timer_;
    backoff backoff_;
    spool_batch ready_;  ///< read from the spool, not yet delivered
    bool reading_ = false;
    std::uint64_t read_number_ = 0;  ///< a result of another number was given up
    clock::time_point read_since_;
    bool spools_turn_ = true;
    bool in_flight_ = false;
    bool hurry_ = false;
    bool closed_ = false;
    bool failed_since_hurry_ = false;
    bool failing_ = false;
    bool misconfiguration_told_ = false;
    clock::time_point not_before_, next_read_;
    std::optional<clock::time_point> spooled_since_;  ///< when the spool last began to hold something
    log_limiter warnings_;
};

}  // namespace outrider::exporting
