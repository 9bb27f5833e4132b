#pragma once

#include <mutex>

#include "sidecar/export/export_stats.hpp"
#include "sidecar/export/parcel.hpp"
#include "sidecar/export/spool.hpp"

namespace outrider::exporting {

/// Books spans from one state to another, each move in one step under a lock, so that the states add up whenever
/// anybody looks. What the workers' buffers still hold is added by the reader.
class ledger {
  public:
    void taken(std::uint64_t spans);  ///< out of the workers' buffers: queued from now on
    void journaled(std::uint64_t spans);
    void settled_in_memory(std::uint64_t spans, settlement& fate);
    void settled_on_disk(const own_and_adopted& spans, settlement& fate);
    void dropped_from_memory(std::uint64_t spans, drop_reason reason);
    void abandon_memory();  ///< everything that is queued is dropped{shutdown}

    /// Takes over what changed in the spool since the last time.
    void spool_changed(const spool_counts& now);
    void spool_failed();
    void spool_usable(bool yes);
    void exported();
    void export_failed();

    std::uint64_t spooled() const;  ///< own and adopted
    std::uint64_t adopted_spooled() const;
    /// @param taken  set to the number of spans that taken() was told of
    export_stats read(std::uint64_t& taken) const;

  private:
    static std::uint64_t split(std::uint64_t spans, settlement& fate);

    mutable std::mutex mutex_;
    export_stats stats_;
    std::uint64_t taken_ = 0;
    spool_counts seen_;
};

}  // namespace outrider::exporting
