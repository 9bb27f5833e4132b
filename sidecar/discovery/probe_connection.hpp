#pragma once

#include <array>
#include <string>
#include <string_view>

#include "sidecar/config/settings.hpp"
#include "sidecar/discovery/probe.hpp"
#include "sidecar/net/stream.hpp"
#include "sidecar/net/tls_context.hpp"

namespace outrider::discovery {

/// One connection to what is probed: it ends with the probe's time, and reads no more than most_answer.
class probe_connection {
  public:
    explicit probe_connection(probe_io& io);
    ~probe_connection();
    probe_connection(const probe_connection&) = delete;
    probe_connection& operator=(const probe_connection&) = delete;

    /// Each of these says why it failed; empty: done.
    /// @param tls  null: cleartext
    net::awaitable<std::string> connect(const config::endpoint& to, net::tls_context* tls);
    net::awaitable<std::string> send(std::string_view bytes);
    /// Appends at least one byte. At the end of the stream ended() is true afterwards, and nothing was appended.
    net::awaitable<std::string> receive(std::string& into);
    bool ended() const { return ended_; }
    /// Whether anything was received.
    bool answered() const { return received_ > 0; }

  private:
    net::awaitable<std::string> secure(const std::string& host, net::tls_context& tls);
    std::string why(const net::error_code& ec) const;

    probe_io& io_;
    net::stream stream_;
    std::array<char, 4'096> piece_;
    std::size_t received_ = 0;
    bool ended_ = false;
};

/// Whether the port accepts. @param tls  null: none; else the handshake has to succeed too
net::awaitable<probe_result> probe_tcp(probe_io& io, const config::endpoint& where, net::tls_context* tls);

}  // namespace outrider::discovery
