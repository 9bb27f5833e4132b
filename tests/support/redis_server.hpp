#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <sys/types.h>

namespace outrider::test {

/// A port of loopback that nobody listened on a moment ago.
std::uint16_t free_port();

/// A real redis-server on loopback, without persistence; ended by its id with the object.
class redis_server {
  public:
    /// @return null when there is no redis-server on this machine
    /// @param port  0: any
    static std::unique_ptr<redis_server> start(std::uint16_t port = 0, const std::vector<std::string>& arguments = {});
    ~redis_server();
    redis_server(const redis_server&) = delete;
    redis_server& operator=(const redis_server&) = delete;

    std::uint16_t port() const { return port_; }
    void kill();
    void suspend();
    void resume();

  private:
    redis_server(pid_t process, std::uint16_t port) : process_(process), port_(port) {}
    pid_t process_;
    std::uint16_t port_;
};

}  // namespace outrider::test
