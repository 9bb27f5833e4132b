#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "sidecar/export/parcel.hpp"
#include "tracing/span_buffer.hpp"

namespace outrider::exporting {

/// Where a batch of at most `spans` entries ends: walks the length prefixes of concatenated entries. What isn't an
/// entry is left together with the last one that is.
std::size_t split_at(std::string_view entries, std::uint32_t spans);

/// The spans in memory, oldest first: what came out of the workers' buffers and is neither delivered nor on disk. Small
/// chunks are put together, so that a trickle of spans costs neither a record nor 64 KiB each. No I/O, no clock of its
/// own.
class delivery_queue {
  public:
    struct bounds {
        std::uint32_t parcel_spans = 512;      ///< a parcel never holds more: the size of a batch
        std::size_t parcel_bytes = 64 * 1024;  ///< small chunks are put together up to this
        std::size_t memory_bytes = 16 << 20;
    };
    explicit delivery_queue(bounds limits) : limits_(limits) {}

    /// Takes all chunks that the buffer has handed over. @return how many spans that were
    std::uint64_t absorb(tracing::span_buffer& buffer);
    void add(std::string_view entries, std::uint32_t spans, time_point oldest);

    /// Which parcels a batch may be made of. Those being written may be sent meanwhile, unless someone may read them
    /// back.
    enum class scope { memory, memory_and_writing };

    /// Up to that much, oldest first, marked as in flight; at least one parcel if there is any.
    std::vector<parcel_pointer> take_batch(scope from, std::uint64_t spans, std::size_t bytes);
    /// A batch that wasn't delivered waits again; what is on disk already is forgotten.
    void give_back(const std::vector<parcel_pointer>& batch);
    /// A batch whose fate is known leaves.
    void settle(const std::vector<parcel_pointer>& batch);

    /// What has to go to disk now, marked as `writing`: parcels with spans that ended before `ended_by`, in flight or
    /// not, and of the waiting ones the oldest that exceed `waiting_spans`; at most `bytes`.
    std::vector<parcel_pointer> take_for_disk(time_point ended_by, std::uint64_t waiting_spans, std::size_t bytes);
    /// They are on disk: those not in flight are forgotten.
    void written(const std::vector<parcel_pointer>& parcels);
    /// They could not be written.
    void not_written(const std::vector<parcel_pointer>& parcels);

    /// Gives up the oldest parcels above the memory bound. Parcels in flight or being written stay. @return spans
    std::uint64_t shed();
    /// Gives up everything in memory that isn't being written. @return spans
    std::uint64_t drop_all();

    // Neither in flight nor settled.
    std::uint64_t waiting_spans(scope in) const;
    std::optional<time_point> oldest_waiting(scope in) const;
    bool empty() const { return parcels_.empty(); }
    /// Parcels whose fate is known and whose write has not ended.
    std::vector<parcel_pointer> settled_while_writing() const;

  private:
    static bool waits(const parcel& p) { return p.where == parcel::place::memory && !p.in_flight; }
    static bool may_be_sent(const parcel& p, scope in);
    void mark(parcel& p, parcel::place where, bool in_flight);
    void forget_if(const std::function<bool(const parcel&)>& gone);
    void append(std::string_view entries, std::uint32_t spans, time_point oldest);

    const bounds limits_;
    std::deque<parcel_pointer> parcels_;
    std::uint64_t waiting_spans_ = 0;
    std::size_t memory_bytes_ = 0;  ///< of all parcels, by what their strings hold
};

}  // namespace outrider::exporting
