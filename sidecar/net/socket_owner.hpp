#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace outrider::net {

/// The users whose sockets listen on this TCP port of this network namespace, at whatever address: by the kernel's
/// tables, which name them also where the processes themselves cannot be seen.
std::vector<std::uint32_t> owners_of_listeners(std::uint16_t port);

/// The same of one table (/proc/net/tcp, /proc/net/tcp6), added to `out`.
void read_owners(const std::string& table, std::uint16_t port, std::vector<std::uint32_t>& out);

}  // namespace outrider::net
