#pragma once

#include <cstdint>
#include <string>

namespace outrider::net {

/// From now on every connection that the data path, probes and exporters make carries this firewall mark (SO_MARK), by
/// which rules of the kernel tell them from the application's. Called once, before the first of them.
/// @return empty, or why marks cannot be set
std::string mark_own_connections(std::uint32_t mark);

/// Marks a socket that is not connected yet, when marks are asked for.
void mark_as_own(int descriptor);

}  // namespace outrider::net
