#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <span>
#include <utility>

#include "tracing/stitch/process_windows.hpp"

// What the timing model is asked, and what becomes of its answers.
namespace outrider::tracing {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t ended_ns = 100 * ms;       // how long after it has ended time may suggest a span
constexpr std::ptrdiff_t most_pending = 4'096;    // beside what is asked about at once
constexpr std::size_t most_looked_back = 256;     // decided spans, for calls that a request has made already
constexpr float sure_of_chain = 0.5F;             // where the place in it is not known
constexpr std::int64_t consumed_ns = 1'000 * ms;  // the same after records were handed over

}  // namespace

/// Calls that have arrived and are not asked about now, which requests are to be understood with: those that are not
/// due, and those that are and come later. Bounded, the first of them: what goes on beyond is not complete here.
void process_windows::list_pending(const process& of, std::int64_t earliest, const span_number* later) {
    at_.pending.clear();
    at_.complete_until = std::numeric_limits<std::int64_t>::max();
    if (of.works_on()) return;
    const auto add = [&](span_number each) {
        if (store_.holds(each) && store_[each].start_ns >= earliest)
            at_.pending.emplace_back(store_[each].start_ns, each);
    };
    std::for_each(of.waiting.begin(), of.waiting.end(), add);
    std::for_each(later, static_cast<const span_number*>(at_.ready.data() + at_.ready.size()), add);
    if (std::ssize(at_.pending) > most_pending) {
        const auto kept = at_.pending.begin() + most_pending;
        std::nth_element(at_.pending.begin(), kept, at_.pending.end());
        at_.complete_until = kept->first - 1;
        at_.pending.erase(kept, at_.pending.end());
    }
    std::sort(at_.pending.begin(), at_.pending.end());
}

/// Of a record that was handed over; 0 for what else entered.
std::uint64_t process_windows::partition_of(const window_span& entered) const {
    const auto& span = store_[entered.number];
    return span.handed_over && span.has_details ? store_.details(span).get(span_details::partition) : 0;
}

std::uint32_t process_windows::index_among(const std::vector<window_span>& spans, span_number entered) const {
    if (!store_.holds(entered)) return no_span;
    const auto start = store_[entered].brought_ns();
    auto at = std::lower_bound(spans.begin(), spans.end(), start,
                               [](const auto& each, std::int64_t from) { return each.start_ns < from; });
    for (; at != spans.end() && at->start_ns == start; ++at) {
        if (at->number == entered) return static_cast<std::uint32_t>(at - spans.begin());
    }
    return no_span;
}

/// What the model is told of what entered. The records of a fetch come at one moment; the log has their order.
void process_windows::list_lanes(const process& of) {
    const auto offset_of = [this](const window_span& each) {
        return store_.details(store_[each.number]).get(span_details::first);
    };
    std::stable_sort(at_.asked.begin(), at_.asked.end(), [&](const auto& a, const auto& b) {
        if (a.start_ns != b.start_ns) return a.start_ns < b.start_ns;
        const auto lane = partition_of(a), other = partition_of(b);
        return lane != other ? lane < other : lane != 0 && offset_of(a) < offset_of(b);
    });
    for (const auto& each : at_.asked) {
        const auto partition = partition_of(each);
        const auto lane = static_cast<std::uint32_t>(partition >> 32 | partition) | (partition != 0 ? 1U : 0U);
        entered_span one{each.operation, each.start_ns, each.end_ns, lane};
        if (!of.works_on() && lane == 0) {
            auto& span = store_[each.number];
            const auto next =
                std::lower_bound(at_.pending.begin(), at_.pending.end(), std::pair{each.start_ns, span_number{}});
            one.whole = true;
            one.learn = !span.learnt && each.end_ns <= at_.complete_until &&
                        (next == at_.pending.end() || next->first > each.end_ns);
            span.learnt |= one.learn;
        }
        at_.model_entered.push_back(one);
    }
}

