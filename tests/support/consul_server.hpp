#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/certificates.hpp"
#include "tests/support/child.hpp"

namespace outrider::test {

/// A real Consul agent on loopback, in development mode: all in memory. Ended by its id with the object.
class consul_server {
  public:
    /// @param acl  whether a token is needed: "secret" may do everything
    /// @return null when none has been built; tests/support/consul.sh does
    static std::unique_ptr<consul_server> start(bool acl = false);

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    void kill() { process_.kill(); }
    /// On the same ports, with nothing of what it knew.
    bool start_again() { return start_process(); }
    void suspend() { process_.suspend(); }
    void resume() { process_.resume(); }

    /// A request by the test's own client. @return null when there is no answer in JSON
    nlohmann::json call(const std::string& method, const std::string& target,
                        const nlohmann::json& body = nullptr) const;

  private:
    consul_server() = default;
    bool start_process();

    temporary_folder folder_;
    bool acl_ = false;
    std::uint16_t port_ = 0, rpc_ = 0, serf_ = 0;
    child process_;
};

}  // namespace outrider::test
