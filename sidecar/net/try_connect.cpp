#include "sidecar/net/try_connect.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/net/address.hpp"
#include "sidecar/net/own_mark.hpp"

namespace outrider::net {
namespace {

/// @return 0, or errno; ETIMEDOUT where nothing came in time
int connect_within(const tcp_endpoint& to, std::chrono::milliseconds patience) {
    const int descriptor = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return errno;
    mark_as_own(descriptor);
    int error = ::connect(descriptor, to.data(), static_cast<socklen_t>(to.size())) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        pollfd waiting{descriptor, POLLOUT, 0};
        socklen_t size = sizeof error;
        if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0)
            error = ETIMEDOUT;
        else
            ::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    ::close(descriptor);
    return error;
}

std::string text_of(int error, std::chrono::milliseconds patience) {
    if (error == ETIMEDOUT) return "no answer within " + std::to_string(patience.count()) + "ms";
    return std::strerror(error);
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
        const auto error = connect_within(to, patience);
        if (error == 0) return {};
        why = text_of(error, patience);
    }
    return why;
}

bool refuses(const std::vector<tcp_endpoint>& addresses, std::chrono::milliseconds patience) {
    return !addresses.empty() && std::all_of(addresses.begin(), addresses.end(), [&](const auto& each) {
        return connect_within(each, patience) == ECONNREFUSED;
    });
}

}  // namespace outrider::net
