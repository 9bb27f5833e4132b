#include "tracing/stitch/timing_model.hpp"

#include <algorithm>
#include <map>

#include "tracing/stitch/call_habits.hpp"
#include "tracing/stitch/cause_beliefs.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t most_candidates = 300;  ///< of one request
constexpr std::size_t work_of_request = 40000;
constexpr int cold_rounds = 10, warm_rounds = 2, most_propagations = 25;
constexpr double warm_after = 200;  ///< requests learnt from
constexpr double least_share = 1e-4, most_share = 0.5;
constexpr double look_at_least = 3e-5;
constexpr std::int64_t latest = 1LL << 61;

std::int64_t bounded(std::int64_t time_ns) { return std::clamp(time_ns, -latest, latest); }

/// How often calls of one kind have no cause.
struct stray_share {
    double calls = 0, strays = 0;
    double share() const { return std::clamp((strays + 0.02) / (calls + 1), least_share, most_share); }
};

}  // namespace

struct timing_model::state {
    std::map<std::uint32_t, call_habits> habits;
    std::map<std::uint32_t, stray_share> strays;
};

namespace {

/// One call of match().
class matching {
  public:
    matching(std::map<std::uint32_t, call_habits>& habits, std::map<std::uint32_t, stray_share>& strays,
             std::span<const entered_span> entered, std::span<const left_span> left)
        : habits_(habits), strays_(strays), entered_(entered), left_(left), beliefs_(0, 0) {}

    std::vector<timing_guess> run();

  private:
    void expect();
    void round();
    void teach();
    timing_guess guess(std::uint32_t left) const;

    std::map<std::uint32_t, call_habits>& habits_;
    std::map<std::uint32_t, stray_share>& strays_;
    std::span<const entered_span> entered_;
    std::span<const left_span> left_;
    cause_beliefs beliefs_;
    std::map<std::uint32_t, double> rates_, rate_shares_;
};

void matching::expect() {
    std::map<std::uint32_t, double> calls;
    std::int64_t from = latest, to = -latest;
    for (const auto& l : left_) {
        ++calls[l.operation];
        from = std::min(from, bounded(l.start_ns));
        to = std::max(to, bounded(l.start_ns));
    }
    const double length = std::max(1e6, static_cast<double>(to - from));
    for (const auto& [operation, count] : calls) {
        rates_[operation] = count / length;
        for (auto& [entered, habits] : habits_)
            if (habits.requests() < 1)
                habits.expect(habits.step_of(operation), count / static_cast<double>(entered_.size()));
    }
}

void matching::round() {
    beliefs_ = cause_beliefs(entered_.size(), left_.size());
    std::vector<call_candidate> candidates;
    std::vector<char> forced;
    std::size_t first = 0;
    for (std::uint32_t r = 0; r < entered_.size(); ++r) {
        const std::int64_t start = bounded(entered_[r].start_ns), end = std::max(start, bounded(entered_[r].end_ns));
        call_habits& habits = habits_[entered_[r].operation];
        while (first < left_.size() && bounded(left_[first].start_ns) < start) ++first;
        candidates.clear();
        forced.clear();
        for (std::size_t l = first; l < left_.size() && candidates.size() < most_candidates; ++l) {
            const left_span& call = left_[l];
            if (bounded(call.start_ns) > end) break;
            if (call.known_cause != no_span && call.known_cause != r) continue;
            const double rate = rates_[call.operation];
            candidates.push_back({static_cast<std::uint32_t>(l), habits.step_of(call.operation), bounded(call.start_ns),
                                  std::max(bounded(call.start_ns), bounded(call.end_ns)),
                                  rate * strays_[call.operation].share(), rate * look_at_least});
            forced.push_back(call.known_cause == r);
        }
        beliefs_.add_request(candidates, forced);
        beliefs_.lattice(r).build(habits, start, end, candidates, work_of_request);
    }
    beliefs_.propagate(most_propagations);
}

void matching::teach() {
    for (auto& [operation, habits] : habits_) habits.restart();
    for (std::uint32_t r = 0; r < entered_.size(); ++r) beliefs_.lattice(r).teach(habits_[entered_[r].operation], 1);
    for (auto& [operation, habits] : habits_) habits.settle();
    for (auto& [operation, stray] : strays_) stray = {};
    for (std::uint32_t l = 0; l < left_.size(); ++l) {
        double taken = 0;
        beliefs_.claims_to(l, [&](const auto& claim) { taken += claim.taken; });
        auto& stray = strays_[left_[l].operation];
        ++stray.calls;
        stray.strays += std::max(0.0, 1 - taken);
    }
}

timing_guess matching::guess(std::uint32_t left) const {
    timing_guess best{left};
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

std::vector<timing_guess> matching::run() {
    double learnt = 1e9;
    for (const auto& e : entered_) learnt = std::min(learnt, habits_[e.operation].requests());
    expect();
    const int rounds = learnt < warm_after ? cold_rounds : warm_rounds;
    for (int i = 0; i < rounds; ++i) {
        round();
        teach();
    }
    for (auto& [operation, habits] : habits_) habits.keep();
    std::vector<timing_guess> guesses;
    for (std::uint32_t l = 0; l < left_.size(); ++l) guesses.push_back(guess(l));
    return guesses;
}

}  // namespace

timing_model::timing_model() : state_(std::make_unique<state>()) {}
timing_model::~timing_model() = default;
timing_model::timing_model(timing_model&&) noexcept = default;
timing_model& timing_model::operator=(timing_model&&) noexcept = default;

std::vector<timing_guess> timing_model::match(std::span<const entered_span> entered, std::span<const left_span> left) {
    return matching(state_->habits, state_->strays, entered, left).run();
}

std::size_t timing_model::memory() const {
    std::size_t bytes = sizeof(state);
    for (const auto& [operation, habits] : state_->habits) bytes += habits.memory() + 64;
    return bytes + state_->strays.size() * 64;
}

}  // namespace outrider::tracing
