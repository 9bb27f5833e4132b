#include "sidecar/http/connector.hpp"

#include <cstring>

#include "sidecar/http/data_path.hpp"
#include "sidecar/net/tcp.hpp"
#include "sidecar/net/tls_layer.hpp"

namespace outrider::http {
namespace {

using exchange::failure_code;
using exchange::origin;

connect_outcome fail(failure_code code, std::string detail, bool retryable = true) {
    auto blamed = code == failure_code::destination_refused ? origin::self : origin::upstream;
    return {nullptr, {code, blamed, retryable}, std::move(detail)};
}

net::awaitable<connect_outcome> secure(connect_outcome made, upstream& to, const config::upstream_endpoint& endpoint) {
    if (!to.tls())
        co_return fail(failure_code::tls_failed, "TLS is not set up for upstream '" + to.name() + "'", false);
    auto session = to.tls()->new_connection(endpoint.address.host);
    if (!session) co_return fail(failure_code::tls_failed, "no TLS session could be made", false);
    auto layer = std::make_unique<net::tls_layer>(std::move(session));
    auto& handshaking = *layer;
    auto& stream = made.connection->stream;
    if (auto ec = co_await handshaking.handshake(stream.lower())) {
        if (ec == boost::asio::error::operation_aborted)
            co_return fail(failure_code::connect_timeout,
                           "the TLS handshake with " + endpoint.address.text() + " took too long");
        auto why = handshaking.reason().empty() ? ec.message() : handshaking.reason();
        co_return fail(failure_code::tls_failed, "TLS with " + endpoint.address.text() + " failed: " + why, false);
    }
    stream.set_layer(std::move(layer));
    co_return made;
}

}  // namespace

governance::destination destination_of(const net::tcp_endpoint& where) {
    auto address = where.address();
    auto wide = address.is_v6() ? address.to_v6()
                                : boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4());
    return {wide.to_bytes(), where.port()};
}

net::awaitable<connect_outcome> open_connection(data_path& path, std::shared_ptr<upstream> to, endpoint_state& endpoint,
                                                net::steady_clock::time_point deadline, connect_watch watch) {
    const auto& place = endpoint.configured.address;
    auto answer = co_await path.resolver.resolve(place.host, place.port, deadline);
    if (answer.addresses.empty()) {
        auto why = answer.error ? answer.error.message() : std::string{"no address"};
        co_return fail(failure_code::unresolvable, "cannot resolve '" + place.host + "': " + why);
    }
    auto last = fail(failure_code::connect_refused, "no address of '" + place.host + "' can be connected to");
    auto count = std::min<std::size_t>(answer.addresses.size(), 4);
    for (std::size_t i = 0; i < count; ++i) {
        auto address = answer.addresses[(endpoint.next_address + i) % answer.addresses.size()];
        if (to->must_guard) {
            auto refusal = path.shared.egress.judge(destination_of(address));
            if (refusal != governance::egress_refusal::none) {
                last = fail(failure_code::destination_refused,
                            net::text_of(address) + " may not be called: " + governance::describe(refusal), false);
                continue;
            }
        }
        connect_outcome made;
        made.connection = std::make_unique<upstream_connection>(path.worker.get_executor());
        watch.on_stream(watch.owner, &made.connection->stream);
        auto ec = co_await net::connect(made.connection->stream.lower(), address);
        if (ec == boost::asio::error::operation_aborted) {
            watch.on_stream(watch.owner, nullptr);
            co_return fail(failure_code::connect_timeout, "connecting to " + net::text_of(address) + " took too long");
        }
        if (!ec) {
            made.connection->endpoint = &endpoint;
            made.connection->peer = address;
            made.connection->peer_address = address.address().to_string();
            if (endpoint.configured.tls) made = co_await secure(std::move(made), *to, endpoint.configured);
            if (!made.connection) {
                watch.on_stream(watch.owner, nullptr);
                co_return made;
            }
            path.metrics.upstream_connections_opened.add();
            if (path.on_upstream_connected) path.on_upstream_connected(made.connection->stream);
            ++endpoint.next_address;
            co_return made;
        }
        watch.on_stream(watch.owner, nullptr);
        last = fail(failure_code::connect_refused, "cannot connect to " + net::text_of(address) + ": " + ec.message());
    }
    ++endpoint.next_address;
    co_return last;
}

}  // namespace outrider::http
