#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/asio/ip/tcp.hpp>

#include "sidecar/net/address.hpp"
#include "sidecar/net/timer_wheel.hpp"

namespace outrider::net {

/// Names to addresses for one worker. getaddrinfo runs on Asio's resolver thread; answers are kept for a few seconds,
/// and the last good one is used while the name cannot be looked up. Waiting ends at the caller's deadline even when
/// the lookup hangs.
class resolver {
  public:
    static constexpr std::chrono::seconds keep{5};
    static constexpr std::chrono::minutes stale{5};
    static constexpr std::size_t most_names = 1024;

    struct answer {
        std::vector<tcp_endpoint> addresses;
        error_code error;
    };

    explicit resolver(executor ex);

    /// Literal addresses and fresh answers come back at once.
    awaitable<answer> resolve(const std::string& host, std::uint16_t port, steady_clock::time_point deadline);

  private:
    struct entry {
        answer last;
        steady_clock::time_point answered_at{};
        bool asking = false;
        std::vector<std::shared_ptr<steady_timer>> waiting;
    };
    void ask(const std::string& key, const std::string& host, std::uint16_t port, const std::shared_ptr<entry>& into);
    void forget_one();

    executor executor_;
    asio::ip::basic_resolver<asio::ip::tcp, executor> resolver_;
    std::unordered_map<std::string, std::shared_ptr<entry>> names_;
};

}  // namespace outrider::net
