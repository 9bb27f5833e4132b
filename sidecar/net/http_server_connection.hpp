#pragma once

// Internal to http_server: Beast appears here and in the .cpp files only.

#include <atomic>
#include <chrono>
#include <optional>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "sidecar/net/asio.hpp"
#include "sidecar/net/http_server.hpp"

namespace outrider::net {

/// What the connections of one server share. Only the counters are read by other threads.
struct server_shared {
    http_server_options options;
    http_server::handler handle;
    bool draining = false;
    std::uint64_t body_bytes = 0;  ///< held by all connections
    std::atomic<std::uint64_t> accepted{0}, refused{0}, requests{0}, bad{0}, open{0};
};

/// Bytes of the shared body budget that one request holds until its answer has been written.
class held_body_bytes {
  public:
    explicit held_body_bytes(server_shared& shared) : shared_(shared) {}
    ~held_body_bytes() { shared_.body_bytes -= held_; }
    held_body_bytes(const held_body_bytes&) = delete;
    held_body_bytes& operator=(const held_body_bytes&) = delete;
    /// False when the budget has no room for `more`.
    bool grow(std::uint64_t more);

  private:
    server_shared& shared_;
    std::uint64_t held_ = 0;
};

/// One accepted connection: requests are read, handled and answered one after the other, so pipelined ones stay in
/// order.
///
///     idle -- first byte --> reading -- whole request --> handling --> writing -- keep-alive --> idle
///       |                       |                                         |
///       +-- evict, timeout      +-- refused: answer, linger, close        +-- close
class server_connection {
  public:
    using socket = asio::basic_stream_socket<asio::ip::tcp, executor>;

    server_connection(socket peer, server_shared& shared) : shared_(shared), stream_(std::move(peer)) {}

    awaitable<void> serve();
    /// Ends the connection when it waits for a request; otherwise nothing happens. @return whether it did
    bool evict();
    /// Ends the connection whatever it does.
    void cut();
    /// Since when it has waited for a request; nothing while it works or has been evicted.
    std::optional<std::chrono::steady_clock::time_point> idle_since() const;
    /// Since when a head has been begun and is not complete; nothing in any other state.
    std::optional<std::chrono::steady_clock::time_point> head_since() const { return head_since_; }
    /// Ends a connection in that state.
    void give_up_head();

  private:
    using parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
    /// Why a request is not handled; status 0: the peer is gone, there is nobody to answer.
    struct refusal {
        unsigned status = 0;
        std::string_view detail;
    };

    /// What becomes of the connection when a request has been answered.
    enum class after { keep_alive, close, linger };

    awaitable<bool> first_byte();
    awaitable<after> exchange();
    awaitable<std::optional<refusal>> read(parser& in, server_request& request, held_body_bytes& held);
    awaitable<std::optional<refusal>> read_body(parser& in, std::string& body, held_body_bytes& held);
    awaitable<bool> write(server_response answer, unsigned version, bool head_only, bool keep_alive);
    awaitable<void> linger();
    server_response handle(const server_request& request);
    server_response refuse(const refusal& why);
    static refusal classify(error_code error);

    server_shared& shared_;
    boost::beast::basic_stream<asio::ip::tcp, executor> stream_;
    boost::beast::flat_buffer buffer_;
    bool idle_ = true;
    bool evicted_ = false;
    bool served_ = false;  ///< at least one request
    std::chrono::steady_clock::time_point idle_since_ = std::chrono::steady_clock::now();
    std::optional<std::chrono::steady_clock::time_point> head_since_;
};

}  // namespace outrider::net
