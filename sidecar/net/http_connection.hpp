#pragma once

#include <memory>

#include "sidecar/net/asio.hpp"
#include "sidecar/net/http_client.hpp"

namespace outrider::net {

/// The asynchronous client behind http_client: one keep-alive connection, one request at a time, on one io_context.
/// A kept connection that the server closed meanwhile is noticed and replaced before anything is sent on it.
class http_connection {
  public:
    http_connection(asio::io_context& context, http_client_options options);
    ~http_connection();
    http_connection(const http_connection&) = delete;
    http_connection& operator=(const http_connection&) = delete;

    /// The request and everything its parts refer to must live until the answer.
    awaitable<http_result> send(const http_request& request, std::chrono::steady_clock::time_point deadline);

    /// The same, with the answer handed on as it comes. The sink must live until the answer too.
    awaitable<http_result> stream(const http_request& request, const http_sink& to, stream_timeouts timeouts);

    /// Ends a request under way with `cancelled` and forgets the connection.
    void cancel();

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace outrider::net
