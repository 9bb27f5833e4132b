#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <openssl/ssl.h>

#include "sidecar/config/settings.hpp"

namespace outrider::net {

struct ssl_deleter {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
/// One TLS connection; release() it to whoever takes ownership (asio::ssl::stream does).
using ssl_pointer = std::unique_ptr<SSL, ssl_deleter>;

/// Which protocol a client offers inside TLS (ALPN, RFC 7301).
enum class alpn : std::uint8_t { http11, none };

/// The client side of TLS as one `tls:` mapping describes it: trusted roots, our certificate, at least TLS 1.2,
/// verification always on. Certificates are replaced while running: reload_if_changed() looks at the
/// files and rebuilds; when they are bad the last good context stays. All members may be called from any thread; only
/// the reloading ones touch the disk, so workers call new_connection() only. Without roots of its own it trusts the
/// system's, whose first connection may have to wait until they have been read.
class tls_context {
  public:
    /// @throws std::runtime_error naming the file and the reason
    explicit tls_context(config::tls_client settings, alpn offered = alpn::http11);

    /// A connection to `host` that will only accept a certificate for it (or for the configured `server_name`), with
    /// SNI unless it is an IP address. The caller attaches a descriptor or BIOs and handshakes as client.
    ssl_pointer new_connection(const std::string& host) const;

    /// The context of new connections.
    std::shared_ptr<SSL_CTX> current() const;

    /// Rebuilds when a file has another inode, size or time than at the last look. Looks at most once a second.
    /// @return the error, naming the file; empty when nothing changed or the rebuild succeeded
    std::string reload_if_changed();
    /// Rebuilds now. @return as reload_if_changed()
    std::string reload();

  private:
    struct file_stamp {
        std::int64_t inode = 0, size = 0, seconds = 0, nanoseconds = 0;
        bool operator==(const file_stamp&) const = default;
    };
    std::vector<file_stamp> stamps() const;

    const config::tls_client settings_;
    const alpn offered_;
    mutable std::mutex mutex_;
    std::shared_ptr<SSL_CTX> context_;
    std::vector<file_stamp> stamps_;
    std::chrono::steady_clock::time_point looked_;
};

/// What OpenSSL says about the failure of `ssl`: the verification's verdict if there is one, else the newest queued
/// error. Clears the calling thread's error queue.
std::string tls_failure_text(const SSL* ssl);

}  // namespace outrider::net
