#pragma once

#include <memory>
#include <span>
#include <tuple>

#include <boost/asio/buffer.hpp>
#include <boost/asio/deferred.hpp>

#include "sidecar/net/asio.hpp"
#include "sidecar/net/socket.hpp"

namespace outrider::net {

using io_result = std::tuple<error_code, std::size_t>;

class stream;

/// What stands between a stream and its socket: TLS, or the faults that a test injects.
class stream_layer {
  public:
    virtual ~stream_layer() = default;
    virtual awaitable<io_result> read_some(socket& lower, asio::mutable_buffer into) = 0;
    /// Writes what goes without waiting; `would_block` when nothing does.
    virtual std::size_t write_now(socket& lower, std::span<const asio::const_buffer> from, error_code& ec) = 0;
    virtual awaitable<error_code> wait_writable(socket& lower) = 0;
    /// Tells the peer that nothing more will be sent (TLS: close_notify).
    virtual void shutdown_send(socket& lower) = 0;
    /// Whether bytes have been read from the socket that read_some() has not handed out yet.
    virtual bool holds_input() const { return false; }
};

/// A connection: one concrete type for plain TCP, UNIX sockets, TLS and the socket pairs of tests, so that the protocol
/// code names no socket. The plain path has no virtual call and no coroutine frame of its own.
class stream {
  public:
    explicit stream(executor ex) : socket_(ex) {}
    explicit stream(net::socket connected) : socket_(std::move(connected)) {}
    stream(stream&&) = default;
    stream& operator=(stream&&) = default;

    /// At least one byte, or an error; `asio::error::eof` at the peer's end of sending.
    awaitable<io_result> read_some(asio::mutable_buffer into) {
        if (layer_) return layer_->read_some(socket_, into);
        return socket_.async_read_some(into, use_tuple);
    }

    /// The same into room that is found when something is there to be read.
    awaitable<io_result> read_some(read_room& into) {
        if (layer_) return layer_->read_some(socket_, into.take());
        return socket_.async_read_some(into, use_tuple);
    }

    /// Whether nothing stands before the socket; then read_plain() does what read_some() does, without a coroutine
    /// frame of its own.
    /// @param asks_behind  see socket::async_read_some()
    bool plain() const { return !layer_; }
    auto read_plain(asio::mutable_buffer into, bool asks_behind = true) {
        return socket_.async_read_some(into, asio::as_tuple(asio::deferred), asks_behind);
    }
    auto read_plain(read_room& into, bool asks_behind = true) {
        return socket_.async_read_some(into, asio::as_tuple(asio::deferred), asks_behind);
    }
    /// Something is expected at once, at most the end of the stream.
    void expect_news() {
        if (!layer_) socket_.expect_news();
    }

    /// Writes what the socket takes at once. @return how many bytes; `ec` is set on a failure, not for a full socket.
    std::size_t write_now(std::span<const asio::const_buffer> from, error_code& ec);

    /// Writes the rest of `from` after its first `done` bytes, waiting as long as it takes.
    /// @param over  when not null: once it is true nothing is waited for any more, even where cancel() came between
    ///              two operations
    awaitable<error_code> write_rest(std::span<const asio::const_buffer> from, std::size_t done,
                                     const bool* over = nullptr);

    /// write_now() and, only if need be, write_rest().
    awaitable<error_code> write(asio::const_buffer from);

    /// Whether the peer has neither closed nor sent anything: an idle connection that may be used again.
    bool quiet_and_open();

    /// Whether the peer has reset the connection. A peer that has only ended its sending has not.
    bool was_reset();
    /// Whether the peer will send nothing more, or has reset the connection; what it sent before may not be read yet.
    bool has_ended();

    /// Ends every pending operation with `operation_aborted`.
    void cancel();
    /// Half-close: the peer reads the end of the stream.
    void shutdown_send();
    void close();
    /// Close with a reset, so that the peer cannot take what it got for complete.
    void reset();
    bool is_open() const { return socket_.is_open(); }

    net::socket& lower() { return socket_; }
    void set_layer(std::unique_ptr<stream_layer> layer) { layer_ = std::move(layer); }
    stream_layer* layer() { return layer_.get(); }

  private:
    net::socket socket_;
    std::unique_ptr<stream_layer> layer_;
};

/// Two connected streams within the process (a UNIX socket pair), for tests of protocol code.
std::pair<stream, stream> connected_pair(executor ex);

}  // namespace outrider::net
