#pragma once

#include <cstdint>
#include <functional>

#include "sidecar/collector/sidecar_book.hpp"
#include "sidecar/net/http_server_message.hpp"

namespace outrider::collector {

/// What became of pushes.
struct push_counters {
    std::uint64_t taken = 0;
    std::uint64_t malformed = 0, too_large = 0;
    std::uint64_t no_room = 0;  ///< there are too many sidecars
};

/// Where sidecars tell of themselves, and people ask:
///
///     POST /v1/sidecars      JSON, 256 KiB at most
///     GET  /api/sidecars     the cards
class sidecar_api {
  public:
    using clock = std::function<std::int64_t()>;  ///< steady, nanoseconds
    using unix_clock = std::function<std::uint64_t()>;
    sidecar_api(clock now, unix_clock unix_now, book_limits limits = {});

    net::server_response push(const net::server_request& request);
    net::server_response cards();
    std::uint64_t version() { return book_.version(now_()); }

    push_counters counters() const { return counters_; }
    std::array<std::uint64_t, card_states> by_state() const { return book_.by_state(now_()); }

  private:
    clock now_;
    unix_clock unix_now_;
    sidecar_book book_;
    push_counters counters_;
};

}  // namespace outrider::collector
