#pragma once

#include <memory>
#include <string>

#include "sidecar/net/stream.hpp"
#include "sidecar/net/tls_context.hpp"

namespace outrider::net {

/// TLS on a stream: OpenSSL drives the non-blocking descriptor itself and gives its buffers back while the connection
/// is idle (SSL_MODE_RELEASE_BUFFERS), which `asio::ssl::stream` with its pair of 17 KB buffers cannot.
class tls_layer final : public stream_layer {
  public:
    /// @param session  a client's, from tls_context: it knows whom to verify
    explicit tls_layer(ssl_pointer session);

    /// The handshake; bounded by the caller's deadline, which cancels the socket.
    awaitable<error_code> handshake(socket& lower);

    /// Why the peer's certificate or the handshake was refused, for people; empty when it was not.
    const std::string& reason() const { return reason_; }

    awaitable<io_result> read_some(socket& lower, asio::mutable_buffer into) override;
    std::size_t write_now(socket& lower, std::span<const asio::const_buffer> from, error_code& ec) override;
    awaitable<error_code> wait_writable(socket& lower) override;
    void shutdown_send(socket& lower) override;
    bool holds_input() const override { return SSL_pending(ssl_.get()) > 0; }

  private:
    /// Waits for what OpenSSL asks for; an error when it asks for nothing.
    awaitable<error_code> wait_as_asked(socket& lower, int outcome);
    error_code failure(int outcome);

    ssl_pointer ssl_;
    std::string reason_;
    bool write_wants_read_ = false;
};

}  // namespace outrider::net
