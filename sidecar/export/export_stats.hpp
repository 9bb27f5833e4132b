#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace outrider::exporting {

/// Why a span was given up.
enum class drop_reason {
    buffer_full,  ///< a worker's buffer was full: the exporter was not given the processor, or disk and receiver hang
    memory_full,  ///< nowhere to spool to and the memory's bound reached: the oldest went
    spool_full,   ///< the spool's bound reached: the oldest went
    rejected,     ///< the receiver refused it for good (a status that isn't retried, or partial success)
    corrupted,    ///< its record in the spool was damaged
    shutdown,     ///< neither delivered nor spooled when the deadline of stop() passed
    disabled,     ///< there is no exporter
};
inline constexpr std::size_t drop_reasons = 7;
constexpr std::string_view name_of(drop_reason reason) {
    constexpr std::array<std::string_view, drop_reasons> names{"buffer_full", "memory_full", "spool_full", "rejected",
                                                               "corrupted",   "shutdown",    "disabled"};
    return names[static_cast<std::size_t>(reason)];
}

/// Spans by state; every one is in exactly one of them, at any moment:
///   finished        == delivered + queued + spooled + the sum of dropped
///   adopted.found   == adopted.delivered + adopted.spooled + adopted.dropped
struct export_stats {
    std::uint64_t finished = 0;   ///< by this process's workers
    std::uint64_t delivered = 0;  ///< acknowledged by the receiver
    std::uint64_t queued = 0;     ///< in memory: in workers' buffers, waiting, in flight
    std::uint64_t spooled = 0;    ///< on disk, not yet acknowledged
    std::array<std::uint64_t, drop_reasons> dropped{};

    /// Spans that former processes of this service left on disk.
    struct {
        std::uint64_t found = 0, delivered = 0, spooled = 0, dropped = 0;
    } adopted;

    std::uint64_t exports = 0;            ///< requests that the receiver accepted
    std::uint64_t failed_exports = 0;     ///< requests that will be tried again
    std::uint64_t corrupted_records = 0;  ///< records of the spool that could not be read
    std::uint64_t spool_bytes = 0;
    std::uint64_t spool_errors = 0;  ///< failed writes to the spool
    bool spool_usable = false;       ///< open, and the last write to it succeeded; else memory only, see the log

    std::uint64_t dropped_for(drop_reason reason) const { return dropped[static_cast<std::size_t>(reason)]; }
    std::uint64_t dropped_total() const {
        std::uint64_t total = 0;
        for (const auto count : dropped) total += count;
        return total;
    }
};

}  // namespace outrider::exporting
