#include "sidecar/collector/sidecar_book.hpp"

#include <algorithm>
#include <tuple>
#include <vector>

#include "tracing/json_writer.hpp"

namespace outrider::collector {

namespace {

constexpr std::uint64_t entry_bytes = 300;       // beside its texts
constexpr std::int64_t slot_ns = 2'000'000'000;  // sidecars push once in each

}  // namespace

std::string_view name_of(card_state state) {
    static constexpr std::array<std::string_view, card_states> names{"fresh", "stale", "gone", "stopped"};
    return names[static_cast<std::size_t>(state)];
}

std::uint64_t sidecar_book::memory_of(const sidecar_card& card) {
    return entry_bytes + 2 * card.id.size() + card.service.size() + card.instance.size() + card.body.size();
}

card_state sidecar_book::state_of(const entry& one, std::int64_t now_ns) const {
    if (one.card.stopped) return card_state::stopped;
    const auto age = now_ns - one.pushed_ns;
    if (age < limits_.stale_after_ns) return card_state::fresh;
    return age < limits_.gone_after_ns ? card_state::stale : card_state::gone;
}

sidecar_book::entry_map::iterator sidecar_book::drop(entry_map::iterator which) {
    bytes_ -= memory_of(which->second.card);
    return entries_.erase(which);
}

void sidecar_book::forget_old(std::int64_t now_ns) {
    for (auto at = entries_.begin(); at != entries_.end();)
        at = now_ns - at->second.pushed_ns >= limits_.forgotten_after_ns ? drop(at) : std::next(at);
}

/// The one that was written the longest time ago makes room, if it is not fresh.
bool sidecar_book::make_room(std::uint64_t more, std::int64_t now_ns) {
    while (entries_.size() >= limits_.cards || bytes_ + more > limits_.bytes) {
        const auto oldest = std::min_element(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) {
            return a.second.pushed_ns < b.second.pushed_ns;
        });
        const auto is_there = [&](const auto& one) { return state_of(one.second, now_ns) == card_state::fresh; };
        auto victim = oldest;
        if (victim == entries_.end()) return false;
        if (is_there(*victim)) {  // one that has stopped may have been written later
            victim = std::find_if_not(entries_.begin(), entries_.end(), is_there);
            if (victim == entries_.end()) return false;
        }
        drop(victim);
    }
    return true;
}

sidecar_book::outcome sidecar_book::take(sidecar_card card, std::int64_t now_ns) {
    forget_old(now_ns);
    const auto more = memory_of(card);
    if (more > limits_.card_bytes) return outcome::too_large;
    auto at = entries_.find(card.id);
    const auto pushes = at == entries_.end() ? 0 : at->second.pushes;
    const auto before = at == entries_.end() ? 0 : memory_of(at->second.card);
    const bool fits = at != entries_.end() && bytes_ - before + more <= limits_.bytes;
    if (!fits && !make_room(more, now_ns)) {
        if (const auto slot = now_ns / slot_ns; slot != refused_slot_) {
            refused_before_ = slot == refused_slot_ + 1 ? refused_ : 0;
            refused_ = 0;
            refused_slot_ = slot;
        }
        ++refused_;
        return outcome::no_room;
    }
    at = entries_.find(card.id);  // it may itself have made room
    if (at != entries_.end()) drop(at);
    const auto id = card.id;
    entries_.emplace(id, entry{std::move(card), now_ns, pushes + 1});
    bytes_ += more;
    ++taken_;
    return outcome::taken;
}

std::string sidecar_book::json(std::int64_t now_ns, std::uint64_t now_unix_ns) {
    forget_old(now_ns);
    std::vector<const entry*> in_order;
    for (const auto& [id, one] : entries_) in_order.push_back(&one);
    std::sort(in_order.begin(), in_order.end(), [](const auto* a, const auto* b) {
        return std::tie(a->card.service, a->card.instance, a->card.id) <
               std::tie(b->card.service, b->card.instance, b->card.id);
    });
    std::string out = "{\"nowUnixNano\":\"" + std::to_string(now_unix_ns) + "\",\"sidecars\":[";
    out.reserve(bytes_ + out.size());
    for (const auto* one : in_order) {
        if (out.back() != '[') out += ',';
        out += "{\"id\":\"" + one->card.id + "\",\"state\":\"";
        out += name_of(state_of(*one, now_ns));
        out += "\",\"ageNano\":\"" + std::to_string(std::max<std::int64_t>(now_ns - one->pushed_ns, 0));
        out += "\",\"pushes\":" + std::to_string(one->pushes) + "," + one->card.body + "}";
    }
    const auto slot = now_ns / slot_ns;
    const auto refused = slot == refused_slot_       ? std::max(refused_, refused_before_)
                         : slot == refused_slot_ + 1 ? refused_
                                                     : 0;
    return out + "],\"leftOut\":" + std::to_string(refused) + "}";
}

std::uint64_t sidecar_book::version(std::int64_t now_ns) {
    forget_old(now_ns);
    std::uint64_t out = taken_;
    for (const auto count : by_state(now_ns)) out = out * 4'099 + count;
    return out;
}

std::array<std::uint64_t, card_states> sidecar_book::by_state(std::int64_t now_ns) const {
    std::array<std::uint64_t, card_states> out{};
    for (const auto& [id, one] : entries_) ++out[static_cast<std::size_t>(state_of(one, now_ns))];
    return out;
}

}  // namespace outrider::collector
