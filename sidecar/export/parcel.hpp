#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace outrider::exporting {

using time_point = std::chrono::steady_clock::time_point;

/// Where a record lies in the spool.
struct spool_position {
    std::uint64_t segment = 0;
    std::uint64_t offset = 0;
    bool operator==(const spool_position&) const = default;
};

/// How an attempt to deliver ended for good, shared by the parcels of one request. Of the spans, `rejected` were
/// refused (partial success counts them without naming them), the others delivered.
struct settlement {
    std::uint64_t rejected = 0;
};

/// Encoded spans that wait, travel and are written together. Owned by the sender's thread; the disk's thread reads
/// `bytes` and `settled` while the place is `writing`.
///
///     memory --journal--> writing --written--> disk
///        ^                   |
///        +----write failed---+
struct parcel {
    enum class place { memory, writing, disk };

    std::string bytes;
    std::uint32_t spans = 0;
    std::chrono::steady_clock::time_point oldest;  ///< no span in it ended earlier
    place where = place::memory;
    bool in_flight = false;
    spool_position at;                 ///< valid on disk
    std::atomic<bool> settled{false};  ///< delivered or rejected: no longer worth writing
    std::shared_ptr<settlement> fate;  ///< set before `settled`
};

using parcel_pointer = std::shared_ptr<parcel>;

}  // namespace outrider::exporting
