#include "sidecar/kafka/frame_relay.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace outrider::kafka {

using net::block_pool;

boost::asio::mutable_buffer frame_relay::take() {
    if (held_.capacity() == 0 && wanted_ <= block_pool::block_size)
        held_.adopt(lender_.blocks.take(), block_pool::block_size);
    if (held_.capacity() < wanted_) grow();
    auto missing = wanted_ > held_.size() ? wanted_ - held_.size() : 1;
    held_.make_room(missing);
    // What follows a frame that is held begins in a block of its own, or it would have to be moved.
    return held_.capacity() > block_pool::block_size ? boost::asio::buffer(held_.room(), missing) : held_.room();
}

/// Moves what is held to a block that has room for what is wanted.
void frame_relay::grow() {
    auto larger = lender_.take_held(wanted_);
    auto held = held_.size();
    if (held > 0) std::memcpy(larger.bytes.get(), held_.data().data(), held);
    held_.consume(held);
    let_go();
    held_.adopt(std::move(larger.bytes), larger.size);
    held_.commit(held);
}

void frame_relay::put_back() {
    if (held_.empty()) let_go();
}

void frame_relay::let_go() {
    auto size = held_.capacity();
    if (size == 0) return;
    if (size == block_pool::block_size) return lender_.blocks.give_back(held_.release());
    lender_.give_back(sized_block{held_.release(), size});
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
        source_ended_ = true;
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
