#include "sidecar/net/http_server.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <list>
#include <thread>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <pthread.h>
#include <signal.h>

#include "sidecar/net/asio.hpp"
#include "sidecar/net/http_server_connection.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::net {

namespace {

using asio::ip::tcp;

/// More do not wait in an accept queue (net.core.somaxconn).
constexpr std::size_t most_queued = 4'096;

std::string text_of(std::string_view host, std::uint16_t port) {
    const bool bare_ipv6 = host.find(':') != std::string_view::npos;
    return (bare_ipv6 ? "[" + std::string{host} + "]" : std::string{host}) + ":" + std::to_string(port);
}

/// The addresses of a host name, IPv4 first ("localhost" means 127.0.0.1 to most clients).
std::vector<tcp::endpoint> resolve(asio::io_context& context, const config::endpoint& where, error_code& ec) {
    std::vector<tcp::endpoint> found;
    tcp::resolver resolver{context};
    const auto flags = tcp::resolver::passive | tcp::resolver::numeric_service;
    for (const auto& entry : resolver.resolve(where.host, std::to_string(where.port), flags, ec))
        found.push_back(entry);
    std::stable_partition(found.begin(), found.end(), [](const auto& at) { return at.address().is_v4(); });
    return found;
}

/// The thread belongs to one server: signals are for the main thread.
void prepare_thread(const std::string& name) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace

/// The server's thread, its acceptor and the connections it owns.
class http_server::core {
  public:
    core(http_server_options options, handler handle) {
        shared_.options = std::move(options);
        shared_.handle = std::move(handle);
        listen();
        bound_ = acceptor_.local_endpoint();
        asio::co_spawn(context_, accept(), [this](std::exception_ptr error) { accepting_ended(error); });
        thread_ = std::thread([this] {
            prepare_thread(shared_.options.thread_name);
            context_.run();
        });
    }

    void stop(std::chrono::milliseconds grace) {
        assert(std::this_thread::get_id() != thread_.get_id());
        if (!thread_.joinable()) return;
        asio::post(context_, [this, grace] { drain(grace); });
        thread_.join();
    }

    const tcp::endpoint& bound() const { return bound_; }
    const server_shared& shared() const { return shared_; }

  private:
    using socket = server_connection::socket;
    using clock = std::chrono::steady_clock;
    using timer = asio::basic_waitable_timer<clock, asio::wait_traits<clock>, executor>;
    using connection_list = std::list<server_connection>;

    void listen();
    error_code listen_on(const tcp::endpoint& at);
    awaitable<void> accept();
    void accept_queued();
    void accepting_ended(std::exception_ptr error);
    void admit(socket peer);
    bool make_room();
    void turn_away(socket peer);
    void ended(connection_list::iterator which, std::exception_ptr error);
    void drain(std::chrono::milliseconds grace);
    void cut_all();

    server_shared shared_;
    asio::io_context context_{1};
    asio::basic_socket_acceptor<tcp, executor> acceptor_{context_};
    timer pause_{context_};  ///< before the next accept when one failed
    timer grace_{context_};  ///< until open connections are cut
    bool accepting_ = true;
    bool cut_ = false;  ///< the grace period is over
    connection_list connections_;
    tcp::endpoint bound_;
    std::thread thread_;
};

void http_server::core::listen() {
    const auto& where = shared_.options.listen;
    error_code ec;
    const auto addresses = resolve(context_, where, ec);
    if (!ec && addresses.empty()) ec = asio::error::host_not_found;
    for (const auto& at : addresses) {
        ec = listen_on(at);
        if (!ec) return;
    }
    throw listen_error("cannot listen on " + text_of(where.host, where.port) + " (" + shared_.options.setting +
                       "): " + ec.message());
}

error_code http_server::core::listen_on(const tcp::endpoint& at) {
    error_code ec;
    acceptor_.close(ec);
    acceptor_.open(at.protocol(), ec);
    if (!ec) acceptor_.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec && at.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), ec);
    if (!ec) acceptor_.bind(at, ec);
    if (!ec) acceptor_.listen(asio::socket_base::max_listen_connections, ec);
    return ec;
}

