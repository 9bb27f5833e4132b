#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>

#include "tracing/stitch/process_windows.hpp"

namespace outrider::tracing {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t reach_ns = 5'000 * ms;     // how long after a span has ended an echo of it is recognized
constexpr std::int64_t ended_ns = 100 * ms;       // how long after it time may suggest it
constexpr std::int64_t consumed_ns = 1'000 * ms;  // the same after records were handed over
constexpr std::int64_t fetched_ns = ms / 10;      // within which a fetch and its records are told to have ended
constexpr std::size_t records_ahead = 2;          // records of one kind that are taken to be handled at once
constexpr float only_open = 0.99F, only_of_group = 0.95F, last_of_group = 0.85F, told = 0.9F, doubted = 0.89F;

/// Puts a candidate where it belongs among the others, the likeliest first.
void add_other(window_verdict& verdict, found_cause other) {
    if (!other.valid() || other.cause == verdict.cause.cause) return;
    for (auto& each : verdict.others) {
        if (each.cause == other.cause) return;
        if (!each.valid() || other.confidence > each.confidence) std::swap(each, other);
    }
}

/// Makes a candidate the cause when it is the likelier one.
void propose(window_verdict& verdict, const found_cause& proposed) {
    if (!verdict.cause.valid() || proposed.confidence > verdict.cause.confidence) {
        const auto former = std::exchange(verdict.cause, proposed);
        add_other(verdict, former);
    } else {
        add_other(verdict, proposed);
    }
}

}  // namespace

void process_windows::decide(process& of, const span_number* first, const span_number* last,
                             std::vector<window_verdict>& out) {
    const auto earliest = store_[*first].start_ns, latest = store_[*(last - 1)].start_ns;
    gather(of, earliest - reach_ns, latest);
    bool echoing = false;
    for (const auto* each = first; each != last; ++each) {
        if (!store_[*each].has_details) continue;
        const auto said = store_.details(store_[*each]);
        at_.echoes.want(said);
        echoing |= said.echoes() > 0;
    }
    if (echoing) at_.echoes.build(at_.entered, store_);
    at_.verdicts.clear();
    bool guess = false;
    for (const auto* each = first; each != last; ++each) {
        auto& verdict = at_.verdicts.emplace_back();
        verdict.root = *each;
        verdict.cause = known_cause(*each);
        const auto& root = store_[*each];
        if (!root.parented && !verdict.cause.valid()) {
            judge(of, verdict);
            guess |= verdict.cause.confidence < told;
        }
        learn_usual(*of.of, verdict);
    }
    if (guess) ask_model(of, earliest);
    for (auto& verdict : at_.verdicts) {
        const auto& root = store_[verdict.root];
        of.shown.push_back({root.start_ns, verdict.root});
        if (root.parented || root.source < link_source::echo) continue;
        doubt_missing(of, root, verdict);
        out.push_back(verdict);
    }
    const auto by_start = [](const auto& a, const auto& b) { return a.start_ns < b.start_ns; };
    if (!std::is_sorted(of.shown.begin(), of.shown.end(), by_start))
        std::stable_sort(of.shown.begin(), of.shown.end(), by_start);
}

/// What may have caused spans of these times.
void process_windows::gather(const process& of, std::int64_t earliest, std::int64_t latest) {
    at_.entered.clear();
    of.entered.overlapping(earliest, latest, at_.entered);
    // Where memory is short, spans are forgotten while windows still name them.
    std::erase_if(at_.entered, [this](const auto& each) { return !store_.holds(each.number); });
    if (!of.consumes) return;
    drop_polls();
    end_handling();
}

/// A poll tells less than the spans of its records, which begin beside it.
void process_windows::drop_polls() {
    const auto drop_near_records = [this](auto first, auto last) {
        std::int64_t record = -(1LL << 62);
        for (; first != last; ++first) {
            if (first->number == no_number) continue;
            const auto& span = store_[first->number];
            if (span.receives)
                record = first->start_ns;
            else if (span.polls && std::abs(first->start_ns - record) <= fetched_ns)
                first->number = no_number;
        }
    };
    drop_near_records(at_.entered.begin(), at_.entered.end());
    drop_near_records(at_.entered.rbegin(), at_.entered.rend());
    std::erase_if(at_.entered, [](const auto& each) { return each.number == no_number; });
}

