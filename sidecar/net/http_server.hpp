#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "sidecar/config/settings.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::net {

/// Where an `http_server` listens and what it lets its clients hold.
struct http_server_options {
    config::endpoint listen;               ///< port 0: any free one, see http_server::port()
    std::string setting = "--listen";      ///< named when the address cannot be bound
    std::string thread_name = "http";      ///< at most 15 characters
    std::uint32_t connections = 256;       ///< beyond: the longest idle one, or slow head, makes room, else 503
    std::uint32_t head_bytes = 32'768;     ///< beyond: 431
    std::uint64_t body_bytes = 64 * 1024;  ///< beyond: 413
    std::uint64_t all_bodies_bytes =
        1024 * 1024;                          ///< of bodies held at once, all connections; beyond: 503, Retry-After
    std::chrono::milliseconds idle{75'000};   ///< a connection without a request
    std::chrono::milliseconds head{10'000};   ///< from a request's first byte to the end of its head
    std::chrono::milliseconds body{60'000};   ///< a whole body
    std::chrono::milliseconds write{60'000};  ///< a whole answer
};

/// Counters of an `http_server`, readable from any thread.
struct http_server_counters {
    std::uint64_t accepted = 0;  ///< connections
    std::uint64_t refused = 0;   ///< connections answered 503 because all places were busy
    std::uint64_t requests = 0;  ///< requests that reached the handler
    std::uint64_t bad = 0;       ///< requests answered here with 4xx or 5xx: framing, limits, memory
    std::uint64_t open = 0;      ///< connections now
};

/// The address cannot be listened on; what() names the address, the setting and the reason.
class listen_error : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

/// A small HTTP/1.1 server for control and collection, on one thread of its own so that it can never stall a worker.
/// Not for the data path: requests and answers are whole strings.
///
///     http_server server{{.listen = {"127.0.0.1", 0}}, [](const server_request&) { return server_response{}; }};
///     server.port(); ... server.stop(2s);
///
/// The handler runs on the server's thread, one call at a time; what it throws becomes a 500.
class http_server {
  public:
    using handler = std::function<server_response(const server_request&)>;

    /// Binds, listens and starts to serve. @throws listen_error
    http_server(http_server_options options, handler handle);
    ~http_server();  ///< as stop(0)
    http_server(const http_server&) = delete;
    http_server& operator=(const http_server&) = delete;

    std::uint16_t port() const;
    std::string address() const;  ///< "127.0.0.1:4318", with the port that was bound
    http_server_counters counters() const;

    /// Stops accepting (connections already in the accept queue are served), lets running requests end within `grace`,
    /// then cuts them, and joins the thread. Not from the handler. May be called again.
    void stop(std::chrono::milliseconds grace);

  private:
    class core;
    std::unique_ptr<core> core_;
};

}  // namespace outrider::net
