#include "sidecar/net/notify_socket.hpp"

#include <cstddef>

#include <unistd.h>

namespace outrider::net {

notify_socket::notify_socket(std::string_view name) {
    const bool abstract = name.starts_with('@');
    if (!abstract && !name.starts_with('/')) return;
    if (name.size() >= sizeof address_.sun_path) return;
    address_.sun_family = AF_UNIX;
    name.copy(address_.sun_path, name.size());
    if (abstract) address_.sun_path[0] = '\0';
    // An abstract name is as long as it is said to be; a path ends with its zero.
    size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + (abstract ? 0 : 1));
    descriptor_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

notify_socket::~notify_socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

/// By name each time: a manager that was started anew has another socket of that name.
bool notify_socket::say(std::string_view lines) const {
    if (descriptor_ < 0) return false;
    const auto sent = ::sendto(descriptor_, lines.data(), lines.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address_), size_);
    return sent == static_cast<ssize_t>(lines.size());
}

}  // namespace outrider::net
