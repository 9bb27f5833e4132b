#include "sidecar/kafka/frame_relay.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <tuple>
#include <utility>

namespace outrider::kafka {

using net::block_pool;

namespace {

/// Where bytes have passed unread: so much shows what comes next, and little of what could pass unread is copied.
constexpr std::size_t brief_read = 4 * 1024;

/// A kind of socket, or a kernel, without splice(2); a sandbox that refuses it.
bool cannot_be(net::error_code ec) {
    namespace errc = boost::system::errc;
    return ec == errc::invalid_argument || ec == errc::function_not_supported || ec == errc::operation_not_permitted;
}

}  // namespace

boost::asio::mutable_buffer frame_relay::take() {
    if (held_.capacity() == 0 && wanted_ <= block_pool::block_size)
        held_.adopt(lender_.blocks.take(), block_pool::block_size);
    if (held_.capacity() < wanted_) grow();
    auto missing = wanted_ > held_.size() ? wanted_ - held_.size() : 1;
    held_.make_room(missing);
    if (brief_) return boost::asio::buffer(held_.room(), brief_read);
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

void frame_relay::write_ahead(std::size_t n) {
    if (held_.size() == passed_ + n) write_up_to(held_.size());
}

void frame_relay::write_up_to(std::size_t end) {
    if (ahead_ >= end || ahead_error_) return;
    boost::asio::const_buffer out{held_.data().data() + ahead_, end - ahead_};
    ahead_ += to_.write_now({&out, 1}, ahead_error_);
}

net::awaitable<bool> frame_relay::flush() {
    if (passed_ == 0) co_return true;
    write_up_to(passed_);
    auto ec = ahead_error_;
    if (!ec && ahead_ < passed_) {
        boost::asio::const_buffer out{held_.data().data(), passed_};
        ec = co_await to_.write_rest({&out, 1}, ahead_, &over_);
    }
    if (ec) {
        error_ = ec;
        co_return false;
    }
    written();
    if (held_.empty()) let_go();
    co_return true;
}

/// Everything that was passed has been.
void frame_relay::written() {
    held_.consume(passed_);
    passed_ = ahead_ = 0;
}

net::awaitable<bool> frame_relay::write(std::string_view bytes) {
    std::array<boost::asio::const_buffer, 2> out{boost::asio::const_buffer{held_.data().data(), passed_},
                                                 boost::asio::const_buffer{bytes.data(), bytes.size()}};
    auto ec = ahead_error_;
    auto sent = ahead_;
    if (!ec && sent == 0) sent = to_.write_now(out, ec);
    if (!ec && sent < passed_ + bytes.size()) ec = co_await to_.write_rest(out, sent, &over_);
    if (ec) {
        error_ = ec;
        co_return false;
    }
    written();
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
    brief_ = false;
    co_return true;
}

bool frame_relay::failed(net::error_code ec, bool source) {
    error_ = ec;
    source_ended_ = source;
    return false;
}

bool frame_relay::can_pass_unread() {
    if (!from_.plain() || !to_.plain()) return false;
    if (std::exchange(prepared_, true)) return !unsplit_;
    net::error_code ec;
    from_.lower().native_non_blocking(true, ec);
    if (!ec) to_.lower().native_non_blocking(true, ec);
    unsplit_ = ec.failed();
    return !unsplit_;
}

net::awaitable<bool> frame_relay::pass_unread(std::size_t most, std::size_t& gone) {
    gone = 0;
    bool open = co_await flush();
    if (!open || over_) co_return false;
    if (!can_pass_unread()) co_return true;
    net::pipe_lease lease{lender_.pipes};
    net::error_code ec;
    while (lease.pipe()) {
        gone = lease.pipe()->fill(from_.lower().native_handle(), most, ec);
        if (ec != boost::asio::error::would_block) break;
        lease.end();  // who waits holds none
        if (over_) co_return false;
        std::tie(ec) = co_await from_.lower().async_wait(net::socket::wait_read, net::use_tuple);
        if (ec) co_return failed(ec, true);
        lease.begin();
    }
    if (!lease.pipe()) co_return true;
    if (cannot_be(ec)) {
        unsplit_ = true;
        co_return true;
    }
    if (ec) co_return failed(ec, true);
    if (gone == 0) co_return failed(boost::asio::error::eof, true);
    brief_ = true;  // behind these bytes there may be more that nobody reads
    co_return co_await empty(*lease.pipe());
}

net::awaitable<bool> frame_relay::empty(net::kernel_pipe& pipe) {
    net::error_code ec;
    for (;;) {
        pipe.drain(to_.lower().native_handle(), ec);
        if (!ec) co_return true;
        if (ec != boost::asio::error::would_block) co_return failed(ec, false);
        if (over_) co_return failed(boost::asio::error::operation_aborted, false);
        std::tie(ec) = co_await to_.lower().async_wait(net::socket::wait_write, net::use_tuple);
        if (ec) co_return failed(ec, false);
    }
}

net::awaitable<bool> frame_relay::ensure(std::size_t n) {
    bool more = true;  // a variable of the function's own: see the README
    while (more && unseen().size() < n) more = co_await read(n);
    co_return more;
}

}  // namespace outrider::kafka
