#include "sidecar/net/tls_layer.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <fcntl.h>
#include <openssl/err.h>

namespace outrider::net {

tls_layer::tls_layer(ssl_pointer session) : ssl_(std::move(session)) {
    SSL_set_mode(ssl_.get(),
                 SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
    SSL_set_connect_state(ssl_.get());
}

awaitable<error_code> tls_layer::handshake(socket& lower) {
    error_code ec;
    lower.native_non_blocking(true, ec);
    if (!ec && SSL_set_fd(ssl_.get(), lower.native_handle()) != 1) ec = asio::error::no_memory;
    while (!ec) {
        ERR_clear_error();
        auto outcome = SSL_do_handshake(ssl_.get());
        if (outcome == 1) co_return error_code{};
        ec = co_await wait_as_asked(lower, outcome);
    }
    co_return ec;
}

awaitable<error_code> tls_layer::wait_as_asked(socket& lower, int outcome) {
    auto asked = SSL_get_error(ssl_.get(), outcome);
    if (asked == SSL_ERROR_WANT_READ) {
        auto [ec] = co_await lower.async_wait(net::socket::wait_read, use_tuple);
        co_return ec;
    }
    if (asked == SSL_ERROR_WANT_WRITE) {
        auto [ec] = co_await lower.async_wait(net::socket::wait_write, use_tuple);
        co_return ec;
    }
    co_return failure(outcome);
}

error_code tls_layer::failure(int outcome) {
    auto kind = SSL_get_error(ssl_.get(), outcome);
    if (kind == SSL_ERROR_ZERO_RETURN) return asio::error::eof;
    auto system_error = errno;
    auto code = ERR_peek_error();
    reason_ = tls_failure_text(ssl_.get());
    if (kind == SSL_ERROR_SSL) return {static_cast<int>(code), asio::error::get_ssl_category()};
    if (kind == SSL_ERROR_SYSCALL && system_error != 0) return {system_error, boost::system::system_category()};
    return asio::ssl::error::stream_truncated;  // the peer closed without close_notify
}

awaitable<io_result> tls_layer::read_some(socket& lower, asio::mutable_buffer into) {
    while (true) {
        ERR_clear_error();
        errno = 0;
        auto got = SSL_read(ssl_.get(), into.data(), static_cast<int>(std::min<std::size_t>(into.size(), 1 << 30)));
        if (got > 0) co_return io_result{error_code{}, static_cast<std::size_t>(got)};
        if (auto ec = co_await wait_as_asked(lower, got)) co_return io_result{ec, 0};
    }
}

std::size_t tls_layer::write_now(socket&, std::span<const asio::const_buffer> from, error_code& ec) {
    std::size_t sent = 0;
    for (const auto& part : from) {
        std::size_t done = 0;
        while (done < part.size()) {
            ERR_clear_error();
            errno = 0;
            auto size = static_cast<int>(std::min<std::size_t>(part.size() - done, 1 << 20));
            auto outcome = SSL_write(ssl_.get(), static_cast<const char*>(part.data()) + done, size);
            if (outcome <= 0) {
                auto asked = SSL_get_error(ssl_.get(), outcome);
                write_wants_read_ = asked == SSL_ERROR_WANT_READ;
                if (!write_wants_read_ && asked != SSL_ERROR_WANT_WRITE) ec = failure(outcome);
                return sent;
            }
            done += static_cast<std::size_t>(outcome);
            sent += static_cast<std::size_t>(outcome);
        }
    }
    return sent;
}

awaitable<error_code> tls_layer::wait_writable(socket& lower) {
    auto direction = write_wants_read_ ? net::socket::wait_read : net::socket::wait_write;
    auto [ec] = co_await lower.async_wait(direction, use_tuple);
    co_return ec;
}

void tls_layer::shutdown_send(socket&) {
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
    ERR_clear_error();
}

}  // namespace outrider::net
