#include "governance/concurrency.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <mutex>
#include <optional>

#include "governance/gradient.hpp"

namespace outrider::governance {
namespace {

/// Everything that decides whether an exchange may go, in one word: who finds a slot takes it in the same step, and who
/// queues does so only if there still was none. Somebody waiting sends everybody through the lock.
struct slots {
    std::uint32_t limit, under_way, waiting;

    static constexpr unsigned bits = 21;
    static constexpr std::uint32_t most = (1u << bits) - 1;

    static slots of(std::uint64_t word) {
        return {static_cast<std::uint32_t>(word >> (2 * bits)) & most, static_cast<std::uint32_t>(word >> bits) & most,
                static_cast<std::uint32_t>(word) & most};
    }
    std::uint64_t word() const {
        return std::uint64_t{limit} << (2 * bits) | std::uint64_t{under_way} << bits | waiting;
    }
};

constexpr std::uint32_t smallest_with_reserve = 10;
constexpr std::array<std::uint32_t, priorities> share_of{80, 95, 100, 100};  ///< percent of the slots
constexpr auto reserve_lasts = std::chrono::seconds{10};

constexpr std::size_t index(priority of) { return static_cast<std::size_t>(of); }

/// Waiters of one priority, first come first; linked through themselves, so that waiting allocates nothing.
class waiters {
  public:
    slot_waiter* first() const { return first_; }
    slot_waiter* last() const { return last_; }
    void push(slot_waiter& waiter) {
        waiter.next = nullptr;
        waiter.previous = last_;
        (last_ ? last_->next : first_) = &waiter;
        last_ = &waiter;
        waiter.queued = true;
    }
    void remove(slot_waiter& waiter) {
        (waiter.previous ? waiter.previous->next : first_) = waiter.next;
        (waiter.next ? waiter.next->previous : last_) = waiter.previous;
        waiter.next = waiter.previous = nullptr;
        waiter.queued = false;
    }

  private:
    slot_waiter* first_ = nullptr;
    slot_waiter* last_ = nullptr;
};

}  // namespace

struct concurrency_limiter::parts {
    parts(const concurrency_rule& rule, time_point created) : queue_size{std::min(rule.queue, slots::most)} {
        auto max = std::clamp(rule.max, 1u, slots::most);
        if (rule.adaptive) adaptive.emplace(std::min(rule.min, max), max, rule.initial, created);
        state = slots{adaptive ? adaptive->limit() : max, 0, 0}.word();
        for (auto& at : asked) at = (created - 2 * reserve_lasts).time_since_epoch().count();
    }

    bool has_slot(priority of, const slots& seen, time_point now) const;
    bool others_asked(priority below, time_point now) const;
    void note(priority of, time_point now);

    // With the lock held. While somebody waits nobody else changes the word; while nobody does, anybody may.
    verdict enter_in_turn(priority of, slot_waiter* waiter, time_point now);
    bool queue_up(priority of, slot_waiter& waiter, std::uint64_t& word);
    slot_waiter* to_shed_for(priority of) const;
    slot_waiter* head() const;
    void serve(time_point now);

    bool change(std::uint64_t& word, const slots& to) {
        return state.compare_exchange_weak(word, to.word(), std::memory_order_acq_rel, std::memory_order_relaxed);
    }
    slots give_back(time_point now);
    void follow_limit(time_point now);
    verdict refuse() {
        shed.fetch_add(1, std::memory_order_relaxed);
        if (adaptive) adaptive->turned_away();
        return verdict::refuse;
    }

