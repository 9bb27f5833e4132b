#include "tracing/stitch/echo_match.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace outrider::tracing {
namespace {

// What speaks for a span before its values are looked at.
constexpr double open = 1.0, handled = 0.3;
constexpr double nobody = 1.0;    // for the cause being none of these
constexpr double earlier = 0.05;  // for a message, beside a later one that says the same of the same thing
constexpr double long_ago = 0.2;  // for a message that was handled when the request that is open began
constexpr std::int64_t handling_ns = 1'000'000'000;  // after which a message is taken to be handled
constexpr double unseen = 10, accident = 0.5;  // as if that many had been seen before, and that many with this value
constexpr double most_odds = 1e9;
constexpr double worth_asking = 0.002;  // of the odds of the best, for a record beside a request and the other way
constexpr double as_much = 0.5;         ///< of what speaks for the best, so that the others are like it

}  // namespace

void echo_match::want(const span_details::view& said) {
    for (std::size_t i = 0; i < said.echoes(); ++i) wanted_.push_back(said.echo(i));
}

void echo_match::list_wanted() {
    constexpr std::size_t bits_of_value = 32;
    constexpr unsigned least = 10, most = 26;
    const auto log2 = std::clamp(static_cast<unsigned>(std::bit_width(wanted_.size() * bits_of_value)), least, most);
    unused_bits_ = 32 - log2;
    wanted_bits_.assign((std::size_t{1} << log2) / 64, 0);
    for (const auto value : wanted_) {
        const auto bit = value * 0x9e3779b1U >> unused_bits_;
        wanted_bits_[bit / 64] |= std::uint64_t{1} << bit % 64;
    }
    wanted_.clear();
}

/// What nobody asks about is left out: a window holds seconds, and a step asks about a fraction of one.
void echo_match::build(const std::vector<window_span>& entered, const span_store& store) {
    list_wanted();
    carried_.clear();
    carriers_ = 0;
    messages_.assign(entered.size(), false);
    for (std::uint32_t i = 0; i < entered.size(); ++i) {
        const auto& span = store[entered[i].number];
        messages_[i] = span.handed_over;
        if (!span.has_details) continue;
        const auto known = store.details(span);
        const auto echoes = known.echoes();
        for (std::size_t each = 0; each < echoes; ++each)
            if (const auto value = known.echo(each); is_wanted(value)) carried_.push_back({value, i});
        carriers_ += echoes > 0;
    }
    std::sort(carried_.begin(), carried_.end());
}

void echo_match::count_votes(const held_span& left, const span_details::view& said,
                             const std::vector<window_span>& entered) {
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
    std::sort(votes_.begin(), votes_.end(), [](const auto& a, const auto& b) { return a.entered < b.entered; });
}

/// Nobody says when a record has been handled.
double echo_match::before_its_values(std::uint32_t which, const held_span& left, const window_span& entered,
                                     const echo_priors& priors) const {
    if (entered.end_ns >= left.start_ns) return open;
    return messages_[which] ? handled : priors.ended;
}

