#include <algorithm>
#include <cmath>
#include <map>

#include "tracing/stitch/delay_density.hpp"
#include "tracing/stitch/gap_density.hpp"
#include "tracing/stitch/pair_beliefs.hpp"
#include "tracing/stitch/timing_model.hpp"

namespace outrider::tracing {
namespace {

constexpr std::int64_t latest = 1LL << 61;
constexpr std::int64_t most_offset_ns = 250'000'000;  ///< between two clocks, when nothing is known
constexpr std::int64_t slack_ns = 100'000;
constexpr std::int64_t offset_bin_ns = 500'000;
constexpr std::int64_t first_look_ns = 5'000'000;  ///< around an offset that was just found
constexpr std::size_t most_looked_at = 300;        ///< spans to find an offset
constexpr std::size_t most_pairs = 300'000;        ///< looked at in one round
constexpr std::size_t least_partners = 16, most_partners = 400;
constexpr int cold_rounds = 8, warm_rounds = 2, most_propagations = 30;
constexpr std::size_t most_kept = 600, warm_after = 150, most_routes = 512;
constexpr double stray_share = 0.003;
constexpr double known_weight = 1e9, known_votes = 50;

std::int64_t bounded(std::int64_t time_ns) { return std::clamp(time_ns, -latest, latest); }

struct interval {
    std::int64_t start, end;
    std::int64_t length() const { return end - start; }
};
interval bounded(std::int64_t start_ns, std::int64_t end_ns) {
    return {bounded(start_ns), std::max(bounded(start_ns), bounded(end_ns))};
}

/// Two processes, one of which calls the other.
struct route {
    std::int64_t offset_ns = 0;  ///< of the clock of the entered one, with half of what the ways there and back differ
    delay_density there, back;
    std::vector<seen_delay> kept_there, kept_back, shown_there, shown_back;
};

}  // namespace

struct hop_model::state {
    std::map<std::pair<std::uint32_t, std::uint32_t>, route> routes;  ///< by process left and entered
};

namespace {

using routes_by_process = std::map<std::pair<std::uint32_t, std::uint32_t>, route>;

/// One call of match().
class hop_matching {
  public:
    hop_matching(routes_by_process& routes, std::span<const left_span> left, std::span<const entered_span> entered)
        : routes_(routes), left_(left), entered_(entered) {}
    std::vector<timing_guess> run();

  private:
    template <typename Visitor>
    void each_partner(const interval& out, std::int64_t from, std::int64_t to, std::size_t most, Visitor&& visit) const;
    double likelihood(std::uint32_t l, const interval& out, std::uint32_t e, const interval& in) const;
    void prepare();
    void find_offsets();
    void round();
    void teach();
    void keep();

