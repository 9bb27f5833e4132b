#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sidecar/discovery/probe_connection.hpp"

namespace outrider::discovery {

/// The head of an answer in HTTP/1.x, interim ones (1xx) passed over.
struct answer_head {
    unsigned status = 0;
    std::size_t size = 0;                     ///< with all that was passed over
    std::optional<std::size_t> body_bytes{};  ///< by its Content-Length
    std::string wrong;                        ///< not empty: this is no answer in HTTP/1.x, and why
};

/// @return nothing while the head is not whole
std::optional<answer_head> read_answer_head(std::string_view bytes);

/// GET of `target`, without following where it leads: 200 to 399 is good.
/// @param tls  null: cleartext
net::awaitable<probe_result> probe_http(probe_io& io, const config::endpoint& where, const std::string& target,
                                        net::tls_context* tls);

}  // namespace outrider::discovery
