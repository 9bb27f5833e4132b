#include "sidecar/net/try_connect.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/net/address.hpp"
#include "sidecar/net/own_mark.hpp"
#include "sidecar/net/tcp.hpp"

namespace outrider::net {
namespace {

/// A socket that is closed unless it is taken.
struct attempt {
    attempt() = default;
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;
    ~attempt() {
        if (descriptor >= 0) ::close(descriptor);
    }
    int take() { return std::exchange(descriptor, -1); }

    int descriptor = -1;
    int error = 0;  ///< errno; ETIMEDOUT where nothing came in time
};

void connect_within(const tcp_endpoint& to, std::chrono::milliseconds patience, attempt& how) {
    how.descriptor = ::socket(to.protocol().family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    how.error = how.descriptor < 0 ? errno : 0;
    if (how.descriptor < 0) return;
    mark_as_own(how.descriptor);
    how.error = ::connect(how.descriptor, to.data(), static_cast<socklen_t>(to.size())) == 0 ? 0 : errno;
    if (how.error != EINPROGRESS) return;
    pollfd waiting{how.descriptor, POLLOUT, 0};
    socklen_t size = sizeof how.error;
    if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0)
        how.error = ETIMEDOUT;
    else
        ::getsockopt(how.descriptor, SOL_SOCKET, SO_ERROR, &how.error, &size);
}

int error_of_connect(const tcp_endpoint& to, std::chrono::milliseconds patience) {
    attempt made;
    connect_within(to, patience, made);
    return made.error;
}

std::string text_of(int error, std::chrono::milliseconds patience) {
    if (error == ETIMEDOUT) return "no answer within " + std::to_string(patience.count()) + "ms";
    return std::strerror(error);
}

/// The addresses, or why there are none.
boost::system::result<std::vector<tcp_endpoint>, std::string> addresses_of(const config::endpoint& where) {
    try {
        auto found = resolve_now(where);
        if (found.empty()) return "no address";
        return found;
    } catch (const std::exception& e) {
        return std::string(e.what());
    }
}

}  // namespace

connected_socket connect_now(const config::endpoint& where, std::chrono::milliseconds patience) {
    using clock = std::chrono::steady_clock;
    const auto addresses = addresses_of(where);
    if (!addresses) return addresses.error();
    const auto deadline = clock::now() + patience;
    int error = 0;
    for (const auto& to : *addresses) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
        attempt made;
        connect_within(to, std::max(left, std::chrono::milliseconds{0}), made);
        error = made.error;
        if (error != 0) continue;
        set_tcp_options(made.descriptor, to);
        ::fcntl(made.descriptor, F_SETFL, ::fcntl(made.descriptor, F_GETFL) & ~O_NONBLOCK);
        return made.take();
    }
    return text_of(error, patience);
}

std::string try_connect(const config::endpoint& where, std::chrono::milliseconds patience) {
    const auto addresses = addresses_of(where);
    if (!addresses) return addresses.error();
    std::string why;
    for (const auto& to : *addresses) {
        const auto error = error_of_connect(to, patience);
        if (error == 0) return {};
        why = text_of(error, patience);
    }
    return why;
}

bool refuses(const std::vector<tcp_endpoint>& addresses, std::chrono::milliseconds patience) {
    return !addresses.empty() && std::all_of(addresses.begin(), addresses.end(), [&](const auto& each) {
        return error_of_connect(each, patience) == ECONNREFUSED;
    });
}

}  // namespace outrider::net
