// A connection of another protocol: its bytes, both ways, as they are.

#include "sidecar/intercept/connection.hpp"
#include "sidecar/net/log.hpp"
#include "sidecar/net/tcp.hpp"

namespace outrider::intercept {

void connection::waits() { arm(path_.settings.timeouts.tunnel); }

void connection::passed(bool back, std::size_t bytes) {
    (back ? metrics_.bytes_received : metrics_.bytes_sent).add(bytes);
}

void connection::fail(tunnel_failure why) { metrics_.failures[static_cast<std::size_t>(why)].add(); }

/// To the very address that the client was going to.
net::awaitable<bool> connection::connect(net::stream& up) {
    constexpr std::chrono::milliseconds unlimited{60'000};
    const auto& patience = path_.settings.timeouts.connect;
    arm(patience.count() > 0 ? patience : unlimited);
    up_ = &up;
    auto ec = co_await net::connect(up.lower(), destination_);
    deadline_.disarm();
    if (!ec) co_return true;
    up_ = nullptr;
    if (over_) co_return false;
    fail(timed_out_ ? tunnel_failure::timed_out : tunnel_failure::refused);
    spdlog::debug("{} cannot be connected to {}: {}", net::text_of(peer_), net::text_of(destination_),
                  timed_out_ ? "no answer in time" : ec.message());
    co_return false;
}

net::awaitable<void> connection::tunnel() {
    metrics_.tunnels.add();
    net::stream up{path_.worker.get_executor()};
    bool connected = co_await connect(up);
    // A reset is what says "nobody is there" once the handshake with us is over.
    if (!connected) co_return client_.reset();
    metrics_.tunnels_open.add();
    net::lent_buffer from_client{path_.blocks}, from_server{path_.blocks};
    net::relay_side one{client_, from_client}, other{up, from_server};
    auto ended = co_await net::relay(path_.worker.get_executor(), path_.worker.tasks(), one, other, *this);
    up_ = nullptr;
    metrics_.tunnels_open.subtract();
    deadline_.disarm();
    if (ended || over_) co_return;
    fail(timed_out_ ? tunnel_failure::silent : tunnel_failure::broken);
    // Neither side may take what it got for all there was.
    client_.reset();
    up.reset();
}

}  // namespace outrider::intercept
