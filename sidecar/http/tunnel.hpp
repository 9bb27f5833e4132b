#pragma once

#include <cstdint>
#include <string_view>

#include "sidecar/exchange/governed.hpp"
#include "sidecar/exchange/metrics.hpp"
#include "sidecar/http/server_connection.hpp"
#include "sidecar/net/io_buffer.hpp"

namespace outrider::http {

/// What the first bytes of an inbound connection are.
enum class first_bytes : std::uint8_t { http1, unsure, http2, http2_unsure, tls, tls_unsure };

/// HTTP/2 by its connection preface and a SETTINGS frame behind it (RFC 9113 3.4), TLS by a whole ClientHello record
/// (RFC 8446 5.1); anything else is HTTP/1.
first_bytes guess_protocol(std::string_view seen);

/// Where a tunnel's bytes are counted.
struct passed_bytes {
    std::uint64_t& sent;
    std::uint64_t& received;
    exchange::governed* meter = nullptr;  ///< limits that count bytes; null: none
};

/// Carries bytes both ways until both have ended, with half-closes passed on; `from_upstream` are bytes already read
/// from there.
net::awaitable<void> run_tunnel(server_connection& connection, net::stream& upstream, net::lent_buffer& from_upstream,
                                const passed_bytes& count);

/// Connects an inbound connection of another protocol to the application as it is.
net::awaitable<void> pass_through(server_connection& connection, exchange::tunnel_kind kind);

}  // namespace outrider::http
