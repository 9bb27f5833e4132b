#include "tracing/flows/tracked_run.hpp"

#include <algorithm>

namespace outrider::flows {

const char* name_of(run_outcome outcome) {
    constexpr const char* names[] = {"running", "completed", "compensated", "faulty", "abandoned", "evicted"};
    return names[static_cast<std::size_t>(outcome)];
}

bool can_end(fault_kind kind) { return kind == fault_kind::stuck || kind == fault_kind::lost_compensation; }

bool tracked_run::has_faults() const {
    return std::any_of(told.begin(), told.end(), [](const told_fault& one) { return !one.retracted; });
}

bool tracked_run::has_open_faults() const {
    return std::any_of(told.begin(), told.end(),
                       [](const told_fault& one) { return !one.retracted && can_end(one.what.kind); });
}

bool tracked_run::knows(const occurrence& one) const {
    return std::any_of(events.begin(), events.end(), [&](const occurrence& known) {
        return known.event == one.event && known.span == one.span && known.trace == one.trace;
    });
}

void tracked_run::insert(const occurrence& one) {
    const auto later = [](const occurrence& a, const occurrence& b) { return a.start < b.start; };
    events.insert(std::upper_bound(events.begin(), events.end(), one, later), one);
}

std::size_t tracked_run::memory() const {
    constexpr std::size_t nodes = 160;  // of the list, the map and the set of what is due
    return sizeof *this + nodes + key.capacity() + events.capacity() * sizeof(occurrence) +
           told.capacity() * sizeof(told_fault);
}

}  // namespace outrider::flows
