#include "tracing/stitch/echo_match.hpp"

#include <algorithm>
#include <cmath>

namespace outrider::tracing {
namespace {

constexpr double open = 1.0, ended = 0.05;     // what speaks for a span before its values are looked at
constexpr double nobody = 1.0;                 // for the cause being none of these
constexpr double unseen = 10, accident = 0.5;  // as if that many had been seen before, and that many with this value
constexpr double most_odds = 1e9;
constexpr std::size_t most_candidates = 4;

}  // namespace

void echo_match::build(const std::vector<window_span>& entered, const span_store& store) {
    carried_.clear();
    carriers_ = 0;
    for (std::uint32_t i = 0; i < entered.size(); ++i) {
        const auto& span = store[entered[i].number];
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
            if (entered[each->entered].start_ns <= left.start_ns) votes_.push_back({each->entered, 1 / chance});
        }
    }
    if (votes_.empty()) return;
    std::sort(votes_.begin(), votes_.end(), [](const auto& a, const auto& b) { return a.entered < b.entered; });
    double all = nobody;
    for (std::size_t i = 0; i < votes_.size();) {
        const auto which = votes_[i].entered;
        auto odds = entered[which].end_ns >= left.start_ns ? open : ended;
        for (; i < votes_.size() && votes_[i].entered == which; ++i) odds = std::min(odds * votes_[i].odds, most_odds);
        out.candidates.push_back({which, odds});
        all += odds;
    }
    for (auto& each : out.candidates) each.confidence /= all;
    std::stable_sort(out.candidates.begin(), out.candidates.end(),
                     [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    if (out.candidates.size() > most_candidates) out.candidates.resize(most_candidates);
}

}  // namespace outrider::tracing
