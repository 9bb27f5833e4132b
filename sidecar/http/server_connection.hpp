#pragma once

#include <array>
#include <memory>
#include <string>

#include "sidecar/net/address.hpp"
#include "sidecar/net/io_buffer.hpp"
#include "sidecar/net/stream.hpp"
#include "sidecar/net/timer_wheel.hpp"

namespace outrider::exchange {
class governed;
}

namespace outrider::http {

class data_path;
struct listener_role;
struct upstream_connection;
class server_exchange;
class upstream;

/// What a connection waits for: tells what an expired deadline means.
enum class waiting_for : std::uint8_t {
    request,
    head,
    policy,  ///< until policies let the exchange go on
    request_body,
    connect,
    backoff,
    first_byte,
    response_body,
    client_write,
    tunnel
};

/// A client's connection: one exchange after the other. While idle it holds 512 bytes of buffer, a deadline and its
/// coroutine's frame; everything larger belongs to exchanges, or to the few connections that are busy right now.
///
///     idle -> (first bytes) -> [tunnel, when they are HTTP/2 or TLS]
///       ^            |
///       |            v
///       +---- exchange, and those pipelined behind it ---> closed
class server_connection {
  public:
    /// @param to  where the client was going, of an intercepted connection; null: as the role says
    server_connection(data_path& path, const listener_role& role, net::stream client, const net::tcp_endpoint& peer,
                      std::shared_ptr<upstream> to);
    ~server_connection();

    net::awaitable<void> serve();

    /// Called while stopping: one request more is answered, when it comes soon.
    void drain();
    void abort();
    /// Gives the large buffer back when the connection has been idle for a second.
    void cool_down(net::steady_clock::time_point now);

    // For exchanges and tunnels.

    /// Cancels what is pending on both sides when nothing happened for `wait`; zero waits for ever.
    /// @param now  a moment ago will do
    void arm(std::chrono::milliseconds wait, waiting_for what,
             net::steady_clock::time_point now = net::steady_clock::now());
    /// The deadline of the whole exchange; every arm() ends there at the latest.
    void limit_total(net::steady_clock::time_point end) { total_end_ = end; }
    bool timed_out() const { return timed_out_; }
    /// Whether the client was found to have left while the upstream or policies were waited for.
    bool client_gone() const { return client_gone_; }
    bool total_passed() const { return total_passed_; }
    waiting_for waited_for() const { return waiting_for_; }
    void watch(net::stream* upstream) { upstream_ = upstream; }
    /// A wait for policies that ends early when the client leaves, a deadline passes or the sidecar stops; null: none.
    void watch_wait(exchange::governed* waiting) { governed_ = waiting; }
    /// A pause that ends early when the client leaves, a deadline passes or the sidecar stops; null: none.
    void watch_pause(net::steady_timer* pause) { pause_ = pause; }
    bool aborted() const { return aborted_; }
    const std::string& peer_address() const { return peer_address_; }
    std::uint16_t peer_port() const { return peer_port_; }

    /// Whether the Host of a request may name another target than this connection has.
    bool by_host() const;

    data_path& path;
    const listener_role& role;
    const std::shared_ptr<upstream>
        target;  ///< of all requests, or of those whose Host names none; null: there is none
    net::stream client;
    net::io_buffer in;      ///< read and not yet used: the request under way and those behind it
    std::size_t index = 0;  ///< in the data path's list

  private:
    bool woken(net::error_code ec, std::size_t n);
    bool turns_cold();
    net::awaitable<bool> wait_for_request();
    void become_idle(net::steady_clock::time_point now);
    net::awaitable<bool> read_cold();
    /// Whether the first bytes were of another protocol, which has been served to its end.
    net::awaitable<bool> served_other_protocol();
    net::awaitable<void> say_goodbye();
    static void on_deadline(void* self);
    void look();
    void cancel_both();
    bool watches_client() const;
    bool client_left();
    bool request_is_here();
    std::chrono::milliseconds look_every() const;

    net::deadline deadline_;
    net::steady_clock::time_point total_end_ = net::steady_clock::time_point::max();
    net::steady_clock::time_point armed_at_{};
    net::stream* upstream_ = nullptr;
    exchange::governed* governed_ = nullptr;
    net::steady_timer* pause_ = nullptr;
    std::string peer_address_;
    std::uint16_t peer_port_ = 0;
    waiting_for waiting_for_ = waiting_for::request;
    net::steady_clock::time_point due_ = net::steady_clock::time_point::max();
    bool timed_out_ = false;
    bool client_gone_ = false;
    bool total_passed_ = false;
    bool total_armed_ = false;
    bool idle_ = false;
    bool warm_ = false;
    bool cooling_ = false;
    bool aborted_ = false;
};

}  // namespace outrider::http
