#include "sidecar/discovery/probe_connection.hpp"

#include <algorithm>

#include "sidecar/net/tcp.hpp"
#include "sidecar/net/tls_layer.hpp"

namespace outrider::discovery {
namespace {

constexpr std::size_t most_addresses = 4;

}  // namespace

probe_connection::probe_connection(probe_io& io) : io_(io), stream_(io.worker.get_executor()) {
    io_.time.when_over([this] {
        stream_.cancel();
        // Also what is begun only now, because something may have come to its end at this very moment.
        net::error_code not_connected;
        stream_.lower().shutdown(net::socket::shutdown_both, not_connected);
    });
}

probe_connection::~probe_connection() {
    io_.time.when_over(nullptr);
    stream_.close();
}

std::string probe_connection::why(const net::error_code& ec) const {
    return io_.time.over() ? io_.time.text() : ec.message();
}

net::awaitable<std::string> probe_connection::connect(const config::endpoint& to, net::tls_context* tls) {
    auto found = co_await io_.resolver.resolve(to.host, to.port, io_.time.end());
    if (found.addresses.empty()) {
        auto reason = found.error ? why(found.error) : std::string{"it has no address"};
        co_return "cannot resolve '" + to.host + "': " + reason;
    }
    const bool named = !net::literal_address(to.host);
    std::string failure = io_.time.text();
    const auto count = std::min(found.addresses.size(), most_addresses);
    for (std::size_t i = 0; i < count && !io_.time.over(); ++i) {
        stream_.close();
        stream_ = net::stream{io_.worker.get_executor()};
        auto ec = co_await net::connect(stream_.lower(), found.addresses[i]);
        if (!ec && !tls) co_return std::string{};
        if (!ec) co_return co_await secure(to.host, *tls);
        failure = (named ? net::text_of(found.addresses[i]) + ": " : std::string{}) + why(ec);
    }
    co_return failure;
}

net::awaitable<std::string> probe_connection::secure(const std::string& host, net::tls_context& tls) {
    auto session = tls.new_connection(host);
    if (!session) co_return "no TLS session could be made";
    auto layer = std::make_unique<net::tls_layer>(std::move(session));
    auto ec = co_await layer->handshake(stream_.lower());
    if (ec) co_return "TLS failed: " + (layer->reason().empty() || io_.time.over() ? why(ec) : layer->reason());
    stream_.set_layer(std::move(layer));
    co_return std::string{};
}

net::awaitable<std::string> probe_connection::send(std::string_view bytes) {
    const boost::asio::const_buffer whole{bytes.data(), bytes.size()};
    auto ec = co_await stream_.write(whole);
    if (ec) co_return why(ec);
    co_return std::string{};
}

net::awaitable<std::string> probe_connection::receive(std::string& into) {
    if (received_ >= most_answer) co_return "its answer is longer than 64 KiB";
    auto [ec, size] = co_await stream_.read_some(boost::asio::buffer(piece_));
    received_ += size;
    into.append(piece_.data(), size);
    if (!ec) co_return std::string{};
    ended_ = !io_.time.over();
    if (ec == boost::asio::error::eof && ended_)
        co_return answered() ? "it closed the connection in the middle of its answer"
                             : "it closed the connection without an answer";
    co_return why(ec);
}

net::awaitable<probe_result> probe_tcp(probe_io& io, const config::endpoint& where, net::tls_context* tls) {
    probe_connection connection{io};
    probe_result out;
    out.text = co_await connection.connect(where, tls);
    out.good = out.text.empty();
    if (out.good) out.text = "accepts connections";
    co_return out;
}

}  // namespace outrider::discovery
