#include "tracing/stitch/process_matching.hpp"

#include <algorithm>
#include <limits>

namespace outrider::tracing {
namespace {

constexpr std::size_t most_candidates = 300, least_candidates = 8;  ///< of one request
constexpr double candidates_in_all = 15;  ///< thousands that a thousand requests may have before each is given less
constexpr std::size_t most_late = 16;     ///< candidates that left after the request had ended
constexpr std::int64_t most_lateness_ns = 10'000'000'000;
constexpr lattice_builder::care careful, hasty{1e-3, 1e-4, 4000};
// Few rounds of belief: more would choose no better and be far too sure.
constexpr int cold_rounds = 10, most_propagations = 4, early_propagations = 4;
constexpr double warm_after = 200;  ///< requests learnt from
constexpr double least_share = 1e-4, most_share = 0.5, late_from = 0.02, orphans_from = 0.05;
constexpr std::int64_t farthest = 1LL << 61;
constexpr std::size_t most_steps_listed = 64;
constexpr std::size_t many_operations = 200;  ///< at once: the others share what is learnt
constexpr std::uint32_t any_operation = 0xffffffff;
constexpr call_habits::step unknown_step = 0xffffffff;
constexpr double most_calls_kept = 5000;

std::int64_t bounded(std::int64_t time_ns) { return std::clamp(time_ns, -farthest, farthest); }

}  // namespace

double stray_calls::share() const { return std::clamp((strays + 0.02) / (calls + 1), least_share, most_share); }

process_matching::process_matching(process_habits& known, std::span<const entered_span> entered,
                                   std::span<const left_span> left)
    : known_(known), entered_(entered), left_(left), beliefs_(0, 0) {
    list_calls();
    list_requests();
    find_late_calls();
    limit_work();
}

void process_matching::list_calls() {
    std::map<std::uint32_t, std::uint32_t> kinds;
    for (const left_span& call : left_) {
        const auto kind = kinds.emplace(call.operation, static_cast<std::uint32_t>(kinds_.size())).first->second;
        if (kind == kinds_.size()) kinds_.push_back({.operation = call.operation});
        ++kinds_[kind].count;
        kind_of_.push_back(kind);
        starts_.push_back(bounded(call.start_ns));
    }
    if (starts_.empty()) return;
    const double length = std::max(1e6, static_cast<double>(starts_.back() - starts_.front()));
    for (kind_of_call& kind : kinds_) {
        const auto stray = known_.strays.find(kind.operation);
        kind.rate = kind.count / length;
        kind.stray_share = (stray == known_.strays.end() ? stray_calls{} : stray->second).share();
        kind.late = stray != known_.strays.end() && stray->second.late_share() > late_from;
    }
}

void process_matching::list_requests() {
    std::map<std::uint32_t, std::uint32_t> habits;
    for (const entered_span& each : entered_) {
        const auto operation =
            habits.size() < many_operations || habits.contains(each.operation) ? each.operation : any_operation;
        const auto index = habits.emplace(operation, static_cast<std::uint32_t>(habits_.size())).first->second;
        if (index == habits_.size()) {
            auto& of = known_.operations[operation];
            of.used = known_.matches;
            habits_.push_back(&of.habits);
            steps_.emplace_back(std::min(kinds_.size(), most_steps_listed), unknown_step);
        }
        const std::int64_t start = bounded(each.start_ns);
        requests_.push_back({start, std::max(start, bounded(each.end_ns)), index});
    }
}

// Calls while nothing was being worked on: what caused them had ended, or was never seen.
void process_matching::find_late_calls() {
    std::vector<double> orphans(kinds_.size());
    std::int64_t busy_until = std::numeric_limits<std::int64_t>::min();
    std::size_t r = 0;
    for (std::size_t l = 0; l < left_.size(); ++l) {
        for (; r < requests_.size() && requests_[r].start_ns <= starts_[l]; ++r)
            busy_until = std::max(busy_until, requests_[r].end_ns);
        if (busy_until < starts_[l]) ++orphans[kind_of_[l]];
    }
    for (std::size_t k = 0; k < kinds_.size(); ++k) {
        kinds_[k].late = kinds_[k].late || orphans[k] > 1 + orphans_from * kinds_[k].count;
        any_late_ = any_late_ || kinds_[k].late;
    }
}

// So many requests at once that each may have caused anything: then little is tried for each.
void process_matching::limit_work() {
    double pairs = 0;
    for (const request& each : requests_)
        pairs += static_cast<double>(std::upper_bound(starts_.begin(), starts_.end(), each.end_ns) -
                                     std::lower_bound(starts_.begin(), starts_.end(), each.start_ns));
    const double mean = std::max(1.0, pairs / static_cast<double>(requests_.size() + left_.size()));
    effort_ = std::min(1.0, 75 / mean);
    most_candidates_ = static_cast<std::size_t>(std::clamp(
        1000 * candidates_in_all / mean, static_cast<double>(least_candidates), static_cast<double>(most_candidates)));
}

call_habits::step process_matching::step_of(std::uint32_t habits, std::uint32_t kind) {
    call_habits::step unlisted = unknown_step;
    auto& step = kind < most_steps_listed ? steps_[habits][kind] : unlisted;
    if (step == unknown_step) {
        step = habits_[habits]->step_of(kinds_[kind].operation);
        if (habits_[habits]->requests() < 1)
            habits_[habits]->expect(step, kinds_[kind].count / static_cast<double>(requests_.size()));
    }
    return step;
}

void process_matching::add_candidate(std::uint32_t r, std::size_t l) {
    const left_span& call = left_[l];
    if (call.known_cause < requests_.size() && call.known_cause != r) return;
    const kind_of_call& kind = kinds_[kind_of_[l]];
    candidates_.push_back({static_cast<std::uint32_t>(l), step_of(requests_[r].habits, kind_of_[l]), starts_[l],
                           std::max(starts_[l], bounded(call.end_ns)), kind.rate * kind.stray_share, kind.rate,
                           call.known_cause == r, call.settled});
}

void process_matching::list_candidates(std::uint32_t r, std::size_t first) {
    candidates_.clear();
    const std::int64_t end = requests_[r].end_ns;
    std::size_t l = first;
    for (; l < left_.size() && starts_[l] <= end && candidates_.size() < most_candidates_; ++l) add_candidate(r, l);
    if (!any_late_) return;
    const std::size_t most = std::min(most_candidates_, candidates_.size() + most_late);
    for (; l < left_.size() && starts_[l] <= end + most_lateness_ns && candidates_.size() < most; ++l)
        if (kinds_[kind_of_[l]].late && starts_[l] > end) add_candidate(r, l);
}

void process_matching::round(bool early) {
    auto how = early ? hasty : careful;
    how.work = static_cast<std::size_t>(static_cast<double>(how.work) * effort_ * effort_);
    beliefs_ = cause_beliefs(requests_.size(), left_.size());
    std::size_t first = 0;
    for (std::uint32_t r = 0; r < requests_.size(); ++r) {
        const request& each = requests_[r];
        while (first < left_.size() && starts_[first] < each.start_ns) ++first;
        list_candidates(r, first);
        beliefs_.add_request(builder_.build(*habits_[each.habits], each.start_ns, each.end_ns, candidates_, how),
                             candidates_);
    }
    beliefs_.propagate(early || effort_ < 0.5 ? early_propagations : most_propagations);
}

void process_matching::teach(bool anew) {
    for (call_habits* habits : habits_) habits->restart();
    for (std::uint32_t r = 0; r < requests_.size(); ++r) beliefs_.lattice(r).teach(*habits_[requests_[r].habits]);
    for (call_habits* habits : habits_) habits->settle(anew);
    count_strays();
}

void process_matching::count_strays() {
    for (kind_of_call& kind : kinds_) kind.strays = kind.lates = kind.count = 0;
    for (std::uint32_t l = 0; l < left_.size(); ++l) {
        if (left_[l].settled) continue;
        kind_of_call& kind = kinds_[kind_of_[l]];
        double taken = 0;
        beliefs_.claims_to(l, [&](const auto& claim) {
            taken += claim.taken;
            if (requests_[claim.request].end_ns < starts_[l]) kind.lates += claim.taken;
        });
        kind.strays += std::max(0.0, 1 - taken);
        ++kind.count;
    }
    for (kind_of_call& kind : kinds_) {
        const auto before = known_.strays.find(kind.operation);
        auto all = before == known_.strays.end() ? stray_calls{} : before->second;
        all.calls += kind.count;
        all.strays += kind.strays;
        kind.stray_share = all.share();
    }
}

timing_guess process_matching::guess(std::uint32_t left) const {
    timing_guess best{.left = left};
    double all = 0;
    beliefs_.claims_to(left, [&](const auto& claim) { all += claim.taken; });
    beliefs_.claims_to(left, [&](const auto& claim) {
        const double confidence = claim.taken / std::max(1.0, all);
        if (confidence > best.confidence) {
            best.second = best.entered, best.second_confidence = best.confidence;
            best.entered = claim.request, best.confidence = confidence;
        } else if (confidence > best.second_confidence) {
            best.second = claim.request, best.second_confidence = confidence;
        }
    });
    return best;
}

std::vector<timing_guess> process_matching::run() {
    double learnt = warm_after;
    for (const call_habits* habits : habits_) learnt = std::min(learnt, habits->requests());
    const bool hard = effort_ < 0.5 || habits_.size() >= many_operations;
    const int rounds = learnt >= warm_after ? 1 : hard ? 2 : cold_rounds;
    for (int i = 0; i < rounds; ++i) {
        round(i + 2 < rounds);
        teach(rounds > 1);
    }
    for (call_habits* habits : habits_) habits->keep();
    for (const kind_of_call& kind : kinds_) {
        auto& stray = known_.strays[kind.operation];
        const double fade = stray.calls > most_calls_kept ? 0.5 : 1;
        stray = {(stray.calls + kind.count) * fade, (stray.strays + kind.strays) * fade,
                 (stray.late + kind.lates) * fade};
    }
    std::vector<timing_guess> guesses;
    guesses.reserve(left_.size());
    for (std::uint32_t l = 0; l < left_.size(); ++l) guesses.push_back(guess(l));
    return guesses;
}

}  // namespace outrider::tracing
