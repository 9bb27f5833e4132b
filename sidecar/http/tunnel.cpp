#include "sidecar/http/tunnel.hpp"

#include "sidecar/http/attempt_outcome.hpp"
#include "sidecar/http/connector.hpp"
#include "sidecar/http/data_path.hpp"
#include "sidecar/net/event.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::http {
namespace {

constexpr std::string_view preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
constexpr std::size_t frame_header = 9;
constexpr std::size_t piece = 16 * 1024;

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

/// One direction of a tunnel.
net::awaitable<void> pump(server_connection& connection, net::stream& from, net::stream& to, net::io_buffer& buffer,
                          std::uint64_t& count, exchange::governed* meter) {
    while (true) {
        if (!buffer.empty()) {
            connection.arm(connection.path.settings.timeouts.tunnel, waiting_for::tunnel);
            auto size = buffer.size();
            boost::asio::const_buffer bytes{buffer.data().data(), size};
            net::error_code ec;
            auto sent = to.write_now({&bytes, 1}, ec);
            if (!ec && sent < size) ec = co_await to.write_rest({&bytes, 1}, sent);
            if (ec) {
                from.cancel();
                co_return to.cancel();
            }
            count += size;
            if (meter) meter->passed(size);
            buffer.reset();
        }
        buffer.make_room(piece);
        connection.arm(connection.path.settings.timeouts.tunnel, waiting_for::tunnel);
        auto [ec, n] = co_await from.read_some(buffer.room());
        if (ec == boost::asio::error::eof) co_return to.shutdown_send();
        if (ec) {
            from.cancel();
            co_return to.cancel();
        }
        buffer.commit(n);
    }
}

net::awaitable<void> pump_back(server_connection& connection, net::stream& from, net::stream& to,
                               net::io_buffer& buffer, passed_bytes count, net::event& ended) {
    co_await pump(connection, from, to, buffer, count.received, count.meter);
    ended.set();
}

}  // namespace

first_bytes guess_protocol(std::string_view seen) {
    if (seen.empty()) return first_bytes::unsure;
    if (seen.front() == 'P') return guess_http2(seen);
    if (seen.front() == 0x16) return guess_tls(seen);
    return first_bytes::http1;
}

net::awaitable<void> run_tunnel(server_connection& connection, net::stream& upstream, net::io_buffer& from_upstream,
                                const passed_bytes& count) {
    connection.limit_total(net::steady_clock::time_point::max());
    connection.watch(&upstream);
    net::event ended{connection.path.worker.get_executor()};
    connection.path.worker.tasks().spawn(
        pump_back(connection, upstream, connection.client, from_upstream, count, ended));
    co_await pump(connection, connection.client, upstream, connection.in, count.sent, count.meter);
    co_await ended.wait();
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
    auto opened =
        co_await open_connection(path, connection.role.fixed, connection.role.fixed->next_endpoint(), deadline, watch);
    if (!opened.connection) {
        spdlog::warn("{}", opened.detail);
        if (application && is_sign_of_sickness(opened.failure)) application->note(false);
        co_return connection.client.reset();
    }
    net::io_buffer back;
    std::uint64_t sent = 0, received = 0;
    passed_bytes count{sent, received};
    co_await run_tunnel(connection, opened.connection->stream, back, count);
    path.metrics.request_bytes.add(sent);
    path.metrics.response_bytes.add(received);
}

}  // namespace outrider::http
