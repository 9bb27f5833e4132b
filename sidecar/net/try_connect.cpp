#include "sidecar/net/try_connect.hpp"

#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/net/address.hpp"
#include "sidecar/net/own_mark.hpp"

namespace outrider::net {
namespace {

std::string connect_within(int descriptor, const tcp_endpoint& to, std::chrono::milliseconds patience) {
    if (::connect(descriptor, to.data(), static_cast<socklen_t>(to.size())) == 0) return {};
    if (errno != EINPROGRESS) return std::strerror(errno);
    pollfd waiting{descriptor, POLLOUT, 0};
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0)
        return "no answer within " + std::to_string(patience.count()) + "ms";
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    return error == 0 ? std::string{} : std::strerror(error);
}

}  // namespace

std::string try_connect(const config::endpoint& where, std::chrono::milliseconds patience) {
    std::vector<tcp_endpoint> addresses;
    try {
        addresses = resolve_now(where);
    } catch (const std::exception& e) {
        return e.what();
    }
    std::string why = "no address";
    for (const auto& to : addresses) {
        int descriptor = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (descriptor < 0) return std::strerror(errno);
        mark_as_own(descriptor);
        why = connect_within(descriptor, to, patience);
        ::close(descriptor);
        if (why.empty()) return why;
    }
    return why;
}

}  // namespace outrider::net