void process_windows::set_among(left_span& to, const window_verdict& verdict) const {
    for (std::size_t i = 0; i < verdict.among_count; ++i) {
        const auto index = index_among(at_.asked, verdict.among[i]);
        if (index != no_span) to.among[to.among_count++] = index;
    }
}

/// What the model is told of what left: what is asked about, what will be, and what was.
void process_windows::list_left(const process& of) {
    at_.left.clear();
    const auto earliest = at_.asked.front().start_ns;
    auto latest = store_[at_.verdicts.back().root].start_ns;
    const auto add = [this](const held_span& span, const found_cause& cause, std::uint32_t place) -> left_span& {
        const auto known = cause.confidence >= window_verdict::told ? index_among(at_.asked, cause.cause) : no_span;
        at_.left.push_back({{span.operation, span.start_ns, span.end_ns, known}, place});
        return at_.left.back().first;
    };
    for (std::uint32_t i = 0; i < at_.verdicts.size(); ++i) {
        const auto& verdict = at_.verdicts[i];
        const auto& span = store_[verdict.root];
        if (span.parented && !verdict.cause.valid()) continue;
        auto& call = add(span, verdict.cause, i);
        if (call.known_cause == no_span) set_among(call, verdict);
    }
    for (const auto& [start, number] : at_.pending) {
        const auto cause = known_cause(number);
        if (start < earliest || (store_[number].parented && !cause.valid())) continue;
        add(store_[number], cause, no_span).pending = true;
        latest = std::max(latest, start);
    }
    add_settled(of, earliest, latest);
    std::stable_sort(at_.left.begin(), at_.left.end(),
                     [](const auto& a, const auto& b) { return a.first.start_ns < b.first.start_ns; });
    at_.model_left.clear();
    for (const auto& each : at_.left) at_.model_left.push_back(each.first);
}

void process_windows::ask_model(process& of, std::int64_t earliest) {
    const auto since = earliest - (of.consumes ? consumed_ns : ended_ns);
    at_.asked.clear();
    at_.model_entered.clear();
    for (const auto& each : at_.entered) {
        if (each.end_ns < since) continue;
        at_.asked.push_back(each);
    }
    if (at_.asked.empty()) return;
    list_lanes(of);
    list_left(of);
    if (!of.of->model) of.of->model = std::make_unique<timing_model>();
    of.of->asked_ms = now_ms_;
    const auto guesses = of.of->model->match(at_.model_entered, at_.model_left);
    for (std::size_t i = 0; i < guesses.size() && i < at_.left.size(); ++i) {
        const auto place = at_.left[i].second;
        if (place == no_span) continue;
        auto& verdict = at_.verdicts[place];
        if (verdict.cause.confidence < window_verdict::told && !store_[verdict.root].parented)
            weigh(of, guesses[i], verdict);
    }
}

/// What earlier steps decided of spans that still matter.
void process_windows::add_settled(const process& of, std::int64_t earliest, std::int64_t latest) {
    auto at = std::lower_bound(of.shown.begin(), of.shown.end(), earliest,
                               [](const auto& each, std::int64_t start) { return each.start_ns < start; });
    for (; at != of.shown.end() && at->start_ns <= latest; ++at) {
        if (!store_.holds(at->number)) continue;
        const auto& span = store_[at->number];
        const auto cause = span.parented ? store_.entered_above(at->number) : span.cause;
        const auto known = cause == no_number ? no_span : index_among(at_.asked, cause);
        if (known == no_span) continue;
        at_.left.push_back({{span.operation, span.start_ns, span.end_ns, known}, no_span});
        at_.left.back().first.settled = true;
    }
}

