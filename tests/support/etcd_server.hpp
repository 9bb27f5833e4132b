#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "tests/support/certificates.hpp"
#include "tests/support/child.hpp"

namespace outrider::test {

/// A real etcd of one member on loopback, its data in a folder that goes with the object; ended by its id.
class etcd_server {
  public:
    /// @param tls  of its client side; empty: without
    /// @return null when there is no etcd on this machine
    static std::unique_ptr<etcd_server> start(const certificate_files& tls = {}, const std::string& ca = {});

    std::string url() const;
    void kill() { process_.kill(); }
    /// The same member again, on the same port. @param data  whether it finds what it knew
    bool start_again(bool data);
    void suspend() { process_.suspend(); }
    void resume() { process_.resume(); }

    /// A call of the gateway by the test's own client. @param path  "/kv/put". @return null when there is no answer
    nlohmann::json call(const std::string& path, const nlohmann::json& body, const std::string& token = {}) const;
    void put(const std::string& key, const std::string& value) const;
    void remove(const std::string& key) const;
    /// The value of a key; empty: there is none.
    std::string get(const std::string& key, const std::string& token = {}) const;

  private:
    etcd_server() = default;
    bool start_process();

    temporary_folder folder_;
    certificate_files tls_;
    std::string ca_;
    std::uint16_t port_ = 0, peers_ = 0;
    int generation_ = 0;
    child process_;
};

}  // namespace outrider::test
