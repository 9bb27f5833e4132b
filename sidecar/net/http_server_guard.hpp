#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outrider::net {

/// Which Host values a server of local state answers to. A page on the web can make a browser resolve the page's own
/// name to 127.0.0.1 and then talk to us as "same origin" (DNS rebinding); its Host field still names the page.
///
/// Allowed are localhost, 127.0.0.1, [::1], the host that is listened on, the configured names, and, when every address
/// is listened on, any literal address: a literal cannot be rebound. Ports are not compared, so that forwarded ports
/// work.
class host_guard {
  public:
    /// @param listen_host  the host part of the listen address, IPv6 without brackets
    host_guard(std::string_view listen_host, std::vector<std::string> names);
    /// @param host  a Host field or the authority of an absolute target
    bool allows(std::string_view host) const;

  private:
    std::vector<std::string> names_;
    bool any_literal_ = false;
};

/// Whether a host names this machine only: localhost, 127.0.0.0/8 or ::1.
bool is_loopback_host(std::string_view host);

/// Compares without telling by its time how much of a guess was right; only the length shows.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace outrider::net
