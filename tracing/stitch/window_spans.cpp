#include "tracing/stitch/window_spans.hpp"

#include <algorithm>

namespace outrider::tracing {
namespace {

bool earlier(const window_span& a, const window_span& b) {
    return a.start_ns != b.start_ns ? a.start_ns < b.start_ns : a.number < b.number;
}

}  // namespace

void window_spans::sort() {
    if (sorted_ == spans_.size()) return;
    const auto added = spans_.begin() + static_cast<std::ptrdiff_t>(sorted_);
    std::sort(added, spans_.end(), earlier);
    const auto from = std::upper_bound(spans_.begin(), added, *added, earlier);
    const auto first = static_cast<std::size_t>(from - spans_.begin());
    std::inplace_merge(from, added, spans_.end(), earlier);
    latest_end_.resize(spans_.size());
    for (auto i = first; i < spans_.size(); ++i)
        latest_end_[i] = i == 0 ? spans_[i].end_ns : std::max(latest_end_[i - 1], spans_[i].end_ns);
    sorted_ = spans_.size();
}

void window_spans::trim(span_number oldest, std::size_t most, const span_store& store) {
    sort();
    const auto beyond = spans_.size() > most ? spans_.size() - most : 0;
    std::size_t kept = 0;
    for (std::size_t i = beyond; i < spans_.size(); ++i) {
        if (!store.holds(spans_[i].number) || store.before(spans_[i].number, oldest)) continue;
        spans_[kept] = spans_[i];
        latest_end_[kept] = kept == 0 ? spans_[kept].end_ns : std::max(latest_end_[kept - 1], spans_[kept].end_ns);
        ++kept;
    }
    spans_.resize(kept);
    latest_end_.resize(kept);
    sorted_ = kept;
    if (spans_.capacity() > 64 && kept < spans_.capacity() / 4) {
        spans_.shrink_to_fit();
        latest_end_.shrink_to_fit();
    }
}

std::size_t window_spans::first_ending_after(std::int64_t moment) const {
    return static_cast<std::size_t>(std::lower_bound(latest_end_.begin(), latest_end_.end(), moment) -
                                    latest_end_.begin());
}

void window_spans::overlapping(std::int64_t earliest, std::int64_t latest, std::vector<window_span>& out) const {
    for (auto i = first_ending_after(earliest); i < spans_.size() && spans_[i].start_ns <= latest; ++i) {
        if (spans_[i].end_ns >= earliest) out.push_back(spans_[i]);
    }
}

std::size_t window_spans::containing(std::int64_t moment) const {
    std::size_t count = 0;
    for (auto i = first_ending_after(moment); i < spans_.size() && spans_[i].start_ns <= moment; ++i)
        count += spans_[i].end_ns >= moment;
    return count;
}

}  // namespace outrider::tracing
