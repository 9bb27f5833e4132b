#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace outrider::test {

/// A port of loopback that nobody listened on a moment ago.
std::uint16_t free_port();

/// A program that a test started, ended by its id with the object.
class child {
  public:
    child() = default;
    ~child() { kill(); }
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    /// Starts it and waits until it accepts connections at a port of loopback.
    /// @return whether it does; else it has ended
    bool start(const std::vector<std::string>& words, std::uint16_t port);
    void kill();
    void suspend();
    void resume();
    pid_t id() const { return process_; }

  private:
    bool comes_up(std::uint16_t port);
    pid_t process_ = 0;
};

}  // namespace outrider::test
