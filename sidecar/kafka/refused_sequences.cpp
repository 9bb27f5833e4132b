#include "sidecar/kafka/refused_sequences.hpp"

#include <algorithm>

namespace outrider::kafka {
namespace {

/// A client that gives a batch up goes on in another epoch; one that does not must not be held up for ever.
constexpr std::chrono::seconds kept_for{30};
constexpr std::size_t most_kept = 1'000;

/// Sequences count up to 2^31 - 1 and begin with 0 again.
bool is_behind(std::int32_t sequence, std::int32_t refused) {
    const auto distance = (static_cast<std::uint32_t>(sequence) - static_cast<std::uint32_t>(refused)) & 0x7fffffffU;
    return distance != 0 && distance < 0x40000000U;
}

bool same_place(const refused_sequences::batch& a, const refused_sequences::batch& b) {
    return a.partition == b.partition && a.producer == b.producer;
}

}  // namespace

const refused_sequences::kept* refused_sequences::find(const batch& of) const {
    for (const auto& each : kept_)
        if (same_place(each.of, of) && each.topic == of.topic) return &each;
    return nullptr;
}

bool refused_sequences::overtakes(const batch& of, governance::time_point now) const {
    if (of.producer < 0 || kept_.empty()) return false;
    const auto* found = find(of);
    return found && now < found->until && found->of.epoch == of.epoch && is_behind(of.sequence, found->of.sequence);
}

void refused_sequences::refused(const batch& of, governance::time_point now) {
    if (of.producer < 0) return;
    if (const auto* found = find(of)) {
        const bool behind = found->of.epoch == of.epoch && now < found->until && of.sequence != found->of.sequence &&
                            is_behind(of.sequence, found->of.sequence);
        if (behind) return;
        kept_.erase(kept_.begin() + (found - kept_.data()));
    }
    if (kept_.size() >= most_kept) kept_.erase(kept_.begin());
    kept_.push_back({std::string{of.topic}, of, now + kept_for});
    kept_.back().of.topic = {};
}

void refused_sequences::passed(const batch& of) {
    if (of.producer < 0 || kept_.empty()) return;
    std::erase_if(kept_, [&](const kept& each) {
        if (!same_place(each.of, of) || each.topic != of.topic) return false;
        // What stands before it may come again too.
        return each.of.epoch != of.epoch || !is_behind(each.of.sequence, of.sequence);
    });
}

}  // namespace outrider::kafka