/// Work that goes on after answers is queued, and queues keep their order: of requests that say the same and have all
/// ended, the first one that has made the fewest calls of this kind lately. Not valid where one of them is open.
found_cause process_windows::first_in_queue(const process& of, const window_verdict& verdict) const {
    struct queued {
        std::int64_t start_ns;
        span_number number;
        std::size_t calls;
    };
    const auto& root = store_[verdict.root];
    std::array<queued, left_span::most_among> places{};
    const auto queue = std::span{places}.first(verdict.among_count);
    for (std::size_t i = 0; i < queue.size(); ++i) {
        const auto& each = store_[verdict.among[i]];
        if (each.messaging || each.end_ns >= root.start_ns) return {};
        queue[i] = {each.start_ns, verdict.among[i], 0};
    }
    std::sort(queue.begin(), queue.end(), [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; });
    const auto count = [&](span_number left, span_number cause) {
        if (!store_.holds(left) || store_[left].operation != root.operation || store_[left].start_ns >= root.start_ns)
            return;
        for (auto& each : queue) each.calls += each.number == cause;
    };
    std::size_t seen = 0;
    for (const auto* at = &verdict; at != at_.verdicts.data() && seen < most_looked_back; ++seen) {
        --at;
        count(at->root, at->cause.cause);
    }
    for (auto at = of.shown.rbegin(); at != of.shown.rend() && seen < most_looked_back; ++at, ++seen) {
        if (at->start_ns < queue.front().start_ns) break;
        count(at->number, store_.holds(at->number) ? store_[at->number].cause : no_number);
    }
    const auto first =
        std::min_element(queue.begin(), queue.end(), [](const auto& a, const auto& b) { return a.calls < b.calls; });
    const auto apart = queue.back().start_ns - queue.front().start_ns;
    const auto order = static_cast<float>(of.of->usual.keeps_order(root.operation, apart));
    return {first->number, link_source::timing, std::min(window_verdict::doubted, order * verdict.of_among)};
}

/// Two that agree are surer than each; where they differ, the likelier one is doubted. Where something better has
/// narrowed the choice, time makes it.
void process_windows::weigh(const process& of, const timing_guess& guess, window_verdict& verdict) const {
    const auto cause_of = [&](std::uint32_t entered, double confidence) {
        return entered < at_.asked.size()
                   ? found_cause{at_.asked[entered].number, link_source::timing, static_cast<float>(confidence)}
                   : found_cause{};
    };
    auto timed = cause_of(guess.entered, guess.confidence);
    if (verdict.among_count > 0) {
        // Requests that were open are of one chain: that it is of this one is sure, whichever it is. Of records nobody
        // knows whether all have arrived: there the values' own choice stays where time knows no better.
        const bool of_chain = verdict.of_among >= window_verdict::told && !of.consumes &&
                              of.unusual(missing_of(of, store_[verdict.root])) == 0;
        timed.confidence *= verdict.of_among;
        if (const auto first = first_in_queue(of, verdict);
            first.valid() && (timed.cause == first.cause || timed.confidence < first.confidence)) {
            const auto time = timed.cause == first.cause ? timed.confidence : 0;
            timed = first;
            timed.confidence = std::max(timed.confidence, time);
        }
        const auto& former = verdict.cause;
        if (!of_chain && former.valid() && timed.confidence < std::min(sure_of_chain, former.confidence))
            timed = former;
        if (!timed.valid()) timed = {former.valid() ? former.cause : verdict.among[0]};
        timed.source = verdict.among_source;
        if (of_chain) timed.confidence = std::max(timed.confidence, sure_of_chain);
        verdict.add_other(std::exchange(verdict.cause, timed));
        verdict.add_other(cause_of(guess.second, guess.second_confidence));
        return;
    }
    if (timed.valid() && timed.cause == verdict.cause.cause) {
        const auto source = verdict.cause.confidence >= 0.5F ? verdict.cause.source : link_source::timing;
        verdict.cause.confidence = 1 - (1 - verdict.cause.confidence) * (1 - timed.confidence);
        verdict.cause.source = source;
    } else if (timed.valid()) {
        const auto other = std::min(verdict.cause.valid() ? verdict.cause.confidence : 0, timed.confidence);
        verdict.propose(timed);
        verdict.cause.confidence *= 1 - other / 2;
    }
    verdict.add_other(cause_of(guess.second, guess.second_confidence));
}

}  // namespace outrider::tracing