awaitable<void> http_server::core::accept() {
    while (!shared_.draining) {
        auto [ec, peer] = co_await acceptor_.async_accept(use_tuple);
        if (!ec) {
            admit(std::move(peer));
        } else if (!shared_.draining) {
            // Out of descriptors, or the peer is gone already: neither is helped by spinning.
            pause_.expires_after(std::chrono::milliseconds{50});
            co_await pause_.async_wait(use_tuple);
        }
    }
    accept_queued();
}

/// Closing a listener resets what waits in its accept queue, so that is taken out first.
void http_server::core::accept_queued() {
    error_code ec;
    acceptor_.non_blocking(true, ec);
    // Whoever goes on connecting must not keep the server from stopping.
    for (std::size_t taken = 0; !ec && !cut_ && taken < most_queued; ++taken) {
        socket peer{context_};
        acceptor_.accept(peer, ec);
        if (!ec) admit(std::move(peer));
    }
    acceptor_.close(ec);
}

void http_server::core::accepting_ended(std::exception_ptr error) {
    if (error) spdlog::error("{}: accepting ended by an exception", shared_.options.thread_name);
    accepting_ = false;
    if (connections_.empty()) grace_.cancel();
}

void http_server::core::admit(socket peer) {
    shared_.accepted.fetch_add(1, std::memory_order_relaxed);
    if (connections_.size() >= shared_.options.connections && !make_room()) return turn_away(std::move(peer));
    error_code ignored;
    peer.set_option(tcp::no_delay(true), ignored);
    connections_.emplace_back(std::move(peer), shared_);
    shared_.open.fetch_add(1, std::memory_order_relaxed);
    const auto which = std::prev(connections_.end());
    asio::co_spawn(context_, which->serve(), [this, which](std::exception_ptr error) { ended(which, error); });
}

/// Connections that ask nothing must not keep a probe out: the longest idle one goes, else the one that has been at the
/// head of its request for longest.
bool http_server::core::make_room() {
    server_connection* longest = nullptr;
    for (auto& one : connections_)
        if (one.idle_since() && (!longest || *one.idle_since() < *longest->idle_since())) longest = &one;
    if (longest) return longest->evict();
    for (auto& one : connections_)
        if (one.head_since() && (!longest || *one.head_since() < *longest->head_since())) longest = &one;
    if (longest) longest->give_up_head();
    return longest != nullptr;
}

void http_server::core::turn_away(socket peer) {
    shared_.refused.fetch_add(1, std::memory_order_relaxed);
    error_code ignored;
    std::array<char, 4096> discarded;
    peer.non_blocking(true, ignored);
    peer.read_some(asio::buffer(discarded), ignored);
    static constexpr std::string_view busy =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    peer.write_some(asio::buffer(busy), ignored);
    peer.shutdown(tcp::socket::shutdown_send, ignored);
}

void http_server::core::ended(connection_list::iterator which, std::exception_ptr error) {
    if (error) spdlog::error("{}: a connection ended by an exception", shared_.options.thread_name);
    connections_.erase(which);
    shared_.open.fetch_sub(1, std::memory_order_relaxed);
    if (!accepting_ && connections_.empty()) grace_.cancel();
}

void http_server::core::drain(std::chrono::milliseconds grace) {
    shared_.draining = true;
    error_code ignored;
    acceptor_.cancel(ignored);
    pause_.cancel();
    for (auto& one : connections_) one.evict();
    grace_.expires_after(grace);
    grace_.async_wait([this](error_code ec) {
        if (!ec) cut_all();
    });
}

void http_server::core::cut_all() {
    cut_ = true;
    for (auto& one : connections_) one.cut();
}

http_server::http_server(http_server_options options, handler handle)
    : core_(std::make_unique<core>(std::move(options), std::move(handle))) {}

http_server::~http_server() { stop(std::chrono::milliseconds{0}); }

std::uint16_t http_server::port() const { return core_->bound().port(); }

std::string http_server::address() const {
    return text_of(core_->bound().address().to_string(), core_->bound().port());
}

http_server_counters http_server::counters() const {
    const auto& now = core_->shared();
    return {now.accepted.load(), now.refused.load(), now.requests.load(), now.bad.load(), now.open.load()};
}

void http_server::stop(std::chrono::milliseconds grace) { core_->stop(grace); }

}  // namespace outrider::net
