#include "sidecar/export/ledger.hpp"

#include <algorithm>

namespace outrider::exporting {
namespace {

std::uint64_t& count_of(export_stats& stats, drop_reason reason) {
    return stats.dropped[static_cast<std::size_t>(reason)];
}

}  // namespace

/// How many of the spans count as rejected; the rest of the rejected ones are left to the request's other parcels.
std::uint64_t ledger::split(std::uint64_t spans, settlement& fate) {
    const auto rejected = std::min(spans, fate.rejected);
    fate.rejected -= rejected;
    return rejected;
}

void ledger::taken(std::uint64_t spans) {
    const std::lock_guard lock(mutex_);
    taken_ += spans;
    stats_.queued += spans;
}

void ledger::journaled(std::uint64_t spans) {
    const std::lock_guard lock(mutex_);
    stats_.queued -= spans;
    stats_.spooled += spans;
}

void ledger::settled_in_memory(std::uint64_t spans, settlement& fate) {
    const std::lock_guard lock(mutex_);
    const auto rejected = split(spans, fate);
    stats_.queued -= spans;
    stats_.delivered += spans - rejected;
    count_of(stats_, drop_reason::rejected) += rejected;
}

void ledger::settled_on_disk(const own_and_adopted& spans, settlement& fate) {
    const std::lock_guard lock(mutex_);
    const auto own_rejected = split(spans.own, fate);
    stats_.spooled -= spans.own;
    stats_.delivered += spans.own - own_rejected;
    count_of(stats_, drop_reason::rejected) += own_rejected;
    const auto adopted_rejected = split(spans.adopted, fate);
    stats_.adopted.spooled -= spans.adopted;
    stats_.adopted.delivered += spans.adopted - adopted_rejected;
    stats_.adopted.dropped += adopted_rejected;
}

void ledger::dropped_from_memory(std::uint64_t spans, drop_reason reason) {
    const std::lock_guard lock(mutex_);
    stats_.queued -= spans;
    count_of(stats_, reason) += spans;
}

void ledger::abandon_memory() {
    const std::lock_guard lock(mutex_);
    count_of(stats_, drop_reason::shutdown) += stats_.queued;
    stats_.queued = 0;
}

void ledger::spool_changed(const spool_counts& now) {
    const std::lock_guard lock(mutex_);
    const auto full = now.dropped_full.own - seen_.dropped_full.own;
    const auto corrupted = now.dropped_corrupted.own - seen_.dropped_corrupted.own;
    stats_.spooled -= full + corrupted;
    count_of(stats_, drop_reason::spool_full) += full;
    count_of(stats_, drop_reason::corrupted) += corrupted;
    const auto found = now.adopted_found - seen_.adopted_found;
    const auto lost = now.dropped_full.adopted + now.dropped_corrupted.adopted - seen_.dropped_full.adopted -
                      seen_.dropped_corrupted.adopted;
    stats_.adopted.found += found;
    stats_.adopted.spooled += found - lost;
    stats_.adopted.dropped += lost;
    stats_.corrupted_records = now.corrupted_records;
    stats_.spool_bytes = now.bytes;
    seen_ = now;
}

void ledger::spool_failed() {
    const std::lock_guard lock(mutex_);
    ++stats_.spool_errors;
}

void ledger::spool_usable(bool yes) {
    const std::lock_guard lock(mutex_);
    stats_.spool_usable = yes;
}

void ledger::exported() {
    const std::lock_guard lock(mutex_);
    ++stats_.exports;
}

void ledger::export_failed() {
    const std::lock_guard lock(mutex_);
    ++stats_.failed_exports;
}

std::uint64_t ledger::spooled() const {
    const std::lock_guard lock(mutex_);
    return stats_.spooled + stats_.adopted.spooled;
}

std::uint64_t ledger::adopted_spooled() const {
    const std::lock_guard lock(mutex_);
    return stats_.adopted.spooled;
}

export_stats ledger::read(std::uint64_t& taken) const {
    const std::lock_guard lock(mutex_);
    taken = taken_;
    return stats_;
}

}  // namespace outrider::exporting