    alignas(64) std::atomic<std::uint64_t> state;
    /// When each priority last asked, to a second: the reserve is kept for those that do ask.
    std::array<std::atomic<time_point::rep>, priorities> asked;
    alignas(64) std::mutex lock;
    std::array<waiters, priorities> queued;
    std::uint32_t queue_size;
    std::atomic<std::uint64_t> shed{0};
    std::optional<adaptive_limit> adaptive;
};

void concurrency_limiter::parts::note(priority of, time_point now) {
    if (of == priority::low) return;  // nobody keeps slots for it
    constexpr auto second = std::chrono::duration_cast<steady_clock::duration>(std::chrono::seconds{1}).count();
    auto& at = asked[index(of)];
    auto ticks = now.time_since_epoch().count();
    if (ticks - at.load(std::memory_order_relaxed) >= second) at.store(ticks, std::memory_order_relaxed);
}

bool concurrency_limiter::parts::others_asked(priority below, time_point now) const {
    auto since = (now - reserve_lasts).time_since_epoch().count();
    for (auto i = index(below) + 1; i < priorities; ++i)
        if (asked[i].load(std::memory_order_relaxed) > since) return true;
    return false;
}

bool concurrency_limiter::parts::has_slot(priority of, const slots& seen, time_point now) const {
    if (seen.under_way >= seen.limit) return false;
    if (seen.limit < smallest_with_reserve) return true;
    auto open = (seen.limit * share_of[index(of)] + 99) / 100;
    return seen.under_way < open || !others_asked(of, now);
}

slot_waiter* concurrency_limiter::parts::head() const {
    for (auto i = priorities; i-- > 0;)
        if (queued[i].first()) return queued[i].first();
    return nullptr;
}

/// Gives free slots to those that wait. Where the head finds none, those behind it, open to no more slots, find none.
void concurrency_limiter::parts::serve(time_point now) {
    while (auto* first = head()) {
        auto word = state.load(std::memory_order_acquire);
        auto seen = slots::of(word);
        if (!has_slot(first->priority, seen, now)) return;
        if (!change(word, {seen.limit, seen.under_way + 1, seen.waiting - 1})) continue;
        queued[index(first->priority)].remove(*first);
        first->granted = true;
        first->on_granted(first);
    }
}

slot_waiter* concurrency_limiter::parts::to_shed_for(priority of) const {
    for (std::size_t i = 0; i < index(of); ++i)
        if (queued[i].last()) return queued[i].last();
    return nullptr;
}

/// @return false when the word has changed meanwhile: a slot may be free now
bool concurrency_limiter::parts::queue_up(priority of, slot_waiter& waiter, std::uint64_t& word) {
    auto seen = slots::of(word);
    if (seen.waiting < queue_size) {
        if (!change(word, {seen.limit, seen.under_way, seen.waiting + 1})) return false;
    } else {
        auto* last = to_shed_for(of);  // the newcomer has its place: as many wait as before
        queued[index(last->priority)].remove(*last);
        refuse();
        last->on_granted(last);
    }
    waiter.priority = of;
    waiter.granted = false;
    queued[index(of)].push(waiter);
    return true;
}

concurrency_limiter::verdict concurrency_limiter::parts::enter_in_turn(priority of, slot_waiter* waiter,
                                                                       time_point now) {
    serve(now);  // a reserve may have lapsed since the last slot came back
    auto word = state.load(std::memory_order_acquire);
    while (true) {
        auto seen = slots::of(word);
        auto* first = head();
        if ((!first || index(first->priority) < index(of)) && has_slot(of, seen, now)) {
            if (change(word, {seen.limit, seen.under_way + 1, seen.waiting})) return verdict::go;
            continue;
        }
        if (!waiter || (seen.waiting >= queue_size && !to_shed_for(of))) return refuse();
        if (queue_up(of, *waiter, word)) return verdict::wait;
    }
}

/// @return the word before
slots concurrency_limiter::parts::give_back(time_point now) {
    auto word = state.load(std::memory_order_relaxed);
    auto seen = slots::of(word);
    for (; seen.waiting == 0; seen = slots::of(word)) {
        assert(seen.under_way > 0);
        if (change(word, {seen.limit, seen.under_way - 1, 0})) return seen;
    }
    std::lock_guard hold{lock};
    do {
        seen = slots::of(word);
        assert(seen.under_way > 0);
    } while (!change(word, {seen.limit, seen.under_way - 1, seen.waiting}));
    serve(now);
    return seen;
}

void concurrency_limiter::parts::follow_limit(time_point now) {
    std::lock_guard hold{lock};
    auto limit = adaptive->limit();  // read here: of two that come at once, the later one sees the latest
    auto word = state.load(std::memory_order_relaxed);
    while (true) {
        auto seen = slots::of(word);
        if (change(word, {limit, seen.under_way, seen.waiting})) break;
    }
    serve(now);
}

concurrency_limiter::concurrency_limiter(const concurrency_rule& rule, time_point created)
    : parts_{std::make_unique<parts>(rule, created)} {}

concurrency_limiter::~concurrency_limiter() { assert(!parts_->head()); }

concurrency_limiter::verdict concurrency_limiter::enter(priority of, slot_waiter* waiter, time_point now) {
    auto& p = *parts_;
    p.note(of, now);
    auto word = p.state.load(std::memory_order_acquire);
    while (true) {
        auto seen = slots::of(word);
        bool free = p.has_slot(of, seen, now);
        if (!free && (!waiter || p.queue_size == 0)) return p.refuse();
        if (!free || seen.waiting > 0) break;
        if (p.change(word, {seen.limit, seen.under_way + 1, 0})) return verdict::go;
    }
    std::lock_guard hold{p.lock};
    return p.enter_in_turn(of, waiter, now);
}

bool concurrency_limiter::withdraw(slot_waiter& waiter) {
    auto& p = *parts_;
    std::lock_guard hold{p.lock};
    if (!waiter.queued) return waiter.granted;
    p.queued[index(waiter.priority)].remove(waiter);
    auto word = p.state.load(std::memory_order_relaxed);
    while (true) {
        auto seen = slots::of(word);
        if (p.change(word, {seen.limit, seen.under_way, seen.waiting - 1})) return false;
    }
}

void concurrency_limiter::leave(outcome how, nanoseconds took, time_point now) {
    auto& p = *parts_;
    auto seen = p.give_back(now);
    if (!p.adaptive) return;
    bool busy = 2 * seen.under_way >= seen.limit;
    if (p.adaptive->ended(how, took, busy, now)) p.follow_limit(now);
}

concurrency_limiter::view concurrency_limiter::look() const {
    auto seen = slots::of(parts_->state.load(std::memory_order_relaxed));
    return {seen.limit, seen.under_way, seen.waiting, parts_->shed.load(std::memory_order_relaxed)};
}

}  // namespace outrider::governance
