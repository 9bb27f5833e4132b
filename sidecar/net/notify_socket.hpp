#pragma once

#include <string_view>

#include <sys/socket.h>
#include <sys/un.h>

namespace outrider::net {

/// The datagram socket on which a service manager hears from its services, as sd_notify(3) describes the protocol;
/// libsystemd is not needed for it.
class notify_socket {
  public:
    /// @param name  what NOTIFY_SOCKET says: an absolute path, or '@' and an abstract name. Empty, or anything else:
    ///              nobody listens
    explicit notify_socket(std::string_view name);
    ~notify_socket();
    notify_socket(const notify_socket&) = delete;
    notify_socket& operator=(const notify_socket&) = delete;

    /// Whether somebody is to be told.
    explicit operator bool() const { return descriptor_ >= 0; }
    /// Sends lines such as "READY=1\nSTATUS=serving" as one datagram, without waiting. Any thread.
    /// @return false when that was not possible; the next may be
    bool say(std::string_view lines) const;

  private:
    sockaddr_un address_{};
    socklen_t size_ = 0;
    int descriptor_ = -1;
};

}  // namespace outrider::net
