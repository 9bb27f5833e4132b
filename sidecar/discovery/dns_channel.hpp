#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "sidecar/discovery/dns_message.hpp"

struct ares_channeldata;

namespace outrider::discovery {

/// How a question to DNS ended.
struct dns_reply {
    enum class outcome { answered, nobody, failed };
    outcome how = outcome::failed;  ///< nobody: there is no such name, or it has no such record
    dns_answer answer{};
    std::string why{};  ///< of a failure
};

/// Asks DNS servers: by UDP, and by TCP what did not fit, the next server when one fails, each question for some
/// seconds at most. One thread's, but for wake().
class dns_channel {
  public:
    /// @param servers  "127.0.0.1:53,[::1]:53"; empty: those that the machine is set up with, and its search domains
    explicit dns_channel(std::string servers);
    ~dns_channel();  ///< questions under way are forgotten
    dns_channel(const dns_channel&) = delete;
    dns_channel& operator=(const dns_channel&) = delete;

    /// @param then  called once, from within ask() or process()
    void ask(const std::string& name, dns_type type, std::function<void(dns_reply)> then);
    /// Waits for a server's answer, a time-out of one, or wake().
    void wait(std::chrono::milliseconds most);
    /// Takes what wait() has found.
    void process();
    /// Ends wait(). From any thread.
    void wake();
    std::size_t under_way() const { return under_way_; }

  private:
    struct question;
    static void on_answer(void* arg, int status, int timeouts, unsigned char* message, int size);
    static void on_socket(void* arg, int socket, int readable, int writable);

    ares_channeldata* channel_ = nullptr;
    std::string problem_;  ///< why there is no channel
    int wake_ = -1;
    std::map<int, short> sockets_;  ///< with the events that are waited for
    std::map<int, short> ready_;
    std::size_t under_way_ = 0;
};

}  // namespace outrider::discovery
