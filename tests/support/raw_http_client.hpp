#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::test {

/// One answer as it came over the wire.
struct raw_answer {
    int status = 0;    ///< 0: the connection ended or five seconds passed first
    std::string head;  ///< status line and fields, without the empty line
    std::string body;
    /// The value of a field (any case); empty when absent.
    std::string field(std::string_view name) const;
};

/// A blocking client of one loopback connection that sends exactly the bytes it is told to.
class raw_http_client {
  public:
    explicit raw_http_client(std::uint16_t port);
    ~raw_http_client();
    raw_http_client(const raw_http_client&) = delete;
    raw_http_client& operator=(const raw_http_client&) = delete;

    void send(std::string_view bytes);
    void finish_sending();  ///< half-close
    raw_answer receive(bool head_only = false);
    raw_answer get(std::string_view target);
    raw_answer post(std::string_view target, std::string_view content_type, std::string_view body,
                    std::string_view more_fields = {});
    /// Whether the peer has closed (waits up to five seconds for it).
    bool at_end();

  private:
    bool fill();
    int socket_ = -1;
    std::string buffer_;
};

}  // namespace outrider::test
