#include "tracing/chains/critical_path.hpp"

#include <algorithm>

#include "tracing/chains/chain_rows.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

bool calls(const chain_row& row) { return row.span != nullptr && is_call(*row.span); }

bool answers(const chain_row& row) { return row.span != nullptr && row.span->kind == span_kind::server; }

/// How far the clock of the callee is off: what it did would lie outside of the call, although it fits in.
std::int64_t clock_offset(const time_range& call, const time_range& answer) {
    if (answer.length() > call.length() || (answer.start >= call.start && answer.end <= call.end)) return 0;
    const auto middle = call.start + (call.length() - answer.length()) / 2;
    return static_cast<std::int64_t>(middle - answer.start);
}

bool same_clock(const chain_row& a, const chain_row& b) {
    return a.span != nullptr && b.span != nullptr && service_of(*a.span) == service_of(*b.span);
}

time_range moved(const time_range& when, std::int64_t by) {
    const auto shift = static_cast<std::uint64_t>(by);  // modulo 2^64, as it was taken
    return {when.start + shift, std::max(when.start + shift, when.end + shift)};
}

/// Rows, and for each the rows below it.
class path_walk {
  public:
    path_walk(const chain& one, const std::vector<std::size_t>& parents, const std::vector<time_range>& times)
        : chain_(one), times_(times), below_(one.rows.size()), finish_(one.rows.size()) {
        // Rows below stand behind, so their ends are known first.
        for (std::size_t i = one.rows.size(); i-- > 0;) {
            finish_[i] = std::max(finish_[i], times[i].end);
            if (parents[i] == no_row || is_waiting(i)) continue;
            below_[parents[i]].push_back(i);
            finish_[parents[i]] = std::max(finish_[parents[i]], finish_[i]);
        }
    }

    std::vector<critical_stretch> run(const std::vector<std::size_t>& parents) && {
        std::size_t last = no_row;
        for (std::size_t i = 0; i < chain_.rows.size(); ++i) {
            if (parents[i] != no_row || (is_waiting(i) && chain_.rows.size() > 1)) continue;
            if (last == no_row || finish_[i] > finish_[last]) last = i;
        }
        if (last != no_row) open_.push_back(last);
        while (!open_.empty()) {
            const auto next = open_.back();
            open_.pop_back();
            walk(next);
        }
        std::sort(path_.begin(), path_.end(), [](const auto& a, const auto& b) { return a.when.start < b.when.start; });
        return std::move(path_);
    }

  private:
    // A poll that took nothing of this chain waited for others.
    bool is_waiting(std::size_t at) const {
        const auto* span = chain_.rows[at].span;
        return span != nullptr && is_poll(*span) && (at == 0 || chain_.rows[at - 1].join != chain_join::queue);
    }

    // Its span ends when the record was handed over; what the service does then, until something comes of it, is its
    // time.
    bool takes(std::size_t at) const {
        const auto* span = chain_.rows[at].span;
        return span != nullptr && (is_process(*span) || is_poll(*span));
    }

    // Backwards from the end: what returned last before the cursor was waited for, and the time until then is the
    // row's.
    void walk(std::size_t at) {
        auto& children = below_[at];
        std::stable_sort(children.begin(), children.end(), [this](auto a, auto b) { return finish_[a] > finish_[b]; });
        auto cursor = finish_[at];
        for (const auto child : children) {
            if (finish_[child] > cursor || finish_[child] <= times_[at].start) continue;
            own(at, finish_[child], cursor);
            open_.push_back(child);
            cursor = std::max(times_[child].start, times_[at].start);
            cursor = std::min(cursor, finish_[child]);
        }
        own(at, times_[at].start, cursor);
    }

    void own(std::size_t at, std::uint64_t from, std::uint64_t to) {
        from = std::max(from, times_[at].start);
        if (!takes(at)) to = std::min(to, times_[at].end);
        if (from < to && chain_.rows[at].join != chain_join::gap) path_.push_back({at, {from, to}});
    }

    const chain& chain_;
    const std::vector<time_range>& times_;
    std::vector<std::vector<std::size_t>> below_;
    std::vector<std::uint64_t> finish_;  ///< when the last of it and what came of it ended
    std::vector<std::size_t> open_;
    std::vector<critical_stretch> path_;
};

}  // namespace

std::vector<time_range> row_times(const chain& one, const std::vector<std::size_t>& parents) {
    std::vector<time_range> times;
    std::vector<std::int64_t> offsets(one.rows.size());
    times.reserve(one.rows.size());
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
        const auto& row = one.rows[i];
        const auto above = parents[i];
        time_range when{row.start_unix_ns, std::max(row.start_unix_ns, row.end_unix_ns)};
        if (above != no_row && one.rows[above].join != chain_join::gap) {
            const auto& caller = one.rows[above];
            if (answers(row) && calls(caller)) {
                offsets[i] = clock_offset(times[above], when);
            } else if (same_clock(row, caller)) {
                offsets[i] = offsets[above];
            }
            when = moved(when, offsets[i]);
            when.start = std::max(when.start, times[above].start);
            if (row.join == chain_join::queue) when.start = std::max(when.start, times[above].end);
            when.end = std::max(when.end, when.start);
        }
        times.push_back(when);
    }
    return times;
}

std::vector<critical_stretch> critical_path(const chain& one, const std::vector<std::size_t>& parents,
                                            const std::vector<time_range>& times) {
    return path_walk{one, parents, times}.run(parents);
}

}  // namespace outrider::tracing
