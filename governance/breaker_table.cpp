#include "governance/breaker_table.hpp"

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

namespace outrider::governance {
namespace {

struct entry {
    entry(std::string_view of, std::size_t hash_of, const breaker_rule& rule, time_point now)
        : name(of), hash(hash_of), which(rule, now) {}
    const std::string name;
    const std::size_t hash;
    breaker which;
};

/// At most half full, so that a probe is short.
constexpr std::size_t slots = 2'048;
static_assert(slots >= 2 * breaker_table::most && (slots & (slots - 1)) == 0);

}  // namespace

/// Open addressing, and nothing is ever removed: a place once filled stays, so a search without the lock either finds
/// the name or ends at a place that was empty when it looked.
struct breaker_table::parts {
    parts(const breaker_rule& by, time_point now) : rule(by), other("other", 0, by, now) {}

    entry* find(std::string_view name, std::size_t hash) const {
        for (std::size_t at = hash % slots;; at = (at + 1) % slots) {
            entry* const found = places[at].load(std::memory_order_acquire);
            if (!found || (found->hash == hash && found->name == name)) return found;
        }
    }
    breaker& insert(std::string_view name, std::size_t hash, time_point now);

    const breaker_rule rule;
    std::array<std::atomic<entry*>, slots> places{};
    entry other;
    std::atomic<bool> full{false};  ///< and `other` in use
    mutable std::mutex lock;
    std::deque<entry> entries;  ///< in the order they came; they never move
};

breaker& breaker_table::parts::insert(std::string_view name, std::size_t hash, time_point now) {
    const std::lock_guard held(lock);
    if (auto* found = find(name, hash)) return found->which;  // by another thread, meanwhile
    if (entries.size() == most) {
        full.store(true, std::memory_order_relaxed);
        return other.which;
    }
    auto& made = entries.emplace_back(name, hash, rule, now);
    std::size_t at = hash % slots;
    while (places[at].load(std::memory_order_relaxed)) at = (at + 1) % slots;
    places[at].store(&made, std::memory_order_release);
    return made.which;
}

breaker_table::breaker_table(const breaker_rule& rule, time_point created)
    : parts_(std::make_unique<parts>(rule, created)) {}

breaker_table::~breaker_table() = default;

breaker& breaker_table::of(std::string_view name, time_point now) {
    const std::size_t hash = std::hash<std::string_view>{}(name);
    if (auto* found = parts_->find(name, hash)) return found->which;
    // Nothing is removed, so full is full for good: names beyond take no lock either.
    if (parts_->full.load(std::memory_order_relaxed)) return parts_->other.which;
    return parts_->insert(name, hash, now);
}

void breaker_table::each(const std::function<void(const std::string& name, breaker& which)>& look) const {
    std::vector<entry*> all;  // so that `look` may take its time, and ask for breakers
    {
        const std::lock_guard held(parts_->lock);
        all.reserve(parts_->entries.size() + 1);
        for (auto& each : parts_->entries) all.push_back(&each);
        if (parts_->full.load(std::memory_order_relaxed)) all.push_back(&parts_->other);
    }
    for (auto* each : all) look(each->name, each->which);
}

bool breaker_table::force(std::string_view name, breaker_force how, time_point now) {
    auto* found = parts_->find(name, std::hash<std::string_view>{}(name));
    if (!found && name == parts_->other.name && parts_->full.load(std::memory_order_relaxed)) found = &parts_->other;
    if (!found) return false;
    found->which.force(how, now);
    return true;
}

}  // namespace outrider::governance