/// Of a record that was handed over; 0 for what else entered.
std::uint64_t process_windows::partition_of(const window_span& entered) const {
    const auto& span = store_[entered.number];
    return span.handed_over && span.has_details ? store_.details(span).get(span_details::partition) : 0;
}

/// A record is handled by when some of the next ones of its kind have come: nobody says when.
void process_windows::end_handling() {
    std::unordered_map<std::uint32_t, std::array<std::int64_t, records_ahead>> next;
    for (auto i = at_.entered.size(); i-- > 0;) {
        auto& here = at_.entered[i];
        if (!store_.holds(here.number) || !store_[here.number].handed_over) continue;
        auto [of, added] = next.try_emplace(here.operation);
        auto& starts = of->second;
        if (added) starts.fill(here.end_ns);
        here.end_ns = std::max(here.start_ns, std::min(here.end_ns, starts.back()));
        if (here.start_ns == starts.front()) continue;
        std::copy_backward(starts.begin(), starts.end() - 1, starts.end());
        starts.front() = here.start_ns;
    }
}

/// The entered span that a span came from by what is certain.
found_cause process_windows::known_cause(span_number left) const {
    const auto& span = store_[left];
    if (span.parented) {
        const auto above = store_.entered_above(left);
        return above == no_number ? found_cause{} : found_cause{above, link_source::context, 1};
    }
    if (span.source == link_source::none || span.source > link_source::key || !store_.holds(span.cause)) return {};
    return {span.cause, span.source, static_cast<float>(span.confidence) / 200};
}

void process_windows::judge(process& of, window_verdict& verdict) {
    const auto& root = store_[verdict.root];
    if (root.has_details) {
        by_correlation(root, verdict);
        if (verdict.cause.confidence >= told) return;
        by_echo(of, root, verdict);
        if (verdict.cause.confidence >= told) return;
    }
    if (root.inbound_open != 1 || of.consumes || of.entered.containing(root.start_ns) != 1) return;
    for (const auto& each : at_.entered) {
        if (each.start_ns > root.start_ns) break;
        if (each.end_ns >= root.start_ns) propose(verdict, {each.number, link_source::timing, only_open});
    }
}

/// The one open candidate of its group; of several, which are mostly of one chain, the last is the likeliest.
void process_windows::by_correlation(const held_span& root, window_verdict& verdict) const {
    const auto group = store_.details(root).get(span_details::correlation);
    if (group == 0) return;
    std::size_t members = 0;
    auto last = no_number;
    for (const auto& each : at_.entered) {
        if (each.start_ns > root.start_ns) break;
        const auto& other = store_[each.number];
        if (each.end_ns < root.start_ns || !other.has_details) continue;
        if (store_.details(other).get(span_details::correlation) != group) continue;
        last = each.number;
        ++members;
    }
    if (members > 0) verdict.cause = {last, link_source::key, members == 1 ? only_of_group : last_of_group};
}

void process_windows::by_echo(const process& of, const held_span& root, window_verdict& verdict) {
    if (at_.echoes.empty()) return;
    at_.echoes.ask(root, store_.details(root), at_.entered, of.of->usual, at_.echo);
    for (const auto& each : at_.echo.candidates)
        propose(verdict, {at_.entered[each.entered].number, each.remembers ? link_source::timing : link_source::echo,
                          static_cast<float>(each.confidence)});
}

/// What is known without time teaches which causes are usual; each root once.
void process_windows::learn_usual(service& of, const window_verdict& verdict) const {
    const auto& root = store_[verdict.root];
    if (verdict.cause.confidence < told || root.retold > 0 || !store_.holds(verdict.cause.cause)) return;
    of.usual.saw(root.operation, store_[verdict.cause.cause].operation);
}

std::uint32_t process_windows::asked_index(span_number entered) const {
    if (!store_.holds(entered)) return no_span;
    const auto start = store_[entered].brought_ns();
    auto at = std::lower_bound(at_.asked.begin(), at_.asked.end(), start,
                               [](const auto& each, std::int64_t from) { return each.start_ns < from; });
    for (; at != at_.asked.end() && at->start_ns == start; ++at) {
        if (at->number == entered) return static_cast<std::uint32_t>(at - at_.asked.begin());
    }
    return no_span;
}

