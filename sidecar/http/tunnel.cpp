#include "sidecar/http/tunnel.hpp"

#include "sidecar/http/attempt_outcome.hpp"
#include "sidecar/http/connector.hpp"
#include "sidecar/http/data_path.hpp"
#include "sidecar/net/log.hpp"
#include "sidecar/net/relay.hpp"

namespace outrider::http {
namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t frame_header = 9;

first_bytes guess_http2(std::string_view seen) {
    auto known = std::min(seen.size(), preface.size());
    if (seen.substr(0, known) != preface.substr(0, known)) return first_bytes::http1;
    // "PRI" alone could still be a method of HTTP/1; with the whole preface it cannot.
    if (seen.size() < preface.size()) return seen.size() < 4 ? first_bytes::unsure : first_bytes::http2_unsure;
    if (seen.size() < preface.size() + frame_header) return first_bytes::http2_unsure;
    constexpr char settings = 4;
    return seen[preface.size() + 3] == settings ? first_bytes::http2 : first_bytes::http2_unsure;
}

first_bytes guess_tls(std::string_view seen) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(seen[i]); };
    if (seen.size() < 6) return first_bytes::tls_unsure;
    if (byte(1) != 3 || byte(2) > 4 || byte(5) != 1) return first_bytes::http1;
    std::size_t record = static_cast<std::size_t>(byte(3)) << 8 | byte(4);
    return seen.size() >= 5 + record ? first_bytes::tls : first_bytes::tls_unsure;
}

/// Tells a connection and its counters what the relay does.
class tunnel_watch final : public net::relay_watch {
  public:
    tunnel_watch(server_connection& connection, const passed_bytes& count) : connection_(connection), count_(count) {}
    void waits() override { connection_.arm(connection_.path.settings.timeouts.tunnel, waiting_for::tunnel); }
    void passed(bool back, std::size_t bytes) override {
        (back ? count_.received : count_.sent) += bytes;
        if (count_.meter) count_.meter->passed(bytes);
    }
    bool over() const override { return connection_.aborted(); }

  private:
    server_connection& connection_;
    const passed_bytes& count_;
};

}  // namespace

first_bytes guess_protocol(std::string_view seen) {
    if (seen.empty()) return first_bytes::unsure;
    if (seen.front() == 'P') return guess_http2(seen);
    if (seen.front() == 0x16) return guess_tls(seen);
    return first_bytes::http1;
}

net::awaitable<void> run_tunnel(server_connection& connection, net::stream& upstream, net::lent_buffer& from_upstream,
                                const passed_bytes& count) {
    auto& path = connection.path;
    connection.limit_total(net::steady_clock::time_point::max());
    connection.watch(&upstream);
    net::lent_buffer from_client{path.blocks};
    from_client.bytes().append(connection.in.data());
    connection.in.shrink(0);
    tunnel_watch watch{connection, count};
    net::relay_side down{connection.client, from_client}, up{upstream, from_upstream};
    co_await net::relay(path.worker.get_executor(), path.worker.tasks(), down, up, watch);
    connection.watch(nullptr);
}

net::awaitable<void> pass_through(server_connection& connection, exchange::tunnel_kind kind) {
    auto& path = connection.path;
    path.metrics.tunnels[static_cast<std::size_t>(kind)].add();
    const auto* protocol = kind == exchange::tunnel_kind::tls ? "TLS" : "HTTP/2";
    auto* application = connection.role.application;
    if (application && application->sick()) {
        // In words that it understands nothing can be said: it sees what it would see of an application that is gone.
        spdlog::info("{} speaks {}: reset, as the application is known to be unhealthy", connection.peer_address(),
                     protocol);
        co_return connection.client.reset();
    }
    spdlog::info("{} speaks {}: passed to the application as it is, without spans", connection.peer_address(),
                 protocol);
    connect_watch watch{[](void* owner, net::stream* stream) { static_cast<server_connection*>(owner)->watch(stream); },
                        &connection};
    connection.arm(path.settings.timeouts.connect, waiting_for::connect);
    auto deadline = net::steady_clock::now() + path.settings.timeouts.connect;
    auto target = connection.target;
    auto group = target->endpoints();
    auto opened = co_await open_connection(path, target, target->next_of(*group), deadline, watch);
    if (!opened.connection) {
        spdlog::warn("{}", opened.detail);
        if (application && is_sign_of_sickness(opened.failure)) application->note(false);
        co_return connection.client.reset();
    }
    net::lent_buffer back{path.blocks};
    std::uint64_t sent = 0, received = 0;
    passed_bytes count{sent, received};
    co_await run_tunnel(connection, opened.connection->stream, back, count);
    path.metrics.request_bytes.add(sent);
    path.metrics.response_bytes.add(received);
}

}  // namespace outrider::http
