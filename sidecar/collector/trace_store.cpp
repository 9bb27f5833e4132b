#include "sidecar/collector/trace_store.hpp"

#include <algorithm>
#include <limits>

#include "tracing/span_batch.hpp"

namespace outrider::collector {

using tracing::span_data;
using tracing::span_view;
using tracing::trace_id;

namespace {

/// One more than is allowed is held until there is room again.
store_limits within_bounds(store_limits limits) {
    limits.traces = std::min(limits.traces, trace_table::most - 1);
    return limits;
}

}  // namespace

trace_store::trace_store(store_limits limits)
    : limits_(within_bounds(limits)),
      archive_(limits.bytes, limits.trace_bytes),
      chains_(archive_, limits.quiet.count()),
      order_(archive_.traces()) {}

trace_store::~trace_store() = default;

std::uint64_t trace_store::add(const std::vector<span_data>& spans, std::int64_t now_ns, std::uint64_t row) {
    tracing::span_batch batch;
    batch.take(spans);
    return add(batch.spans(), now_ns, row);
}

std::uint64_t trace_store::add(std::span<const span_view> spans, std::int64_t now_ns, std::uint64_t row) {
    const std::lock_guard lock{mutex_};
    const auto dropped = counters_.dropped;
    last_row_ = row;
    last_ns_ = now_ns < 0 ? last_ns_ + 1 : now_ns;
    for (const auto& span : spans) add_one(span, now_ns < 0 ? last_ns_++ : now_ns);
    return counters_.dropped - dropped;
}

void trace_store::add_one(const span_view& span, std::int64_t now_ns) {
    static const tracing::shared_origin nowhere = std::make_shared<const tracing::span_origin>();
    ++counters_.received;
    const auto before = archive_.traces().size();
    const auto into = archive_.touch(span.trace, now_ns);
    archive_.traces().size() > before ? order_.add(into) : order_.to_the_end(into);
    span_archive::outcome what;
    if (span.from() != nullptr) {
        what = archive_.put(into, span);
    } else {
        auto placed = span;
        placed.origin = &nowhere;
        what = archive_.put(into, placed);
    }
    if (what == span_archive::outcome::dropped) ++counters_.dropped;
    if (what == span_archive::outcome::replaced) ++counters_.replaced;
    if (what == span_archive::outcome::stored) {
        ++counters_.stored;
        ++counters_.waiting;
        chains_.watch(into, now_ns);
    }
    make_room(into);
}

std::uint64_t trace_store::memory() const { return archive_.memory() + chains_.memory(); }

/// @param keep  the trace that is being added to: it is within its own bound
void trace_store::make_room(number keep) {
    while (memory() > limits_.bytes || archive_.traces().size() > limits_.traces)
        if (!evict_oldest(std::numeric_limits<std::int64_t>::max(), keep)) return;
}

void trace_store::expire(std::int64_t now_ns) {
    const std::lock_guard lock{mutex_};
    if (limits_.keep.count() == 0) return;
    while (evict_oldest(now_ns - limits_.keep.count(), std::nullopt)) {
    }
}

/// A chain goes when nobody of it was touched later than the oldest trace; until then all of it stands behind the one
/// that was, so that a chain of very many traces is looked at once for each of its times.
bool trace_store::evict_oldest(std::int64_t before_ns, std::optional<number> keep) {
    for (auto one = order_.first(); one && archive_[*one].touched_ns < before_ns; one = order_.first()) {
        const auto members = chains_.members(*one);
        auto last = *one;
        for (const auto each : members)
            if (archive_[each].touched_ns > archive_[last].touched_ns) last = each;
        if (last != *one) {
            for (const auto each : members)
                if (each != last) order_.behind(each, last);
            continue;
        }
        const bool protect = keep && std::find(members.begin(), members.end(), *keep) != members.end();
        if (protect && *one == *keep && members.size() == 1) return false;
        // A chain that fills the store alone is torn: there is nothing else to give up.
        for (const auto each : members)
            if (!protect || each != *keep) evict(each);
        return true;
    }
    return false;
}

void trace_store::evict(number which) {
    chains_.forget(which);
    order_.remove(which);
    const auto gone = archive_.remove(which);
    counters_.stored -= gone.spans;
    counters_.evicted += gone.spans;
    counters_.waiting -= gone.waiting;
    counters_.unsettled_evicted += gone.waiting;
    ++counters_.evicted_traces;
}

stored_trace trace_store::find(const trace_id& id) const {
    const std::lock_guard lock{mutex_};
    const auto which = archive_.traces().find(id);
    if (!which) return {id, {}, 0};
    return {id, archive_.spans_of(*which), archive_[*which].dropped};
}

std::vector<std::string> trace_store::services() const {
    const std::lock_guard lock{mutex_};
    return archive_.operations().services();
}

std::vector<operation> trace_store::operations(const std::string& service) const {
    const std::lock_guard lock{mutex_};
    return archive_.operations().operations(service);
}

store_counters trace_store::counters() const {
    const std::lock_guard lock{mutex_};
    auto now = counters_;
    now.traces = archive_.traces().size();
    now.bytes = memory();
    now.shared_bytes = archive_.shared_memory();
    return now;
}

}  // namespace outrider::collector
