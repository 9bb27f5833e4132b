#include "sidecar/http/server_connection.hpp"

#include "sidecar/exchange/governed.hpp"
#include "sidecar/http/data_path.hpp"
#include "sidecar/http/server_exchange.hpp"
#include "sidecar/http/tunnel.hpp"

namespace outrider::http {
namespace {

constexpr std::size_t warm_buffer = 16 * 1024;
constexpr std::size_t cold_buffer = 512;
constexpr std::chrono::milliseconds looks_for_reset_every{1'000};
/// Somebody else may want the place in the queue.
constexpr std::chrono::milliseconds looks_for_end_every{100};
/// For a client that may still be sending when it has its answer.
constexpr std::chrono::milliseconds lingers_for{2'000};
/// While stopping, a connection gets this long to send its request: closing it at once could cross one on its way.
constexpr std::chrono::milliseconds idle_while_draining{300};

}  // namespace

server_connection::server_connection(data_path& owner, const listener_role& of, net::stream accepted,
                                     const net::tcp_endpoint& peer, std::shared_ptr<upstream> to)
    : path(owner),
      role(of),
      target(to ? std::move(to) : of.fixed),
      client(std::move(accepted)),
      deadline_(owner.worker.wheel(), &on_deadline, this) {
    if (peer.port() != 0) {
        auto address = peer.address();
        if (address.is_v6() && address.to_v6().is_v4_mapped())
            address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
        peer_address_ = address.to_string();
    }
    peer_port_ = peer.port();
    path.metrics.connections_accepted.add();
    path.metrics.connections_open.add();
    if (role.direction() == exchange::direction::inbound) path.metrics.inbound_open.add();
    index = path.connections_.size();
    path.connections_.push_back(this);
}

server_connection::~server_connection() {
    if (warm_) --path.warm;
    path.metrics.connections_open.subtract();
    if (role.direction() == exchange::direction::inbound) path.metrics.inbound_open.subtract();
    path.connections_.back()->index = index;
    std::swap(path.connections_[index], path.connections_.back());
    path.connections_.pop_back();
}

bool server_connection::by_host() const {
    return !target || (role.intercepted && role.kind == listener_kind::outbound);
}

void server_connection::on_deadline(void* self) { static_cast<server_connection*>(self)->look(); }

/// While the upstream is waited for, nothing is read from the client; so once a second its socket is asked for a reset.
bool server_connection::watches_client() const {
    return waiting_for_ == waiting_for::first_byte || waiting_for_ == waiting_for::response_body ||
           waiting_for_ == waiting_for::connect || waiting_for_ == waiting_for::policy ||
           waiting_for_ == waiting_for::backoff;
}

/// A client that has only ended its sending still gets its answer when it is being worked on. Nobody works on what
/// waits for its turn, and most of those who end their sending there have closed: as in nginx, it is not worth a place.
bool server_connection::client_left() {
    if (!watches_client()) return false;
    return waiting_for_ == waiting_for::policy ? client.has_ended() : client.was_reset();
}

/// An idle connection on which something came at the last moment: the read that is under way takes it.
bool server_connection::request_is_here() { return idle_ && !client.quiet_and_open(); }

std::chrono::milliseconds server_connection::look_every() const {
    return waiting_for_ == waiting_for::policy ? looks_for_end_every : looks_for_reset_every;
}

void server_connection::look() {
    auto now = net::steady_clock::now();
    timed_out_ = now >= due_ && !request_is_here();
    client_gone_ = !timed_out_ && client_left();
    if (!timed_out_ && !client_gone_) return deadline_.arm(std::max(std::min(due_, now + look_every()), now));
    total_passed_ = timed_out_ && total_armed_;
    cancel_both();
}

void server_connection::cancel_both() {
    client.cancel();
    if (upstream_) upstream_->cancel();
    if (governed_) governed_->cancel();
    if (pause_) pause_->cancel();
}

void server_connection::arm(std::chrono::milliseconds wait, waiting_for what, net::steady_clock::time_point now) {
    waiting_for_ = what;
    armed_at_ = now;
    timed_out_ = false;
    due_ = wait.count() > 0 ? now + wait : net::steady_clock::time_point::max();
    total_armed_ = total_end_ < due_;
    due_ = std::min(due_, total_end_);
    auto when = watches_client() ? std::min(due_, now + look_every()) : due_;
    if (when == net::steady_clock::time_point::max()) {
        deadline_.disarm();
    } else {
        deadline_.arm(when);
    }
}

void server_connection::drain() {
    if (idle_) arm(idle_while_draining, waiting_for::request);
}

void server_connection::abort() {
    aborted_ = true;
    cancel_both();
}

void server_connection::cool_down(net::steady_clock::time_point now) {
    if (!warm_ || !idle_ || cooling_ || now - armed_at_ < std::chrono::seconds{1}) return;
    cooling_ = true;
    client.cancel();
}

net::awaitable<bool> server_connection::read_cold() {
    std::array<char, cold_buffer> small;
    auto [ec, n] = co_await client.read_some(boost::asio::buffer(small));
    if (ec) co_return false;
    in.make_room(warm_buffer);
    in.append({small.data(), n});
    co_return true;
}

void server_connection::become_idle(net::steady_clock::time_point now) {
    if (!warm_ && path.warm < data_path::most_warm) {
        warm_ = true;
        ++path.warm;
    }
    if (warm_) {
        in.make_room(warm_buffer);
    } else {
        in.shrink(0);
    }
    total_end_ = net::steady_clock::time_point::max();
    arm(path.draining(role) ? idle_while_draining : path.settings.timeouts.idle, waiting_for::request, now);
    idle_ = true;
}

/// The idle connection's read has ended. @return whether a request has begun
bool server_connection::woken(net::error_code ec, std::size_t n) {
    if (ec) return false;
    idle_ = false;
    in.commit(n);
    return true;
}

/// Whether the read was ended by cool_down(), so that the connection waits on without a large buffer.
bool server_connection::turns_cold() {
    if (!cooling_ || timed_out() || aborted_) return false;
    cooling_ = warm_ = false;
    --path.warm;
    in.shrink(0);
    return true;
}

/// Of a connection that is idle, in every way but the usual one, which serve() awaits by itself.
net::awaitable<bool> server_connection::wait_for_request() {
    if (warm_) {
        auto [ec, n] = co_await client.read_some(in.room());
        if (woken(ec, n)) co_return true;
        if (!turns_cold()) co_return false;
    }
    bool any = co_await read_cold();
    idle_ = false;
    co_return any;
}

net::awaitable<bool> server_connection::served_other_protocol() {
    auto guess = guess_protocol(in.data());
    if (guess == first_bytes::http1) co_return false;
    if (guess == first_bytes::unsure || guess == first_bytes::http2_unsure || guess == first_bytes::tls_unsure) {
        // A client of HTTP/2 or TLS sends the rest of its greeting at once; what stays half a greeting is none.
        arm(std::chrono::milliseconds{1'000}, waiting_for::head);
        while (guess != first_bytes::http1 && guess != first_bytes::http2 && guess != first_bytes::tls) {
            in.make_room(4'096);
            auto [ec, n] = co_await client.read_some(in.room());
            if (ec) {
                if (guess == first_bytes::unsure) co_return false;
                co_return true;
            }
            in.commit(n);
            guess = guess_protocol(in.data());
        }
        if (guess == first_bytes::http1) co_return false;
    }
    co_await pass_through(*this, guess == first_bytes::tls ? exchange::tunnel_kind::tls : exchange::tunnel_kind::http2);
    co_return true;
}

net::awaitable<void> server_connection::serve() {
    bool first = true;
    std::unique_ptr<server_exchange> exchange;
    while (!aborted_) {
        if (in.empty()) {
            in.reset();
            auto now = exchange ? exchange->ended_at() : net::steady_clock::now();
            if (exchange) path.give_back(std::move(exchange));
            become_idle(now);
            bool came = false, usual = warm_ && client.plain();
            if (usual) {
                auto [ec, n] = co_await client.read_plain(in.room(), false);
                came = woken(ec, n);
            }
            if (!came && (!usual || turns_cold())) came = co_await wait_for_request();
            if (!came) break;
        }
        if (std::exchange(first, false) && role.kind == listener_kind::inbound && co_await served_other_protocol())
            co_return;
        if (!exchange) exchange = path.take_exchange();
        auto progress = exchange->begin(*this);
        while (progress == server_exchange::progress::waits) {
            auto got = co_await exchange->read();
            progress = exchange->take(got);
        }
        auto next = exchange->after();
        if (progress == server_exchange::progress::hands_over) next = co_await exchange->run();
        if (next == after_exchange::keep) continue;
        if (next == after_exchange::linger && !aborted_) co_await say_goodbye();
        if (next == after_exchange::reset) client.reset();
        break;
    }
    if (exchange) path.give_back(std::move(exchange));
    if (timed_out()) client.shutdown_send();
}

/// The answer is out, but the client may still be sending: closing now would reset the connection and could take the
/// answer with it (RFC 9112 9.6). So: half-close, read on for a moment, close.
net::awaitable<void> server_connection::say_goodbye() {
    client.shutdown_send();
    total_end_ = net::steady_clock::time_point::max();
    arm(path.draining(role) ? idle_while_draining : lingers_for, waiting_for::request);
    in.reset();
    in.make_room(warm_buffer);
    for (std::size_t drained = 0; drained < (8U << 20);) {
        auto [ec, n] = co_await client.read_some(in.room());
        if (ec) co_return;
        drained += n;
    }
}

}  // namespace outrider::http
