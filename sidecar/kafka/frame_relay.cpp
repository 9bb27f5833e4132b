#include "sidecar/kafka/frame_relay.hpp"

#include <algorithm>
#include <array>

namespace outrider::kafka {

using net::block_pool;

boost::asio::mutable_buffer frame_relay::take() {
    if (held_.capacity() == 0 && wanted_ <= block_pool::block_size) held_.adopt(lender_.take(), block_pool::block_size);
    auto missing = wanted_ > held_.size() ? wanted_ - held_.size() : 0;
    held_.make_room(std::max<std::size_t>(missing, 1));
    return held_.room();
}

void frame_relay::put_back() {
    if (held_.empty()) let_go();
}

void frame_relay::let_go() {
    if (held_.capacity() == block_pool::block_size) lender_.give_back(held_.release());
    held_.shrink(0);
}

net::awaitable<bool> frame_relay::discard(std::size_t& left) {
    bool more = co_await flush();
    while (more && left > 0) {
        auto now = std::min(left, unseen().size());
        drop(now);
        left -= now;
        if (left > 0) more = co_await ensure(1);
    }
    co_return more;
}

net::awaitable<bool> frame_relay::flush() {
    if (passed_ == 0) co_return true;
    boost::asio::const_buffer out{held_.data().data(), passed_};
    net::error_code ec;
    auto sent = to_.write_now({&out, 1}, ec);
    if (!ec && sent < passed_) ec = co_await to_.write_rest({&out, 1}, sent, &over_);
    if (ec) {
        error_ = ec;
        co_return false;
    }
    held_.consume(passed_);
    passed_ = 0;
    if (held_.empty()) let_go();
    co_return true;
}

net::awaitable<bool> frame_relay::write(std::string_view bytes) {
    std::array<boost::asio::const_buffer, 2> out{boost::asio::const_buffer{held_.data().data(), passed_},
                                                 boost::asio::const_buffer{bytes.data(), bytes.size()}};
    net::error_code ec;
    auto sent = to_.write_now(out, ec);
    if (!ec && sent < passed_ + bytes.size()) ec = co_await to_.write_rest(out, sent, &over_);
    if (ec) {
        error_ = ec;
        co_return false;
    }
    held_.consume(passed_);
    passed_ = 0;
    co_return true;
}

net::awaitable<bool> frame_relay::read(std::size_t wanted) {
    if (passed_ > 0 && !co_await flush()) co_return false;
    if (over_) co_return false;
    wanted_ = wanted;
    if (held_.empty()) let_go();
    net::io_result got;
    if (from_.plain()) {
        got = co_await from_.read_plain(*this);
    } else {
        got = co_await from_.read_some(*this);
    }
    auto [ec, n] = got;
    if (ec) {
        error_ = ec;
        co_return false;
    }
    held_.commit(n);
    co_return true;
}

net::awaitable<bool> frame_relay::ensure(std::size_t n) {
    bool more = true;  // a variable of the function's own: see the README
    while (more && unseen().size() < n) more = co_await read(n);
    co_return more;
}

}  // namespace outrider::kafka
