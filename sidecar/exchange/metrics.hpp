#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "sidecar/exchange/facts.hpp"

namespace outrider::exchange {

/// A counter with one writer and any readers: an ordinary addition, never a locked one.
class counter {
  public:
    void add(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    void subtract(std::uint64_t n = 1) {
        value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
    }
    std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

/// Upper bounds in seconds of the duration histogram.
inline constexpr std::array duration_bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                            0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0};

struct duration_histogram {
    std::array<counter, duration_bounds.size() + 1> buckets;
    counter sum_microseconds;
    void observe(std::chrono::nanoseconds took);
};

/// Index of a method among the known ones; the last is every other.
inline constexpr std::array<std::string_view, 10> known_methods{"GET",     "POST",    "PUT",   "DELETE", "HEAD",
                                                                "OPTIONS", "CONNECT", "PATCH", "TRACE",  "_OTHER"};
std::uint8_t method_index(std::string_view method);

/// Requests counted by target, method and status: a fixed open-addressed table with one writer, read at any time.
class request_table {
  public:
    static constexpr std::size_t slots = 1024;
    struct row {
        target_index target;
        std::uint8_t method;
        std::uint16_t status;
        std::uint64_t count;
    };
    void add(target_index target, std::uint8_t method, std::uint16_t status);
    std::vector<row> rows() const;
    std::uint64_t overflow() const { return overflow_.value(); }

  private:
    struct slot {
        std::atomic<std::uint64_t> key{0};
        counter count;
    };
    std::array<slot, slots> slots_;
    std::size_t used_ = 0;
    counter overflow_;
};

/// What one worker counts. Written by its worker only; read by the scraping thread without disturbing it.
struct worker_metrics {
    explicit worker_metrics(std::size_t targets) : durations(targets), attempts(targets), failed_attempts(targets) {}

    request_table requests;
    std::vector<duration_histogram> durations;    ///< by target
    std::vector<counter> attempts;                ///< by target
    std::vector<counter> failed_attempts;         ///< by target
    std::array<counter, failure_codes> failures;  ///< by failure_code
    counter connections_accepted;
    counter connections_open;
    counter inbound_open;         ///< of these, those of callers of the application
    counter connections_refused;  ///< over limits.connections
    counter upstream_connections_opened;
    counter stale_retries;
    counter request_bytes;
    counter response_bytes;
    std::array<counter, 4> tunnels;  ///< by tunnel_kind
    counter traces_sampled;
    counter traces_unsampled;

    void finish(const http_facts& facts);
};

enum class tunnel_kind : std::uint8_t { connect, websocket, http2, tls };
std::string_view name_of(tunnel_kind kind);

}  // namespace outrider::exchange
