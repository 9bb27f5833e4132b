#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/exchange/message_tracer.hpp"
#include "sidecar/exchange/messaging_metrics.hpp"
#include "sidecar/kafka/cluster.hpp"
#include "sidecar/kafka/cluster_policies.hpp"
#include "sidecar/kafka/frame_memory.hpp"
#include "sidecar/kafka/record_compression.hpp"
#include "sidecar/net/resolver.hpp"
#include "sidecar/net/stream.hpp"
#include "sidecar/net/worker.hpp"
#include "tracing/capture/message_capture.hpp"
#include "tracing/span_buffer.hpp"

namespace outrider::kafka {

class session;

/// A broker that a client went to by its own address.
struct broker_address {
    host_port who;  ///< by the name that the cluster has for it, or its address again
    net::tcp_endpoint where;
};

/// One worker's data path to one cluster: what its sessions need, owned by its thread.
class cluster_path {
  public:
    /// @param by  the worker's policies
    cluster_path(net::worker& worker, kafka::cluster& cluster, tracing::span_buffer* spans,
                 const exchange::governor& by);
    ~cluster_path();

    /// Serves a connection that a listener of the cluster accepted.
    void accept(net::stream client, const net::tcp_endpoint& peer);
    /// Serves an intercepted connection to a broker: it is connected to that one, and is told the brokers' own
    /// addresses.
    void accept(net::stream client, const net::tcp_endpoint& peer, broker_address to);
    /// Whether some broker of the cluster is on this port, as far as it is known.
    bool has_broker_on(std::uint16_t port) const;
    /// The bootstrap broker, or the broker that some answer named, at this address; names are looked up for it.
    net::awaitable<std::optional<host_port>> broker_at(net::tcp_endpoint where);

    /// Sessions end when no answer is owed.
    void drain();
    /// Ends every session now.
    void abort();
    bool draining() const { return draining_; }
    std::size_t sessions() const { return sessions_.size(); }

    /// An application became sick or well: fetches that wait for that look again.
    void applications_changed();

    /// Every 100 ms: spans to their thread, stalled sessions ended.
    void housekeeping();

    /// Whether a frame of this size may be held whole just now. Giving it back: give_back_hold(), or a hold_permit.
    bool may_hold(std::size_t size);
    void give_back_hold(std::size_t size) { held_ -= size; }

    net::worker& worker;
    kafka::cluster& cluster;
    frame_memory memory;
    net::resolver resolver;
    exchange::messaging_metrics metrics;
    exchange::message_tracer tracer;
    tracing::message_capture capture;  ///< for one record after the other
    record_codecs codecs;
    cluster_policies policies;
    std::size_t next_bootstrap = 0;  ///< which bootstrap broker is tried first
    /// Called with each connection to a broker when it is made; tests put faults before it.
    std::function<void(net::stream&)> on_broker_connected;

    /// Frames up to this size may be held whole, to be changed.
    static constexpr std::size_t most_held_frame = 2U << 20;

  private:
    friend class session;
    static constexpr std::size_t most_held = 16U << 20;

    std::vector<session*> sessions_;
    std::size_t held_ = 0;
    unsigned ticks_ = 0;
    bool draining_ = false;
};

/// Gives back at its end what may_hold() granted, however that comes.
class hold_permit {
  public:
    hold_permit(cluster_path& path, std::size_t size) : path_(path), size_(size) {}
    hold_permit(const hold_permit&) = delete;
    hold_permit& operator=(const hold_permit&) = delete;
    ~hold_permit() { path_.give_back_hold(size_); }

  private:
    cluster_path& path_;
    std::size_t size_;
};

}  // namespace outrider::kafka
