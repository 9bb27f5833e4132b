#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "sidecar/discovery/probe_connection.hpp"

namespace outrider::discovery {

/// One call of grpc.health.v1.Health/Check over HTTP/2 in cleartext with prior knowledge, without a socket: bytes go
/// in and come out. What it is given is hostile; whoever gives it bounds how much.
class grpc_health_call {
  public:
    /// @param service  "" asks for the server as a whole
    grpc_health_call(const std::string& authority, std::string service, std::chrono::milliseconds patience);
    ~grpc_health_call();

    /// The bytes that are to be sent now.
    std::string to_send();
    void receive(std::string_view bytes);
    /// Nothing more is to be expected: result() says what came of it.
    bool finished() const;
    probe_result result() const;

    struct state;

  private:
    std::unique_ptr<state> state_;
};

/// SERVING is good. @param where  speaks cleartext
net::awaitable<probe_result> probe_grpc(probe_io& io, const config::endpoint& where, const std::string& service);

}  // namespace outrider::discovery
