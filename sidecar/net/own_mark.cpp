#include "sidecar/net/own_mark.hpp"

#include <atomic>
#include <cerrno>
#include <cstring>

#include <sys/socket.h>
#include <unistd.h>

namespace outrider::net {
namespace {

std::atomic<std::uint32_t> own_mark{0};

bool set_mark(int descriptor, std::uint32_t mark) {
    return ::setsockopt(descriptor, SOL_SOCKET, SO_MARK, &mark, sizeof mark) == 0;
}

}  // namespace

std::string mark_own_connections(std::uint32_t mark) {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return std::strerror(errno);
    const bool possible = set_mark(probe, mark);
    const int reason = errno;
    ::close(probe);
    if (possible) return own_mark = mark, std::string{};
    return std::string{std::strerror(reason)} + (reason == EPERM ? "; it needs the capability CAP_NET_ADMIN" : "");
}

void mark_as_own(int descriptor) {
    // Not marked, it comes back as if it were the application's and is passed on: one hop more, and no loop.
    if (const auto mark = own_mark.load(std::memory_order_relaxed); mark != 0) (void)set_mark(descriptor, mark);
}

}  // namespace outrider::net
