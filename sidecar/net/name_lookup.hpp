#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "sidecar/net/asio.hpp"
#include "sidecar/net/job_thread.hpp"

namespace outrider::net {

/// The addresses of a host, or why there are none: `addresses` is empty then.
struct found_addresses {
    std::vector<asio::ip::tcp::endpoint> addresses{};
    std::string why{};
};

/// Resolves names by getaddrinfo, which has no deadline and cannot be stopped: it runs on a thread of its own, which is
/// left behind when it hangs. For clients off the workers; one name at a time, on the thread of the io_context.
class name_lookup {
  public:
    explicit name_lookup(asio::io_context& context) : context_(context) {}

    /// An address is its own answer, at once.
    awaitable<found_addresses> find(const std::string& host, std::uint16_t port,
                                    std::chrono::steady_clock::time_point deadline);
    /// Ends find() without addresses.
    void cancel();

  private:
    using timer =
        asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, executor>;

    asio::io_context& context_;
    std::optional<job_thread> thread_;
    std::shared_ptr<timer> waiting_;
    bool cancelled_ = false;
};

}  // namespace outrider::net
