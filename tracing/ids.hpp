#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace outrider::tracing {

/// 16 bytes, big-endian as on the wire; all zero is "none".
struct trace_id {
    std::array<std::uint8_t, 16> bytes{};
    bool valid() const;
    bool operator==(const trace_id&) const = default;
    auto operator<=>(const trace_id&) const = default;
    std::string hex() const;
};

/// 8 bytes, big-endian as on the wire; all zero is "none".
struct span_id {
    std::array<std::uint8_t, 8> bytes{};
    bool valid() const;
    bool operator==(const span_id&) const = default;
    auto operator<=>(const span_id&) const = default;
    std::string hex() const;
};

/// A fast generator of ids, one per worker; seeded from the operating system. Not for secrets.
class id_generator {
  public:
    id_generator();
    explicit id_generator(std::uint64_t seed);
    trace_id new_trace_id();  ///< the low 56 bits are uniformly random (W3C random flag)
    span_id new_span_id();
    std::uint64_t next();

  private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace outrider::tracing
