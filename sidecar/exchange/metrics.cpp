#include "sidecar/exchange/metrics.hpp"

#include <algorithm>

namespace outrider::exchange {

std::string_view name_of(direction which) { return which == direction::inbound ? "inbound" : "outbound"; }

std::string_view name_of(tunnel_kind kind) {
    switch (kind) {
        case tunnel_kind::connect:
            return "connect";
        case tunnel_kind::websocket:
            return "websocket";
        case tunnel_kind::http2:
            return "http2";
        case tunnel_kind::tls:
            return "tls";
    }
    return "unknown";
}

namespace {

constexpr auto bounds_in_nanoseconds = [] {
    std::array<std::int64_t, duration_bounds.size()> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::int64_t>(duration_bounds[i] * 1e9 + 0.5);
    return out;
}();

}  // namespace

void duration_histogram::observe(std::chrono::nanoseconds took) {
    std::size_t bucket = 0;  // one of the first, mostly
    while (bucket < bounds_in_nanoseconds.size() && took.count() > bounds_in_nanoseconds[bucket]) ++bucket;
    buckets[bucket].add();
    sum_microseconds.add(static_cast<std::uint64_t>(took.count() / 1000));
}

std::uint8_t method_index(std::string_view method) {
    if (method == known_methods[0]) return 0;  // compared as a constant
    for (std::uint8_t i = 1; i + 1U < known_methods.size(); ++i)
        if (known_methods[i] == method) return i;
    return known_methods.size() - 1;
}

void request_table::add(target_index target, std::uint8_t method, std::uint16_t status) {
    // The top bit tells a used slot from an empty one.
    auto key =
        1ULL << 63 | static_cast<std::uint64_t>(target) << 32 | static_cast<std::uint64_t>(method) << 16 | status;
    auto at = static_cast<std::size_t>(key * 0x9E3779B97F4A7C15ULL >> 54) % slots;
    while (true) {
        auto& found = slots_[at];
        auto held = found.key.load(std::memory_order_relaxed);
        if (held == key) return found.count.add();
        if (held == 0) {
            if (used_ >= slots * 3 / 4) return overflow_.add();
            ++used_;
            found.count.add();
            found.key.store(key, std::memory_order_release);
            return;
        }
        at = (at + 1) % slots;
    }
}

std::vector<request_table::row> request_table::rows() const {
    std::vector<row> out;
    for (const auto& each : slots_)
        if (auto key = each.key.load(std::memory_order_acquire))
            out.push_back({static_cast<target_index>(key >> 32), static_cast<std::uint8_t>(key >> 16),
                           static_cast<std::uint16_t>(key), each.count.value()});
    return out;
}

void worker_metrics::finish(const http_facts& facts) {
    requests.add(facts.target, method_index(facts.method), static_cast<std::uint16_t>(facts.status));
    durations[facts.target].observe(facts.finished - facts.started);
    if (facts.failure) failures[static_cast<std::size_t>(facts.failure.code)].add();
    request_bytes.add(facts.request_bytes);
    response_bytes.add(facts.response_bytes);
}

}  // namespace outrider::exchange
