#include "tests/support/faulty_layer.hpp"

#include <boost/asio/error.hpp>
#include <sys/socket.h>

namespace outrider::test {

bool faulty_layer::breaks(net::socket& lower) {
    if (!broken_ && ++plan_->seen == plan_->fail_at) {
        broken_ = true;
        net::error_code ignored;
        lower.shutdown(net::socket::shutdown_both, ignored);
    }
    return broken_;
}

net::awaitable<net::io_result> faulty_layer::read_some(net::socket& lower, boost::asio::mutable_buffer into) {
    if (breaks(lower)) co_return net::io_result{boost::asio::error::connection_reset, 0};
    co_return co_await lower.async_read_some(into, net::use_tuple);
}

std::size_t faulty_layer::write_now(net::socket& lower, std::span<const boost::asio::const_buffer> from,
                                    net::error_code& ec) {
    if (breaks(lower)) {
        ec = boost::asio::error::connection_reset;
        return 0;
    }
    std::size_t sent = 0;
    for (const auto& part : from) {
        if (part.size() == 0) continue;
        auto n = ::send(lower.native_handle(), part.data(), part.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (n < 0) {
            ec = {errno, boost::system::system_category()};
            break;
        }
        sent += static_cast<std::size_t>(n);
        if (static_cast<std::size_t>(n) < part.size()) break;
    }
    if (plan_->after_write) plan_->after_write();
    return sent;
}

net::awaitable<net::error_code> faulty_layer::wait_writable(net::socket& lower) {
    if (breaks(lower)) co_return boost::asio::error::connection_reset;
    auto [ec] = co_await lower.async_wait(net::socket::wait_write, net::use_tuple);
    co_return ec;
}

}  // namespace outrider::test
