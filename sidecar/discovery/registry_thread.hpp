#pragma once

#include <functional>
#include <string>
#include <thread>

namespace outrider::discovery {

/// Starts a thread of a registry's, without signals. Whoever holds it joins it, after it has been told to end.
/// @param name  shown by ps and debuggers, cut to 15 characters
std::thread start_thread(std::string name, std::function<void()> run);

}  // namespace outrider::discovery
