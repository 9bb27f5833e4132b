#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "tracing/stitch/process_windows.hpp"

namespace outrider::tracing {
namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t reach_ns = 5'000 * ms;  // how long after a span has ended an echo of it is recognized
constexpr std::int64_t fetched_ns = ms / 10;   // within which a fetch and its records are told to have ended
constexpr std::size_t records_ahead = 2;       // records of one kind that are taken to be handled at once
constexpr float only_open = 0.99F, only_of_group = 0.95F, last_of_group = 0.85F;
constexpr float unheard_counts = 0.45F;     // for a cause by time, where causes have values in common with effects
constexpr float mostly_absent = 0.5F;       // of what was open: it was sampled away, so what is there tells little
constexpr double rarely_after_end = 0.001;  // speaks for what had ended, where calls are not seen to begin later
constexpr float sure_alone = 0.97F;         // from which being alone tells; below, times may say more
constexpr float told = window_verdict::told;

/// A share of the latest, as one more is seen.
void follow(float& share, float seen, float weight) { share += (seen - share) * weight; }
void follow(float& share, bool seen, float weight) { follow(share, seen ? 1.0F : 0.0F, weight); }

}  // namespace

void process_windows::decide(process& of, const span_number* first, const span_number* last,
                             std::vector<window_verdict>& out) {
    const auto earliest = store_[*first].start_ns;
    auto latest = store_[*(last - 1)].start_ns;
    list_pending(of, earliest, last);
    if (!at_.pending.empty()) latest = std::max(latest, at_.pending.back().first);
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
    at_.queued.clear();
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
        if (root.has_details) doubt_unheard(*of.of, verdict);
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
        by_correlation(of, root, verdict);
        if (verdict.cause.confidence >= told) return;
        by_echo(of, root, verdict);
        if (verdict.cause.confidence >= told) return;
    }
    by_being_alone(of, root, verdict);
}

/// The one that was open: surely where such calls never leave while nothing is.
void process_windows::by_being_alone(process& of, const held_span& root, window_verdict& verdict) const {
    auto& known = *of.of;
    if (root.inbound_open < 0 || root.inbound_open > 1 || of.consumes) return;
    if (!root.decided) known.usual.saw_alone(root.operation, root.inbound_open == 0);
    if (root.inbound_open != 1 || of.entered.containing(root.start_ns) != 1) return;
    auto confidence = std::min(only_open, static_cast<float>(1 - known.usual.causeless(root.operation)));
    if (confidence < sure_alone) confidence = std::min(confidence, window_verdict::doubted);
    for (const auto& each : at_.entered) {
        if (each.start_ns > root.start_ns) break;
        if (each.end_ns >= root.start_ns) verdict.propose({each.number, link_source::timing, confidence});
    }
}

/// The one open candidate of its group; of several, which are mostly of one chain, the last is the likeliest where
/// times do not tell. What had ended is a candidate too where work goes on after the answer.
void process_windows::by_correlation(const process& of, const held_span& root, window_verdict& verdict) const {
    const auto group = store_.details(root).get(span_details::correlation);
    if (group == 0) return;
    std::size_t members = 0, open = 0;
    auto last = no_number;
    const bool late = of.of->lonely >= often_lonely;
    for (const auto& each : at_.entered) {
        if (each.start_ns > root.start_ns) break;
        const auto& other = store_[each.number];
        const bool is_open = each.end_ns >= root.start_ns;
        if (!(is_open || late) || !other.has_details) continue;
        if (store_.details(other).get(span_details::correlation) != group) continue;
        if (is_open || open == 0) last = each.number;
        if (members < verdict.among.size()) verdict.among[members] = each.number;
        ++members;
        open += is_open;
    }
    if (open > 0) verdict.cause = {last, link_source::key, members == 1 ? only_of_group : last_of_group};
    if (members < 2 || members > verdict.among.size()) return;
    verdict.among_count = static_cast<std::uint8_t>(members);
    verdict.of_among = only_of_group;
    verdict.among_source = link_source::key;
}

/// Candidates that were open and have not arrived.
std::size_t process_windows::missing_of(const process& of, const held_span& root) const {
    const auto open = static_cast<std::size_t>(std::max<std::int16_t>(root.inbound_open, 0));
    const auto arrived = of.entered.containing(root.start_ns);
    return open > arrived ? open - arrived : 0;
}

void process_windows::by_echo(process& of, const held_span& root, window_verdict& verdict) {
    if (store_.details(root).echoes() == 0) return;
    verdict.unheard = true;
    at_.echo.candidates.clear();
    if (!at_.echoes.empty()) compare_values(of, root, verdict);
    if (of.consumes) by_earlier_record(root, verdict);
}

/// A record that is no longer compared and said what hardly another one did, where what is compared has at most values
/// in common that many records said. A request that is open may ask for what the process remembers.
void process_windows::by_earlier_record(const held_span& root, window_verdict& verdict) const {
    const auto found = store_.record_heard(verdict.root);
    if (!found.valid() || index_among(at_.entered, found.cause) != no_span) return;
    for (const auto& each : at_.echo.candidates)
        if (store_.share_rare_value(at_.entered[each.entered].number, verdict.root)) return;
    for (const auto& each : at_.entered) {
        if (each.start_ns > root.start_ns) break;
        if (each.end_ns >= root.start_ns && !store_[each.number].messaging) return;
    }
    verdict.unheard = false;
    verdict.among_count = 0;
    verdict.add_other(std::exchange(verdict.cause, found));
}