    routes_by_process& routes_;
    std::span<const left_span> left_;
    std::span<const entered_span> entered_;
    gap_density lengths_;
    double rate_ = 0;
    std::vector<char> taken_;  ///< entered ones whose call is known
    pair_beliefs beliefs_;
};

// What entered between two moments, as the clock of the process that was left has it, and no longer than the call.
template <typename Visitor>
void hop_matching::each_partner(const interval& out, std::int64_t from, std::int64_t to, std::size_t most,
                                Visitor&& visit) const {
    auto e = std::lower_bound(entered_.begin(), entered_.end(), from,
                              [](const entered_span& in, std::int64_t at) { return bounded(in.start_ns) < at; });
    for (std::size_t n = 0; e != entered_.end() && n < most; ++e, ++n) {
        const auto in = bounded(e->start_ns, e->end_ns);
        if (in.start > to) break;
        if (in.length() <= out.length() + slack_ns) visit(static_cast<std::uint32_t>(e - entered_.begin()), in);
    }
}

// The two ends of true pairs differ by the offset and a little; of false pairs by anything. So the fullest bin tells.
void hop_matching::find_offsets() {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::map<std::int64_t, double>> bins;
    const std::size_t step = 1 + left_.size() / most_looked_at;
    for (std::size_t l = 0; l < left_.size(); l += step) {
        const auto out = bounded(left_[l].start_ns, left_[l].end_ns);
        each_partner(out, out.start - most_offset_ns, out.end + most_offset_ns, most_pairs / most_looked_at,
                     [&](std::uint32_t e, const interval& in) {
                         const std::int64_t middle = (in.start - out.start + in.end - out.end) / 2;
                         const auto slack = static_cast<double>(std::abs(out.length() - in.length()));
                         const double votes = left_[l].known_cause == e ? known_votes : 1 / (1 + slack / 1e6);
                         auto& of_route = bins[{left_[l].operation, entered_[e].operation}];
                         const std::int64_t bin = middle / offset_bin_ns;
                         of_route[bin] += votes;
                         of_route[bin + 1] += votes / 2;
                         of_route[bin - 1] += votes / 2;
                     });
    }
    for (const auto& [key, of_route] : bins) {
        if (routes_.size() >= most_routes) routes_.clear();
        route& r = routes_[key];
        if (r.there.known()) continue;
        const auto best = std::max_element(of_route.begin(), of_route.end(),
                                           [](const auto& a, const auto& b) { return a.second < b.second; });
        r.offset_ns = best->first * offset_bin_ns;
    }
}

// How likely the two are one call, for each nanosecond of both its ends.
double hop_matching::likelihood(std::uint32_t l, const interval& out, std::uint32_t e, const interval& in) const {
    const auto found = routes_.find({left_[l].operation, entered_[e].operation});
    if (found == routes_.end()) return 0;
    const route& r = found->second;
    const std::int64_t there = in.start - out.start, back = out.end - in.end;
    if (r.there.known()) return r.there.at(there) * r.back.at(back);
    const std::int64_t off = std::abs((there - back) / 2 - r.offset_ns);
    return off > first_look_ns ? 0 : gap_density::unknown(off) * gap_density::unknown(there + back);
}

void hop_matching::round() {
    beliefs_ = pair_beliefs(left_.size(), entered_.size());
    const std::size_t most = std::clamp(most_pairs / left_.size(), least_partners, most_partners);
    std::int64_t before = -most_offset_ns, after = -most_offset_ns;
    for (const auto& [key, r] : routes_) {
        const bool known = r.there.known();
        before = std::max(before, known ? 40 * r.there.spread_ns() - r.there.middle_ns() : first_look_ns - r.offset_ns);
        after = std::max(after, known ? r.there.middle_ns() : first_look_ns + r.offset_ns);
    }
    for (std::uint32_t l = 0; l < left_.size(); ++l) {
        if (const auto known = left_[l].known_cause; known < entered_.size()) {
            beliefs_.add({l, known, known_weight});
            continue;
        }
        const auto out = bounded(left_[l].start_ns, left_[l].end_ns);
        each_partner(out, out.start - before, out.end + after, most, [&](std::uint32_t e, const interval& in) {
            if (taken_[e]) return;
            const double stray = rate_ * stray_share * lengths_.at(in.length());
            const double likely = likelihood(l, out, e, in);
            if (likely > stray * 1e-3) beliefs_.add({l, e, likely / stray});
        });
    }
    beliefs_.propagate(most_propagations);
}

void hop_matching::teach() {
    for (auto& [key, r] : routes_) {
        r.shown_there.clear();
        r.shown_back.clear();
    }
    for (const auto& pair : beliefs_.pairs()) {
        if (pair.likely < 0.01) continue;
        const auto out = bounded(left_[pair.left].start_ns, left_[pair.left].end_ns);
        const auto in = bounded(entered_[pair.entered].start_ns, entered_[pair.entered].end_ns);
        route& r = routes_[{left_[pair.left].operation, entered_[pair.entered].operation}];
        r.shown_there.push_back({in.start - out.start, static_cast<float>(pair.likely)});
        r.shown_back.push_back({out.end - in.end, static_cast<float>(pair.likely)});
    }
    for (auto& [key, r] : routes_) {
        if (r.shown_there.size() < 3) continue;
        auto there = r.kept_there, back = r.kept_back;
        there.insert(there.end(), r.shown_there.begin(), r.shown_there.end());
        back.insert(back.end(), r.shown_back.begin(), r.shown_back.end());
        r.there.learn(std::move(there));
        r.back.learn(std::move(back));
    }
}

void hop_matching::prepare() {
    for (const auto& e : entered_) lengths_.add(bounded(e.start_ns, e.end_ns).length(), 1);
    lengths_.settle();
    const auto span = bounded(entered_.front().start_ns, entered_.back().start_ns);
    rate_ = static_cast<double>(entered_.size()) / std::max(1e6, static_cast<double>(span.length()));
    taken_.assign(entered_.size(), 0);
    for (const auto& l : left_)
        if (l.known_cause < entered_.size()) taken_[l.known_cause] = 1;
}

// The latest are kept: clocks drift.
void hop_matching::keep() {
    for (auto& [key, r] : routes_) {
        for (auto* part : {&r.kept_there, &r.kept_back}) {
            const auto& shown = part == &r.kept_there ? r.shown_there : r.shown_back;
            part->insert(part->end(), shown.begin(), shown.end());
            if (part->size() > most_kept) part->erase(part->begin(), part->end() - most_kept);
        }
        r.shown_there.clear();
        r.shown_back.clear();
    }
}

std::vector<timing_guess> hop_matching::run() {
    if (!entered_.empty() && !left_.empty()) {
        prepare();
        find_offsets();
        const bool warm = std::all_of(routes_.begin(), routes_.end(),
                                      [](const auto& each) { return each.second.kept_there.size() >= warm_after; });
        for (int i = 0; i < (warm ? warm_rounds : cold_rounds); ++i) {
            round();
            teach();
        }
        beliefs_.sample();
        keep();
    }
    std::vector<timing_guess> guesses(left_.size());
    for (std::size_t l = 0; l < left_.size(); ++l) guesses[l].left = static_cast<std::uint32_t>(l);
    for (const auto& pair : beliefs_.pairs()) {
        timing_guess& g = guesses[pair.left];
        if (pair.likely > g.confidence) {
            g.second = g.entered, g.second_confidence = g.confidence;
            g.entered = pair.entered, g.confidence = pair.likely;
        } else if (pair.likely > g.second_confidence) {
            g.second = pair.entered, g.second_confidence = pair.likely;
        }
    }
    return guesses;
}

}  // namespace

hop_model::hop_model() : state_(std::make_unique<state>()) {}
hop_model::~hop_model() = default;
hop_model::hop_model(hop_model&&) noexcept = default;
hop_model& hop_model::operator=(hop_model&&) noexcept = default;

std::vector<timing_guess> hop_model::match(std::span<const left_span> left, std::span<const entered_span> entered) {
    return hop_matching(state_->routes, left, entered).run();
}

std::size_t hop_model::memory() const {
    std::size_t bytes = sizeof(state);
    for (const auto& [key, r] : state_->routes)
        bytes += sizeof r + 48 + r.there.memory() + r.back.memory() +
                 sizeof(seen_delay) * (r.kept_there.capacity() + r.kept_back.capacity() + r.shown_there.capacity() +
                                       r.shown_back.capacity());
    return bytes;
}

std::vector<timing_guess> match_hops(std::span<const left_span> left, std::span<const entered_span> entered) {
    return hop_model().match(left, entered);
}

}  // namespace outrider::tracing
