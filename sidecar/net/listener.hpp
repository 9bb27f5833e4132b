#pragma once

#include <functional>
#include <string>
#include <vector>

#include "sidecar/net/address.hpp"
#include "sidecar/net/stream.hpp"
#include "sidecar/net/task_group.hpp"

namespace outrider::net {

/// A bound, listening descriptor. Each worker has one of its own for the same address (SO_REUSEPORT): the kernel
/// spreads the connections and the workers share nothing.
class listening_socket {
  public:
    /// Binds and listens. Port 0 takes any; `bound()` tells which.
    /// Throws std::runtime_error that names the address, the setting and the reason.
    static listening_socket open(const tcp_endpoint& where, const std::string& setting, bool shared);
    /// Listens on every loopback address, 127.0.0.0/8, and on no other: any address, bound to the device `lo`. An
    /// accepted connection's local address tells which one was meant. Linux from 5.7 on needs no privilege for it.
    static listening_socket open_loopback(std::uint16_t port, const std::string& setting, bool shared);
    /// Throws likewise when another process has the address: SO_REUSEPORT would share it without a word. Nobody can
    /// connect meanwhile, and so nobody is reset afterwards.
    static void expect_free(const tcp_endpoint& where, const std::string& setting);
    static void expect_free_family(const tcp_endpoint& where, const std::string& setting);
    static void expect_free_loopback(std::uint16_t port, const std::string& setting);
    /// Listens for one family only: 0.0.0.0 and [::] of the same port are two sockets, where open() has one for both.
    static listening_socket open_family(const tcp_endpoint& where, const std::string& setting, bool shared);
    /// Whether this machine, or this network namespace, has that address.
    static bool has_address(const asio::ip::address& address);
    listening_socket(listening_socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    listening_socket& operator=(listening_socket&&) = delete;
    ~listening_socket();

    tcp_endpoint bound() const { return local_end(descriptor_); }
    int release() { return std::exchange(descriptor_, -1); }

  private:
    static listening_socket open_on(const tcp_endpoint& where, const std::string& setting, bool shared,
                                    const char* device, bool one_family);
    static listening_socket bound_on(const tcp_endpoint& where, const std::string& setting, bool shared,
                                     const char* device, bool one_family);
    explicit listening_socket(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

/// Accepts on one descriptor of one worker and hands connected streams over. It waits for readability and then takes
/// what is there with accept4, so that a new connection costs one system call.
class acceptor {
  public:
    using handler = std::function<void(stream, const tcp_endpoint& peer)>;

    acceptor(executor ex, listening_socket from, handler on_connection);

    /// Runs in `group` until stop(); once, however often it is called.
    void start(task_group& group);
    /// No further connection is taken; those still queued are taken first, and those whose handshake is under way for
    /// a moment more, so that none is reset.
    void stop();

  private:
    awaitable<void> run();
    /// Takes those that wait, `most` of them at most. @return false when descriptors or memory ran out and a pause is
    /// due.
    bool take_waiting(int most);

    executor executor_;
    net::socket listening_;  ///< only waited on
    handler on_connection_;
    bool started_ = false;
    bool stopped_ = false;
};

}  // namespace outrider::net