/// With what is in the window.
void process_windows::compare_values(process& of, const held_span& root, window_verdict& verdict) {
    // Requests of one chain say the same: as often as they come, one that is missing would have said it too.
    auto& alike = of.of->alike;
    const auto missing = missing_of(of, root);
    const auto counted = of.of->absent > mostly_absent ? missing : of.unusual(missing);
    echo_priors priors;
    priors.unseen_like = static_cast<double>(counted) * static_cast<double>(alike);
    // What was open and has not arrived is rather the cause, unless calls are seen to begin while nothing is open.
    if (!of.consumes && of.unusual(missing) > 0)
        priors.ended = std::clamp(static_cast<double>(of.of->lonely), rarely_after_end, priors.ended);
    at_.echoes.ask(root, store_.details(root), at_.entered, of.of->usual, priors, at_.echo);
    constexpr float weight = 1.0F / 64;
    if (!root.decided && !at_.echo.candidates.empty()) follow(alike, at_.echo.alike > 0, weight);
    for (const auto& each : at_.echo.candidates)
        verdict.propose({at_.entered[each.entered].number, each.remembers ? link_source::timing : link_source::echo,
                         static_cast<float>(each.confidence)});
    verdict.unheard = at_.echo.candidates.empty();
    if (at_.echo.alike == 0) return;
    verdict.doubt();
    if (verdict.among_count > 0) return;
    for (const auto& each : at_.echo.candidates)
        if (each.alike) verdict.among[verdict.among_count++] = at_.entered[each.entered].number;
    verdict.of_among = static_cast<float>(at_.echo.alike);
    verdict.among_source = link_source::echo;
}

/// What is known without time teaches which causes are usual; each root once.
void process_windows::learn_usual(service& of, const window_verdict& verdict) {
    const auto& root = store_[verdict.root];
    if (verdict.cause.confidence < told || root.retold > 0 || !store_.holds(verdict.cause.cause)) return;
    const auto& cause = store_[verdict.cause.cause];
    of.usual.saw(root.operation, cause.operation);
    if (cause.messaging || cause.end_ns >= root.start_ns) return;
    const auto [last, first] = at_.queued.try_emplace(root.operation, cause.start_ns);
    if (first || last->second == cause.start_ns) return;
    of.usual.saw_queued(root.operation, std::abs(cause.start_ns - last->second), last->second < cause.start_ns);
    last->second = cause.start_ns;
}

/// A root whose process had more candidates open than have arrived may have its cause among the missing ones; unless
/// they are always missing, as streams are.
void process_windows::doubt_missing(process& of, const held_span& root, window_verdict& verdict) {
    if (root.inbound_open < 0) return doubt_lonely(*of.of, root, of.entered.containing(root.start_ns) == 0, verdict);
    // Its sidecar knows, where requests are all that enters.
    if (!of.consumes) doubt_lonely(*of.of, root, root.inbound_open == 0, verdict);
    const auto missing = missing_of(of, root), unusual = of.unusual(missing);
    of.missing[of.missing_at++ % std::size(of.missing)] = static_cast<std::uint16_t>(missing);
    verdict.missing = missing > 0;
    auto& absent = of.of->absent;
    if (!root.decided && root.inbound_open > 0)
        follow(absent, static_cast<float>(missing) / static_cast<float>(root.inbound_open),
               std::max(1.0F / 32, 1.0F / static_cast<float>(2 + of.of->asked_of_absent++)));
    if (absent > mostly_absent && verdict.cause.source == link_source::timing) verdict.doubt(1 - absent);
    if (unusual == 0 || verdict.cause.source != link_source::timing) return;
    const auto share = static_cast<float>(unusual) / static_cast<float>(root.inbound_open);
    verdict.doubt(1 - share / 2);
}

/// Where causes mostly have values in common with their effects, one that has none is doubtful.
void process_windows::doubt_unheard(service& of, window_verdict& verdict) const {
    constexpr float weight = 1.0F / 32, mostly = 0.8F;
    const auto& root = store_[verdict.root];
    if (store_.details(root).echoes() == 0) return;
    if (!root.decided) follow(of.heard, !verdict.unheard, weight);
    if (!verdict.unheard || of.heard < mostly || verdict.cause.source != link_source::timing) return;
    verdict.doubt(unheard_counts);
}

/// Where roots often begin while nothing is open, spans are missing (sampled away, lost) or work goes on after the
/// answer: that something else was open then proves little.
void process_windows::doubt_lonely(service& of, const held_span& root, bool lonely, window_verdict& verdict) {
    constexpr float weight = 1.0F / 64;
    if (!root.decided) follow(of.lonely, lonely, weight);
    if (of.lonely < often_lonely || verdict.cause.source != link_source::timing) return;
    verdict.doubt(1 - of.lonely / 2);
}

}  // namespace outrider::tracing
