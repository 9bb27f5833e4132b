#include "tracing/stitch/process_matching.hpp"

#include <algorithm>
#include <cmath>
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
constexpr std::size_t most_in_lane = 150;               ///< candidates of a record, whose turn is early or late
constexpr std::int64_t least_handling_ns = 50'000'000;  ///< that is looked for after a record's turn has come
constexpr std::size_t most_steps_listed = 64;
constexpr std::size_t many_operations = 200;  ///< at once: the others share what is learnt
constexpr std::uint32_t any_operation = 0xffffffff;
constexpr call_habits::step unknown_step = 0xffffffff;
constexpr double most_calls_kept = 5000;
constexpr double least_certainty = 0.92, most_strays = 0.3;  ///< of a kind of call, beyond which nothing is certain
constexpr double doubted = 0.89;
constexpr double crowding_counts = 4;  ///< at first, as a power
constexpr double evidence_kept = 0.8, most_evidence = 50;
constexpr double against_by_disorder = 10;  ///< evidence, for each pair of known causes that is not in turn

std::int64_t bounded(std::int64_t time_ns) { return std::clamp(time_ns, -farthest, farthest); }

}  // namespace

double stray_calls::share() const { return std::clamp((strays + 0.02) / (calls + 1), least_share, most_share); }

process_matching::process_matching(process_habits& known, std::span<const entered_span> entered,
                                   std::span<const left_span> left)
    : known_(known), entered_(entered), left_(left), beliefs_(0, 0) {
    list_calls();
    list_requests();
    measure_crowding();
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
        kind.late = stray != known_.strays.end() && stray->second.late_share() > late_from;
    }
}

void process_matching::list_requests() {
    std::map<std::uint32_t, std::uint32_t> habits, lanes;
    for (const entered_span& each : entered_) {
        const auto operation =
            habits.size() < many_operations || habits.contains(each.operation) ? each.operation : any_operation;
        const auto index = habits.emplace(operation, static_cast<std::uint32_t>(operations_.size())).first->second;
        if (index == operations_.size()) {
            auto& of = known_.operations[operation];
            of.used = known_.matches;
            operations_.push_back(&of);
        }
        std::uint32_t lane = 0;
        if (each.lane != 0) {
            lane = lanes.emplace(each.lane, static_cast<std::uint32_t>(lanes.size() + 1)).first->second;
            if (!operations_[index]->in_turn) operations_[index]->in_turn = std::make_unique<call_habits>();
        }
        const std::int64_t start = bounded(each.start_ns);
        requests_.push_back({start, std::max(start, bounded(each.end_ns)), index, lane, each.learn, each.whole});
    }
    lane_free_.resize(lanes.size() + 1);
    assume(false);
}

// How many requests are open while one is, in the mean: what all were open until a moment is a sum over their starts
// less one over their ends.
void process_matching::measure_crowding() {
    std::vector<double> starts, ends;
    const double origin = requests_.empty() ? 0 : static_cast<double>(requests_[0].start_ns);
    for (const request& each : requests_) {
        starts.push_back(static_cast<double>(each.start_ns) - origin);
        ends.push_back(static_cast<double>(each.end_ns) - origin);
    }
    std::sort(ends.begin(), ends.end());
    const auto sums_of = [](const std::vector<double>& times) {
        std::vector<double> sums{0};
        for (const double time : times) sums.push_back(sums.back() + time);
        return sums;
    };
    const auto start_sums = sums_of(starts), end_sums = sums_of(ends);
    const auto since = [](const std::vector<double>& times, const std::vector<double>& sums, double now) {
        const auto passed = static_cast<std::size_t>(std::upper_bound(times.begin(), times.end(), now) - times.begin());
        return now * static_cast<double>(passed) - sums[passed];
    };
    const auto open_until = [&](double now) { return since(starts, start_sums, now) - since(ends, end_sums, now); };
    for (const request& each : requests_) {
        const double from = static_cast<double>(each.start_ns) - origin, to = static_cast<double>(each.end_ns) - origin;
        crowding_.push_back(std::max(1.0, (open_until(to) - open_until(from)) / std::max(1.0, to - from)));
    }
}