/// What the model is told of what entered. The records of a fetch come at one moment; the log has their order.
void process_windows::list_lanes() {
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
        at_.model_entered.push_back({each.operation, each.start_ns, each.end_ns, lane});
    }
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
    list_lanes();
    at_.left.clear();
    for (std::uint32_t i = 0; i < at_.verdicts.size(); ++i) {
        const auto& verdict = at_.verdicts[i];
        const auto& span = store_[verdict.root];
        if (span.parented && !verdict.cause.valid()) continue;
        const auto known = verdict.cause.confidence >= told ? asked_index(verdict.cause.cause) : no_span;
        at_.left.push_back({{span.operation, span.start_ns, span.end_ns, known, false}, i});
    }
    add_settled(of, at_.asked.front().start_ns, store_[at_.verdicts.back().root].start_ns);
    std::stable_sort(at_.left.begin(), at_.left.end(),
                     [](const auto& a, const auto& b) { return a.first.start_ns < b.first.start_ns; });
    at_.model_left.clear();
    for (const auto& each : at_.left) at_.model_left.push_back(each.first);
    if (!of.of->model) of.of->model = std::make_unique<timing_model>();
    of.of->asked_ms = now_ms_;
    const auto guesses = of.of->model->match(at_.model_entered, at_.model_left);
    for (std::size_t i = 0; i < guesses.size() && i < at_.left.size(); ++i) {
        const auto place = at_.left[i].second;
        if (place == no_span) continue;
        auto& verdict = at_.verdicts[place];
        if (verdict.cause.confidence < told && !store_[verdict.root].parented) weigh(of, guesses[i], verdict);
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
        const auto known = cause == no_number ? no_span : asked_index(cause);
        if (known == no_span) continue;
        at_.left.push_back({{span.operation, span.start_ns, span.end_ns, known, true}, no_span});
    }
}

/// Two that agree are surer than each; where they differ, the likelier one is doubted.
void process_windows::weigh(const process&, const timing_guess& guess, window_verdict& verdict) const {
    const auto cause_of = [&](std::uint32_t entered, double confidence) {
        return entered < at_.asked.size()
                   ? found_cause{at_.asked[entered].number, link_source::timing, static_cast<float>(confidence)}
                   : found_cause{};
    };
    const auto timed = cause_of(guess.entered, guess.confidence);
    if (timed.valid() && timed.cause == verdict.cause.cause) {
        const auto source = verdict.cause.confidence >= 0.5F ? verdict.cause.source : link_source::timing;
        verdict.cause.confidence = 1 - (1 - verdict.cause.confidence) * (1 - timed.confidence);
        verdict.cause.source = source;
    } else if (timed.valid()) {
        const auto other = std::min(verdict.cause.valid() ? verdict.cause.confidence : 0, timed.confidence);
        propose(verdict, timed);
        verdict.cause.confidence *= 1 - other / 2;
    }
    add_other(verdict, cause_of(guess.second, guess.second_confidence));
}

/// A root whose process had more candidates open than have arrived may have its cause among the missing ones; unless
/// they are always missing, as streams are.
void process_windows::doubt_missing(process& of, const held_span& root, window_verdict& verdict) {
    const auto arrived = of.entered.containing(root.start_ns);
    if (root.inbound_open < 0) return doubt_lonely(*of.of, root, arrived == 0, verdict);
    // Its sidecar knows, where requests are all that enters.
    if (!of.consumes) doubt_lonely(*of.of, root, root.inbound_open == 0, verdict);
    const auto open = static_cast<std::size_t>(root.inbound_open);
    const auto missing = open > arrived ? open - arrived : 0;
    const auto usual = std::min<std::size_t>(of.always_missing(), missing);
    of.missing[of.missing_at++ % std::size(of.missing)] = static_cast<std::uint16_t>(missing);
    verdict.missing = missing > 0;
    if (missing == usual || verdict.cause.source != link_source::timing) return;
    const auto share = static_cast<float>(missing - usual) / static_cast<float>(open);
    verdict.cause.confidence = std::min(doubted, verdict.cause.confidence * (1 - share / 2));
}

/// Where roots often begin while nothing is open, spans are missing (sampled away, lost) or work goes on after the
/// answer: that something else was open then proves little.
void process_windows::doubt_lonely(service& of, const held_span& root, bool lonely, window_verdict& verdict) {
    constexpr float weight = 1.0F / 64, often = 0.05F;
    if (!root.decided) of.lonely += ((lonely ? 1.0F : 0.0F) - of.lonely) * weight;
    if (of.lonely < often || verdict.cause.source != link_source::timing) return;
    verdict.cause.confidence = std::min(doubted, verdict.cause.confidence * (1 - of.lonely / 2));
}

}  // namespace outrider::tracing
