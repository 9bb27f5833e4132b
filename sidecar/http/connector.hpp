#pragma once

#include "governance/egress.hpp"
#include "sidecar/http/upstream.hpp"
#include "sidecar/net/address.hpp"
#include "sidecar/net/asio.hpp"

namespace outrider::http {

class data_path;

struct connect_outcome {
    connection_handle connection;  ///< null on failure
    exchange::failure failure;
    std::string detail;
};

/// Whoever waits for a connection: `on_stream` is told which stream is being connected, so that a deadline can cancel
/// it.
struct connect_watch {
    void (*on_stream)(void* owner, net::stream* stream);
    void* owner;
};

/// The address as the egress rules know it.
governance::destination destination_of(const net::tcp_endpoint& where);

/// Opens a connection to `endpoint`: resolves its name, passes the addresses of a dynamic upstream through the egress
/// rules, connects to one after the other, and shakes hands when the endpoint is https. Ends at `deadline`.
net::awaitable<connect_outcome> open_connection(data_path& path, std::shared_ptr<upstream> to, endpoint_state& endpoint,
                                                net::steady_clock::time_point deadline, connect_watch watch);

}  // namespace outrider::http
