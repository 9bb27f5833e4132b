#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/child.hpp"

namespace outrider::test {

/// A real redis-server on loopback, without persistence; ended by its id with the object.
class redis_server {
  public:
    /// @return null when there is no redis-server on this machine
    /// @param port  0: any
    static std::unique_ptr<redis_server> start(std::uint16_t port = 0, const std::vector<std::string>& arguments = {});

    std::uint16_t port() const { return port_; }
    void kill() { process_.kill(); }
    void suspend() { process_.suspend(); }
    void resume() { process_.resume(); }

  private:
    redis_server() = default;
    child process_;
    std::uint16_t port_ = 0;
};

}  // namespace outrider::test
