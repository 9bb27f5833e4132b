#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/system/result.hpp>

#include "sidecar/net/tls_context.hpp"
#include "sidecar/net/url.hpp"

namespace outrider::net {

/// Why a request got no answer.
enum class http_failure {
    bad_request,  ///< the request can't be written: a field with a line break
    resolve,      ///< the host name has no address
    connect,      ///< refused, unreachable
    tls,          ///< handshake or certificate
    broken,       ///< the connection ended before the answer was complete
    timeout,      ///< the deadline passed
    too_large,    ///< the answer exceeds the limit
    malformed,    ///< what answered does not speak HTTP/1.1
    http2_peer,   ///< it speaks HTTP/2 only, as a gRPC port does
    tls_peer,     ///< it speaks TLS, the URL said http
    cancelled,    ///< cancel() ended it
};

/// A failure with words for the log: "connect to 127.0.0.1:4318: Connection refused".
struct http_error {
    http_failure failure = http_failure::broken;
    std::string text{};
};

using header_list = std::vector<std::pair<std::string, std::string>>;

/// One request. The body's parts are sent one after the other, uncopied; they must live until the answer.
struct http_request {
    std::string method = "GET";
    net::url url;
    header_list headers;  ///< without Host, User-Agent, Content-Length: they are added
    std::vector<std::string_view> body;
};

struct http_response {
    unsigned status = 0;
    header_list headers;
    std::string body;
    /// The first field of that name (ASCII case ignored), or empty.
    std::string_view header(std::string_view name) const;
};

using http_result = boost::system::result<http_response, http_error>;

/// Who takes an answer as it comes. `false` ends the request and its connection.
struct http_sink {
    std::function<bool(const http_response& head)> on_head;
    std::function<bool(std::string_view piece)> on_data;  ///< 16 KiB at most; valid during the call
};

/// How long a streamed request may take. Zero: without end.
struct stream_timeouts {
    std::chrono::milliseconds head{10'000};  ///< name resolution, connecting, sending, until the answer's head is there
    std::chrono::milliseconds idle{60'000};  ///< the longest silence within the body
    std::chrono::milliseconds total{0};      ///< everything together
};

struct http_client_options {
    std::shared_ptr<tls_context> tls;  ///< for https; null: the system's CAs, made when needed
    std::string user_agent = "outrider/" OUTRIDER_VERSION;
    std::size_t response_bytes = 4 << 20;  ///< the largest body of an answer
};

/// A blocking HTTP/1.1 client, whose requests are not traced. It keeps one connection open between requests to the same
/// origin. Not for workers, nor for two threads at once, cancel() excepted.
class http_client {
  public:
    explicit http_client(http_client_options options = {});
    ~http_client();
    http_client(http_client&&) noexcept;
    http_client& operator=(http_client&&) noexcept;

    /// @param timeout  for everything together: name resolution, connecting, sending, receiving
    http_result request(const http_request& request, std::chrono::milliseconds timeout);

    /// A request whose answer is handed on as it comes, however long it becomes; a sink that collects must bound it.
    /// @return the head, once the body has ended properly or the sink has had enough
    http_result stream(const http_request& request, const http_sink& to, const stream_timeouts& timeouts);

    /// Ends the request under way, in whatever state, and each later one with `cancelled`. From any thread.
    void cancel();

  private:
    struct state;
    std::unique_ptr<state> state_;
};

}  // namespace outrider::net
