#include "tracing/stitch/call_habits.hpp"

#include <algorithm>

namespace outrider::tracing {
namespace {

constexpr std::size_t most_steps = 50;
constexpr std::size_t most_gaps = 200;
constexpr std::size_t most_situations = 400;
constexpr std::size_t most_choices = 64;  ///< of one situation
constexpr double start_share = 0.3;       ///< how many calls start while another runs, when nothing is known

/// Whether it is the start of a call.
bool is_start(call_habits::event since) { return since >= 2 && since % 2 == 0; }
constexpr double prior_mass = 1;  ///< so many requests weigh as much as what is expected of a situation never met
constexpr double most_kept = 5000;

}  // namespace

call_habits::call_habits()
    : expected_(first_call),
      calls_kept_(first_call),
      calls_shown_(first_call),
      calls_settled_(first_call),
      repeats_kept_(first_call),
      repeats_shown_(first_call) {
    std::vector<std::uint8_t> counts(most_steps);
    intern(counts);
    counts[request_end] = 1;
    intern(std::move(counts));
}

call_habits::step call_habits::step_of(std::uint32_t operation) {
    if (const auto known = steps_.find(operation); known != steps_.end()) return known->second;
    if (expected_.size() >= most_steps) return static_cast<step>(most_steps - 1);
    const auto fresh_step = static_cast<step>(expected_.size());
    steps_.emplace(operation, fresh_step);
    expected_.push_back(0);
    calls_kept_.push_back(0);
    calls_shown_.push_back(0);
    calls_settled_.push_back(0);
    repeats_kept_.push_back({});
    repeats_shown_.push_back({});
    for (bag& each : bags_) settle(each);
    return fresh_step;
}

void call_habits::expect(step call, double calls) {
    expected_[call] = calls;
    for (bag& each : bags_) settle(each);
}

call_habits::situation call_habits::intern(std::vector<std::uint8_t> counts) {
    if (const auto known = situations_.find(counts); known != situations_.end()) return known->second;
    if (bags_.size() >= most_situations) return counts[request_end] ? finished : fresh;
    const auto id = static_cast<situation>(bags_.size());
    situations_.emplace(counts, id);
    bags_.emplace_back();
    bags_.back().counts = std::move(counts);
    settle(bags_.back());
    return id;
}

call_habits::situation call_habits::after(situation now, step next) {
    if (bags_[now].after[next] == no_situation) {
        auto counts = bags_[now].counts;
        counts[next] = std::min<std::uint8_t>(static_cast<std::uint8_t>(counts[next] + 1), most_counted);
        const situation then = intern(std::move(counts));
        bags_[now].after[next] = then;
    }
    return bags_[now].after[next];
}

// How many of such steps are taken after such an event, whatever the situation.
double call_habits::usually_after(event since, step next) const {
    const std::size_t at = since * most_steps + next;
    const double seen = at < gaps_.size() && gaps_[at] ? gaps_[at]->settled_mass() : 0;
    const double all = next >= first_call ? calls_settled_[next] : requests_settled_;
    return (seen + (is_start(since) ? start_share : 1 - start_share)) / (all + 1);
}

double call_habits::probability(situation now, event since, step next) const {
    const bag& at = bags_[now];
    double shown = prior_mass * at.expected[next] * usually_after(since, next);
    for (const choice& c : at.choices)
        if (c.since == since && c.next == next) {
            shown += c.kept + c.shown_before;
            break;
        }
    return shown / (at.seen + prior_mass);
}

gap_density& call_habits::gap(event since, step next) {
    const std::size_t at = since * most_steps + next;
    if (at >= gaps_.size()) gaps_.resize(at + 1);
    if (!gaps_[at]) {
        if (gap_count_ >= most_gaps) return other_gap_;
        gaps_[at] = std::make_unique<gap_density>();
        ++gap_count_;
    }
    return *gaps_[at];
}

void call_habits::saw(situation now, event since, step next, double weight) {
    if (next >= first_call) {
        calls_shown_[next] += weight;
        repeats_shown_[next][bags_[now].counts[next]] += weight;
    }
    if (next == request_end) requests_shown_ += weight;
    auto& choices = bags_[now].choices;
    const auto known = std::find_if(choices.begin(), choices.end(),
                                    [&](const choice& c) { return c.since == since && c.next == next; });
    if (known != choices.end()) {
        known->shown += static_cast<float>(weight);
    } else if (choices.size() < most_choices) {
        choices.push_back({since, next, 0, static_cast<float>(weight), 0});
    }
}

void call_habits::restart() {
    for (bag& each : bags_)
        for (choice& c : each.choices) c.shown = 0;
    std::fill(calls_shown_.begin(), calls_shown_.end(), 0.0);
    for (auto& each : repeats_shown_) each = {};
    requests_shown_ = open_shown_ = 0;
    for (auto& gap : gaps_)
        if (gap) gap->restart();
}

// How likely a request that has made so many calls of this kind makes one more.
double call_habits::once_more(step call, std::size_t made) const {
    const double before = made ? repeats(call, made - 1) : requests();
    const double more = repeats(call, made);
    const double guess =
        made ? std::min(0.5, expected_[call] / static_cast<double>(made + 2)) : std::min(1.0, expected_[call]);
    return (more + guess) / (before + 1) + 1e-5;
}

// What is expected of a situation never met: that the calls still missing come, in any order, then the end.
void call_habits::settle(bag& at) {
    at.after.resize(expected_.size(), no_situation);
    at.expected.assign(expected_.size(), 0);
    double missing = 0, sum = 0;
    for (step s = first_call; s < expected_.size(); ++s) {
        const double wanted = once_more(s, at.counts[s]);
        at.expected[s] = static_cast<float>(wanted);
        missing += wanted;
    }
    at.expected[at.counts[request_end] ? nothing : request_end] = static_cast<float>(std::max(0.1, 1 - missing));
    for (const float p : at.expected) sum += p;
    for (float& p : at.expected) p = static_cast<float>(p / sum);
    at.seen = 0;
    for (choice& c : at.choices) {
        c.shown_before = c.shown;
        at.seen += c.kept + c.shown;
    }
}

void call_habits::settle(bool anew) {
    if (requests() > 0)
        for (step s = first_call; s < expected_.size(); ++s)
            expected_[s] = (calls_kept_[s] + calls_shown_[s]) / requests();
    for (step s = first_call; s < expected_.size(); ++s) calls_settled_[s] = calls_kept_[s] + calls_shown_[s];
    requests_settled_ = requests();
    constexpr double outlives_mass = 10;
    outlives_ =
        std::min(1.0, (open_kept_ + open_shown_ + first_outlives * outlives_mass) / (requests() + outlives_mass));
    for (bag& each : bags_) settle(each);
    for (auto& gap : gaps_)
        if (gap && (anew || gap->has_grown())) gap->settle();
}

void call_habits::keep() {
    const float fade = requests() > most_kept ? 0.5F : 1.0F;
    for (bag& each : bags_)
        for (choice& c : each.choices) {
            c.kept = (c.kept + c.shown) * fade;
            c.shown = c.shown_before = 0;
        }
    for (step s = 0; s < calls_kept_.size(); ++s) {
        calls_kept_[s] = (calls_kept_[s] + calls_shown_[s]) * fade;
        calls_shown_[s] = 0;
        for (std::size_t n = 0; n <= most_counted; ++n) {
            repeats_kept_[s][n] = (repeats_kept_[s][n] + repeats_shown_[s][n]) * fade;
            repeats_shown_[s][n] = 0;
        }
    }
    requests_kept_ = (requests_kept_ + requests_shown_) * fade;
    open_kept_ = (open_kept_ + open_shown_) * fade;
    requests_shown_ = open_shown_ = 0;
    for (auto& gap : gaps_)
        if (gap) gap->keep();
}

std::size_t call_habits::memory() const {
    std::size_t bytes = sizeof *this + gaps_.capacity() * sizeof gaps_[0] + steps_.size() * 48;
    for (const bag& each : bags_)
        bytes += sizeof each + 2 * each.counts.capacity() + each.choices.capacity() * sizeof(choice) + 80;
    for (const auto& gap : gaps_)
        if (gap) bytes += gap->memory();
    return bytes;
}

}  // namespace outrider::tracing
