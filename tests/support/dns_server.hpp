#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace outrider::test {

/// One resource record of an answer.
struct dns_record {
    std::string name;
    std::uint16_t type = 1;
    std::uint32_t ttl = 60;
    std::string data;  ///< as on the wire
};

std::string dns_name(const std::string& name);
dns_record a_record(const std::string& name, const std::string& address, std::uint32_t ttl = 60);
dns_record aaaa_record(const std::string& name, const std::string& address, std::uint32_t ttl = 60);
dns_record cname_record(const std::string& name, const std::string& target, std::uint32_t ttl = 60);
dns_record srv_record_of(const std::string& name, std::uint16_t priority, std::uint16_t port, const std::string& target,
                         std::uint32_t ttl = 60, std::uint16_t weight = 0);

/// A whole message that answers a question. @param header  the third and fourth byte: flags and response code
std::string dns_message(std::uint16_t id, const std::string& name, std::uint16_t type,
                        const std::vector<dns_record>& records, std::uint16_t header = 0x8180);

/// A small DNS server on loopback, UDP and TCP on the same port.
class dns_server {
  public:
    dns_server();
    ~dns_server();

    std::uint16_t port() const { return port_; }
    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// The records of a name, whose types are picked out; a name without any does not exist.
    void set(const std::string& name, std::vector<dns_record> records);
    void forget(const std::string& name);

    std::atomic<unsigned> response_code{0};  ///< of every answer; 2: SERVFAIL
    std::atomic<bool> silent{false};         ///< nothing is answered
    std::atomic<bool> truncate{false};       ///< by UDP: look again by TCP
    /// From now on, what is sent instead of each answer.
    void spoil_by(std::function<std::string(std::string)> how);
    std::atomic<unsigned> by_udp{0}, by_tcp{0};

  private:
    void run();
    std::string answer(const std::string& question, bool tcp);
    void serve_tcp(int connection);

    std::mutex mutex_;
    std::function<std::string(std::string)> spoil_;
    std::map<std::string, std::vector<dns_record>> names_;
    int udp_ = -1, tcp_ = -1;
    std::uint16_t port_ = 0;
    std::atomic<bool> stopping_{false};
    std::thread thread_;
};

}  // namespace outrider::test
