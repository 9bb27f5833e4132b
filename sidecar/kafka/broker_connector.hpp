#pragma once

#include <string>

#include "sidecar/kafka/cluster_path.hpp"
#include "sidecar/net/stream.hpp"

namespace outrider::kafka {

/// Connects one session to its broker, learning where that is when nobody told yet.
class broker_connector {
  public:
    struct outcome {
        std::string error;  ///< empty: connected
        host_port where;
        bool provisional = false;  ///< connected to another broker, to learn from what it tells the client
    };

    /// @param into  becomes the connection
    /// @param over  looked at before each attempt: when it is true none is made any more
    broker_connector(cluster_path& path, net::stream& into, const bool& over) : path_(path), into_(into), over_(over) {}

    /// The first bootstrap broker that accepts.
    net::awaitable<outcome> to_bootstrap();
    /// This node. When it is not known, or not to be reached where it was, a bootstrap broker is asked for Metadata
    /// first; one that wants the client to authenticate before cannot be asked, and is connected to provisionally.
    net::awaitable<outcome> to_node(node_key node);
    /// Where an intercepted client was going: `who` at this address and no other.
    net::awaitable<outcome> to_address(const host_port& who, net::tcp_endpoint where);

  private:
    net::awaitable<std::string> connect(const host_port& to);
    net::awaitable<std::string> connect_to_one(const host_port& to, const std::vector<net::tcp_endpoint>& addresses);
    net::awaitable<std::string> secure(const std::string& host);
    /// Asks the broker that is connected. @return whether it answered
    net::awaitable<bool> ask_for_nodes();
    net::awaitable<bool> ask(const std::string& request, std::string& answer);
    /// Connects to the node where the map says it is. @return neither an error nor a place when that is `but_not`
    net::awaitable<outcome> to_known(node_key node, const host_port& but_not);
    void renew();

    cluster_path& path_;
    net::stream& into_;
    const bool& over_;
};

}  // namespace outrider::kafka