void echo_match::ask(const held_span& left, const span_details::view& said, const std::vector<window_span>& entered,
                     const usual_causes& usual, const echo_priors& priors, echo_answer& out) {
    out.candidates.clear();
    out.alike = 0;
    count_votes(left, said, entered);
    if (votes_.empty()) return;
    claims_.clear();
    for (std::uint32_t i = 0; i < votes_.size();) {
        claim one{votes_[i].entered, i, i, 0};
        const auto& here = entered[one.entered];
        one.odds = before_its_values(one.entered, left, here, priors) * 2 *
                   usual.share(left.operation, static_cast<std::uint16_t>(here.operation));
        for (; i < votes_.size() && votes_[i].entered == one.entered; ++i)
            one.values = std::min(one.values * votes_[i].odds, most_odds);
        one.odds = std::min(one.odds * one.values, most_odds);
        one.last = i;
        claims_.push_back(one);
    }
    prefer_later_messages(entered);
    prefer_open_requests(left, entered, usual);
    double all = nobody, values = 0;
    for (const auto& each : claims_) values = std::max(values, each.values);
    all += priors.unseen_like * values;
    for (const auto& each : claims_) all += each.odds;
    for (const auto& each : claims_) out.candidates.push_back({each.entered, each.odds / all, each.remembers, false});
    tell_alike(all, entered, out);
    std::stable_sort(out.candidates.begin(), out.candidates.end(),
                     [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    if (out.candidates.size() > out.most_candidates) out.candidates.resize(out.most_candidates);
}

/// Requests of one chain to one service say the same, and so do its records in one topic.
void echo_match::tell_alike(double all, const std::vector<window_span>& entered, echo_answer& out) const {
    const auto best =
        std::max_element(claims_.begin(), claims_.end(), [](const auto& a, const auto& b) { return a.odds < b.odds; });
    if (best->remembers) return;
    const auto is_alike = [&](const claim& each) {
        const bool is = messages_[each.entered], was = messages_[best->entered];
        if (each.remembers || each.odds < best->odds * (is == was ? 0 : worth_asking)) return false;
        if (is && was && entered[each.entered].operation != entered[best->entered].operation) return false;
        return each.values >= best->values * as_much;
    };
    if (std::count_if(claims_.begin(), claims_.end(), is_alike) < 2) return;
    for (std::size_t i = 0; i < claims_.size(); ++i) {
        out.candidates[i].alike = is_alike(claims_[i]);
        if (out.candidates[i].alike) out.alike += claims_[i].odds / all;
    }
}

// A service remembers what it was told of an order: values that only an earlier message about it carried do not speak
// against the later one that made it act. Two of one kind are rather about two things that have something in common,
// unless the later one says all that the earlier one did.
bool echo_match::overtakes(const claim& later, const claim& earlier_one,
                           const std::vector<window_span>& entered) const {
    std::size_t common = 0;
    for (auto own = earlier_one.first; own != earlier_one.last; ++own)
        common += std::any_of(votes_.begin() + later.first, votes_.begin() + later.last,
                              [&](const auto& said) { return said.value == votes_[own].value; });
    const bool same_kind = entered[later.entered].operation == entered[earlier_one.entered].operation;
    return common > 0 && (!same_kind || common == earlier_one.last - earlier_one.first);
}

void echo_match::prefer_later_messages(const std::vector<window_span>& entered) {
    // Claims are in the order of time; the later one of each pair is final when it is compared with.
    for (auto own = claims_.size(); own-- > 0;) {
        if (!messages_[claims_[own].entered]) continue;
        for (auto later = own + 1; later < claims_.size(); ++later) {
            if (!messages_[claims_[later].entered] || !overtakes(claims_[later], claims_[own], entered)) continue;
            claims_[own].odds = std::min(claims_[own].odds, claims_[later].odds * earlier);
        }
    }
}

// The same between messages and requests: what a service was told of a user long ago, it remembers when somebody asks
// it to do something. Requests that are open and carried none of the values share what speaks for the message.
void echo_match::prefer_open_requests(const held_span& left, const std::vector<window_span>& entered,
                                      const usual_causes& usual) {
    double odds = 0;
    std::int64_t since = 0;
    for (auto& each : claims_) {
        const auto& here = entered[each.entered];
        if (!messages_[each.entered] && here.end_ns >= left.start_ns) return;  // it carried them itself
        if (!messages_[each.entered]) continue;
        if (here.start_ns + handling_ns > left.start_ns) continue;
        odds = std::max(odds, each.odds);
        since = std::max(since, here.start_ns);
    }
    if (odds == 0) return;
    const auto messages = claims_.size();
    for (std::uint32_t i = 0; i < entered.size() && entered[i].start_ns <= left.start_ns; ++i) {
        if (!messages_[i] && entered[i].start_ns > since + handling_ns && entered[i].end_ns >= left.start_ns)
            claims_.push_back({i, 0, 0, odds, 1, true});
    }
    const auto requests = static_cast<double>(claims_.size() - messages);
    if (requests == 0) return;
    for (std::size_t i = 0; i < claims_.size(); ++i) {
        auto& each = claims_[i];
        const auto& here = entered[each.entered];
        if (each.remembers)
            each.odds *= 2 * usual.share(left.operation, static_cast<std::uint16_t>(here.operation)) / requests;
        else if (messages_[each.entered] && here.start_ns + handling_ns <= left.start_ns)
            each.odds *= long_ago;
    }
}

}  // namespace outrider::tracing
