#pragma once

#include <chrono>
#include <string>

#include "sidecar/config/settings.hpp"

namespace outrider::net {

/// Connects and closes, blocking; each address of `where` gets this much time. @return empty, or why not
std::string try_connect(const config::endpoint& where, std::chrono::milliseconds patience);

}  // namespace outrider::net