void process_matching::assume(bool in_turn) {
    in_turn_ = in_turn;
    for (kind_of_call& kind : kinds_) {
        const auto stray = known_.strays.find(kind.operation);
        kind.stray_share = (stray == known_.strays.end() ? stray_calls{} : stray->second).share();
    }
    habits_.clear();
    steps_.clear();
    for (auto* of : operations_) {
        habits_.push_back(in_turn && of->in_turn ? of->in_turn.get() : &of->habits);
        steps_.emplace_back(std::min(kinds_.size(), most_steps_listed), unknown_step);
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
    const auto* among = std::begin(call.among);
    if (call.among_count > 0 && std::find(among, among + call.among_count, r) == among + call.among_count) return;
    const kind_of_call& kind = kinds_[kind_of_[l]];
    candidates_.push_back({static_cast<std::uint32_t>(l), step_of(requests_[r].habits, kind_of_[l]), starts_[l],
                           std::max(starts_[l], bounded(call.end_ns)), kind.rate * kind.stray_share, kind.rate,
                           call.known_cause == r, (call.settled || call.pending) && !requests_[r].whole});
}

void process_matching::list_candidates(std::uint32_t r, std::size_t first, std::int64_t end) {
    candidates_.clear();
    const auto most_now = requests_[r].lane != 0 ? std::min(most_candidates_, most_in_lane) : most_candidates_;
    std::size_t l = first;
    for (; l < left_.size() && starts_[l] <= end && candidates_.size() < most_now; ++l) add_candidate(r, l);
    if (!any_late_) return;
    const std::size_t most = std::min(most_now, candidates_.size() + most_late);
    for (; l < left_.size() && starts_[l] <= end + most_lateness_ns && candidates_.size() < most; ++l)
        if (kinds_[kind_of_[l]].late && starts_[l] > end) add_candidate(r, l);
}

void process_matching::round(bool early) {
    auto how = early ? hasty : careful;
    how.work = static_cast<std::size_t>(static_cast<double>(how.work) * effort_ * effort_);
    beliefs_ = cause_beliefs(requests_.size(), left_.size());
    evidence_.assign(habits_.size(), 0);
    std::fill(lane_free_.begin(), lane_free_.end(), std::numeric_limits<std::int64_t>::min());
    for (std::uint32_t r = 0; r < requests_.size(); ++r) {
        const request& each = requests_[r];
        lattice_builder::extent when{each.start_ns, each.end_ns, each.lane == 0};
        if (in_turn_ && each.lane != 0) {
            when.start_ns = std::max(when.start_ns, lane_free_[each.lane]);
            when.end_ns = when.start_ns + std::max(each.end_ns - each.start_ns, least_handling_ns);
        }
        const auto first = std::lower_bound(starts_.begin(), starts_.end(), when.start_ns) - starts_.begin();
        list_candidates(r, static_cast<std::size_t>(first), when.end_ns);
        beliefs_.add_request(builder_.build(*habits_[each.habits], when, candidates_, how), candidates_);
        if (each.lane == 0) continue;
        evidence_[each.habits] += builder_.log_evidence();
        for (std::size_t c = 0; c < candidates_.size(); ++c)
            if (builder_.taken()[c] > 0.5) when.start_ns = std::max(when.start_ns, candidates_[c].end_ns);
        lane_free_[each.lane] = when.start_ns;
    }
    beliefs_.propagate(early || effort_ < 0.5 ? early_propagations : most_propagations);
}

// From guesses about crowded moments nothing is learnt that was not believed before: what the habits are is seen where
// few requests are open, and the others are understood by it.
void process_matching::teach(bool anew, double crowding_counts) {
    std::vector<double> weights(requests_.size(), 1.0), sums(habits_.size()), counts(habits_.size());
    if (crowding_counts > 0) {
        for (std::uint32_t r = 0; r < requests_.size(); ++r) {
            if (!requests_[r].learn) continue;
            weights[r] = std::pow(crowding_[r], -crowding_counts);
            sums[requests_[r].habits] += weights[r];
            ++counts[requests_[r].habits];
        }
        for (std::uint32_t r = 0; r < requests_.size(); ++r)
            if (requests_[r].learn) weights[r] *= counts[requests_[r].habits] / sums[requests_[r].habits];
    }
    for (call_habits* habits : habits_) habits->restart();
    for (std::uint32_t r = 0; r < requests_.size(); ++r)
        if (requests_[r].learn) beliefs_.lattice(r).teach(*habits_[requests_[r].habits], weights[r]);
    for (call_habits* habits : habits_) habits->settle(anew);
    count_strays();
}

void process_matching::count_strays() {
    for (kind_of_call& kind : kinds_) kind.strays = kind.lates = kind.count = 0;
    for (std::uint32_t l = 0; l < left_.size(); ++l) {
        if (left_[l].settled || left_[l].pending) continue;
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

/// Rounds of guessing and learning under what is assumed.
void process_matching::settle(std::vector<timing_guess>& guesses) {
    double learnt = warm_after;
    for (const call_habits* habits : habits_) learnt = std::min(learnt, habits->requests());
    const bool hard = effort_ < 0.5 || habits_.size() >= many_operations;
    const int rounds = learnt >= warm_after ? 1 : hard ? 2 : cold_rounds;
    for (int i = 0; i < rounds; ++i) {
        round(i + 2 < rounds);
        teach(rounds > 1, rounds > 2 ? std::max(0.0, crowding_counts * (1 - i / (rounds - 2.0))) : 0);
    }
    guesses.reserve(left_.size());
    for (std::uint32_t l = 0; l < left_.size(); ++l) guesses.push_back(guess(l));
}

void process_matching::learn_strays() {
    for (const kind_of_call& kind : kinds_) {
        auto& stray = known_.strays[kind.operation];
        const double fade = stray.calls > most_calls_kept ? 0.5 : 1;
        stray.calls = (stray.calls + kind.count) * fade;
        stray.strays = (stray.strays + kind.strays) * fade;
        stray.late = (stray.late + kind.lates) * fade;
    }
}

// Where much is doubtful, beliefs that lean on each other go in circles, and what seems certain is wrong more often
// than it says. There nothing is told with certainty.
void process_matching::calibrate(std::vector<timing_guess>& guesses) {
    constexpr double fade = 0.995;
    for (std::uint32_t l = 0; l < left_.size(); ++l) {
        if (left_[l].settled || left_[l].pending || left_[l].known_cause < requests_.size()) continue;
        const timing_guess& guess = guesses[l];
        double taken = 0;
        beliefs_.claims_to(l, [&](const auto& claim) { taken += claim.taken; });
        auto& kind = known_.strays[left_[l].operation];
        kind.told = kind.told * fade + 1;
        kind.certain = kind.certain * fade + std::max(guess.confidence, 1 - taken);
    }
    for (std::uint32_t l = 0; l < left_.size(); ++l) {
        if (left_[l].known_cause < requests_.size()) continue;
        const auto& kind = known_.strays[left_[l].operation];
        if (kind.certainty() < least_certainty || kind.share() > most_strays)
            guesses[l].confidence = std::min(guesses[l].confidence, doubted);
    }
}

// What is known speaks first: where the call of a later record began before that of an earlier one, the lane is not
// worked off in turn, whatever the times would allow.
std::vector<double> process_matching::disorder() const {
    std::vector<double> out(operations_.size(), 0.0);
    std::vector<std::uint32_t> known, last(lane_free_.size(), no_span);
    for (std::uint32_t l = 0; l < left_.size(); ++l)
        if (left_[l].known_cause < requests_.size() && requests_[left_[l].known_cause].lane != 0) known.push_back(l);
    std::stable_sort(known.begin(), known.end(), [this](auto a, auto b) { return starts_[a] < starts_[b]; });
    for (const auto l : known) {
        const auto cause = left_[l].known_cause;
        auto& before = last[requests_[cause].lane];
        if (before != no_span && cause < before) out[requests_[cause].habits] += 1;
        before = cause;
    }
    return out;
}

// As far as it is not decided which of the two is so, what only one of them says is no more certain than that.
std::vector<timing_guess> process_matching::weighed(std::vector<timing_guess> free,
                                                    std::vector<timing_guess> in_turn) const {
    for (std::uint32_t l = 0; l < left_.size(); ++l) {
        const timing_guess &a = free[l], &b = in_turn[l];
        const auto about = b.entered != no_span ? b.entered : a.entered;
        if (about == no_span) continue;
        const double odds = operations_[requests_[about].habits]->evidence;
        const double turn = requests_[about].lane == 0 ? 0.5 : 1 / (1 + std::exp(-odds));
        const auto says = [](const timing_guess& guess, std::uint32_t entered) {
            return guess.entered == entered  ? guess.confidence
                   : guess.second == entered ? guess.second_confidence
                                             : 0.0;
        };
        timing_guess both{.left = l};
        for (const auto entered : {a.entered, b.entered, a.second, b.second}) {
            if (entered == no_span || entered == both.entered || entered == both.second) continue;
            const double confidence = (1 - turn) * says(a, entered) + turn * says(b, entered);
            if (confidence > both.confidence) {
                both.second = both.entered, both.second_confidence = both.confidence;
                both.entered = entered, both.confidence = confidence;
            } else if (confidence > both.second_confidence) {
                both.second = entered, both.second_confidence = confidence;
            }
        }
        free[l] = both;
    }
    return free;
}

std::vector<timing_guess> process_matching::run() {
    std::vector<timing_guess> free, in_turn;
    settle(free);
    for (call_habits* habits : habits_) habits->keep();
    if (lane_free_.size() == 1) {
        learn_strays();
        calibrate(free);
        return free;
    }
    const auto evidence = evidence_;
    auto kinds = kinds_;
    assume(true);
    settle(in_turn);
    const auto against = disorder();
    double all = 0;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
        auto& of = *operations_[i];
        if (!of.in_turn) continue;
        of.in_turn->keep();
        const double more = evidence_[i] - evidence[i] - against_by_disorder * against[i];
        of.evidence = std::clamp(evidence_kept * of.evidence + more, -most_evidence, most_evidence);
        all += of.evidence;
    }
    if (all <= 0) kinds_.swap(kinds);
    learn_strays();
    auto guesses = weighed(std::move(free), std::move(in_turn));
    calibrate(guesses);
    return guesses;
}

}  // namespace outrider::tracing
