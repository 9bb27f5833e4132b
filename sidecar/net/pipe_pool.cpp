#include "sidecar/net/pipe_pool.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <boost/asio/error.hpp>
#include <fcntl.h>
#include <unistd.h>

namespace outrider::net {
namespace {

constexpr unsigned without_waiting = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

std::size_t move_bytes(int from, int to, std::size_t most, error_code& ec) {
    ssize_t moved = 0;
    do {
        moved = ::splice(from, nullptr, to, nullptr, most, without_waiting);
    } while (moved < 0 && errno == EINTR);
    if (moved >= 0) return static_cast<std::size_t>(moved);
    ec = {errno, boost::system::system_category()};
    return 0;
}

}  // namespace

std::optional<kernel_pipe> kernel_pipe::make() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return std::nullopt;
    (void)::fcntl(ends[1], F_SETPIPE_SZ, static_cast<int>(capacity));
    return kernel_pipe{ends[0], ends[1]};
}

kernel_pipe::kernel_pipe(kernel_pipe&& from) noexcept
    : out_(std::exchange(from.out_, -1)), in_(std::exchange(from.in_, -1)), holds_(std::exchange(from.holds_, 0)) {}

kernel_pipe& kernel_pipe::operator=(kernel_pipe&& from) noexcept {
    std::swap(out_, from.out_);
    std::swap(in_, from.in_);
    std::swap(holds_, from.holds_);
    return *this;
}

kernel_pipe::~kernel_pipe() {
    if (out_ >= 0) ::close(out_);
    if (in_ >= 0) ::close(in_);
}

std::size_t kernel_pipe::fill(int socket, std::size_t most, error_code& ec) {
    const auto moved = move_bytes(socket, in_, std::min(most, capacity), ec);
    holds_ += moved;
    return moved;
}

void kernel_pipe::drain(int socket, error_code& ec) {
    while (holds_ > 0 && !ec) holds_ -= move_bytes(out_, socket, holds_, ec);
}

std::optional<kernel_pipe> pipe_pool::take() {
    if (lent_ >= most_lent) return std::nullopt;
    std::optional<kernel_pipe> taken;
    if (spare_.empty()) {
        taken = kernel_pipe::make();
    } else {
        taken.emplace(std::move(spare_.back()));
        spare_.pop_back();
    }
    if (taken) ++lent_;
    return taken;
}

void pipe_pool::give_back(kernel_pipe lent) {
    --lent_;
    if (lent.holds() == 0 && spare_.size() < most_spare) spare_.push_back(std::move(lent));
}

}  // namespace outrider::net
