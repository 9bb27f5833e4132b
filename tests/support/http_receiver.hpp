#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outrider::test {

/// One request as a receiver saw it.
struct received_request {
    std::string method, target, body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::uint64_t connection = 0;                       ///< which connection it came on, counted from 1
    std::string header(const std::string& name) const;  ///< name in lower case
};

/// Sends bytes as they are. @return whether the client is still there
using raw_writer = std::function<bool(std::string_view)>;

/// What a receiver does with a request.
struct reply {
    unsigned status = 200;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string body;
    std::string raw;     ///< when not empty, sent instead of an HTTP answer; then the connection is closed
    bool hang = false;   ///< never answers, keeps the connection
    bool close = false;  ///< closes the connection without an answer
    std::function<void(const raw_writer&)> drip = {};  ///< sends the answer itself; then the connection is closed
};

/// A real HTTP/1.1 server on a loopback port of its own, a thread per connection; TLS when given a certificate.
class http_receiver {
  public:
    using handler = std::function<reply(const received_request&)>;

    struct options {
        std::uint16_t port = 0;        ///< 0: any free one
        std::string certificate, key;  ///< PEM files: speak TLS
        std::string client_ca;         ///< PEM file: demand a client certificate
        std::string greeting;          ///< sent on accept, before anything is read
    };
    explicit http_receiver(handler on_request);
    http_receiver(options how, handler on_request);
    ~http_receiver();

    std::uint16_t port() const;
    std::string url(const std::string& path = "/v1/traces") const;
    std::vector<received_request> requests() const;
    std::size_t request_count() const;
    /// Closes the listener and every connection; the port refuses from now on.
    void stop();

  private:
    struct state;
    std::shared_ptr<state> state_;
};

}  // namespace outrider::test
