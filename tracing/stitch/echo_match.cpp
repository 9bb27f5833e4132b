#include "tracing/stitch/echo_match.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {
namespace {

constexpr double open = 1.0, ended = 0.05;     // what speaks for a span before its values are looked at
constexpr double nobody = 1.0;                 // for the cause being none of these
constexpr double earlier = 0.05;               // for a message, beside a later one that says the same of the same thing
constexpr double unseen = 10, accident = 0.5;  // as if that many had been seen before, and that many with this value
constexpr double most_odds = 1e9;
constexpr std::size_t most_candidates = 4;

}  // namespace

void echo_match::build(const std::vector<window_span>& entered, const span_store& store) {
    carried_.clear();
    carriers_ = 0;
    messages_.assign(entered.size(), false);
    for (std::uint32_t i = 0; i < entered.size(); ++i) {
        const auto& span = store[entered[i].number];
        messages_[i] = span.handed_over;
        if (!span.has_details) continue;
        const auto known = store.details(span);
        for (std::size_t each = 0; each < known.echoes(); ++each) carried_.push_back({known.echo(each), i});
        carriers_ += known.echoes() > 0;
    }
    std::sort(carried_.begin(), carried_.end());
}

void echo_match::ask(const held_span& left, const span_details::view& said, const std::vector<window_span>& entered,
                     echo_answer& out) {
    out.candidates.clear();
    votes_.clear();
    for (std::size_t i = 0; i < said.echoes(); ++i) {
        const auto value = said.echo(i);
        const auto first = std::lower_bound(carried_.begin(), carried_.end(), carried{value, 0});
        auto last = first;
        while (last != carried_.end() && last->value == value && last - first <= std::ptrdiff_t{most_carriers}) ++last;
        const auto carriers = static_cast<std::size_t>(last - first);
        if (carriers == 0 || carriers > most_carriers) continue;
        const auto chance = (static_cast<double>(carriers - 1) + accident) / (static_cast<double>(carriers_) + unseen);
        for (auto each = first; each != last; ++each) {
            if (entered[each->entered].start_ns <= left.start_ns) votes_.push_back({each->entered, 1 / chance, value});
        }
    }
    if (votes_.empty()) return;
    std::sort(votes_.begin(), votes_.end(), [](const auto& a, const auto& b) { return a.entered < b.entered; });
    double all = nobody;
    for (std::size_t i = 0; i < votes_.size();) {
        const auto which = votes_[i].entered;
        auto odds = messages_[which] || entered[which].end_ns >= left.start_ns ? open : ended;
        for (; i < votes_.size() && votes_[i].entered == which; ++i) odds = std::min(odds * votes_[i].odds, most_odds);
        out.candidates.push_back({which, odds});
    }
    prefer_later_messages(out);
    for (const auto& each : out.candidates) all += each.confidence;
    for (auto& each : out.candidates) each.confidence /= all;
    std::stable_sort(out.candidates.begin(), out.candidates.end(),
                     [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    if (out.candidates.size() > most_candidates) out.candidates.resize(most_candidates);
}

// A service remembers what it was told of an order: values that only an earlier message about it carried do not speak
// against the later one that made it act.
void echo_match::prefer_later_messages(echo_answer& out) const {
    const auto odds_of = [&](std::uint32_t which) -> double* {
        for (auto& each : out.candidates)
            if (each.entered == which) return &each.confidence;
        return nullptr;
    };
    // Votes and candidates are in the order of time; the later one of each pair is final when it is compared with.
    for (auto own = votes_.rbegin(); own != votes_.rend(); ++own) {
        if (!messages_[own->entered]) continue;
        for (const auto& said : votes_) {
            if (said.value != own->value || said.entered <= own->entered || !messages_[said.entered]) continue;
            auto& odds = *odds_of(own->entered);
            odds = std::min(odds, *odds_of(said.entered) * earlier);
        }
    }
}

}  // namespace outrider::tracing
