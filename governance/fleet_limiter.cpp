#include "governance/fleet_limiter.hpp"

#include <algorithm>
#include <atomic>
#include <bit>
#include <deque>
#include <mutex>
#include <random>
#include <string>
#include <utility>

#include "governance/fleet_keys.hpp"

namespace outrider::governance {
namespace {

/// Of the rate: what a bucket holds at least, so that nothing is lost between two requests of a busy sidecar.
constexpr double slice = 0.05;
/// Keys that wait to be asked for; more than the store's client handles in a second.
constexpr std::size_t longest_queue = 16'384;

// How a ticket says where its amount came from.
constexpr std::uint64_t from_fleet = 1, from_share = 2;

hash_secret random_secret() {
    std::random_device device;
    const auto word = [&device] { return std::uint64_t{device()} << 32 | device(); };
    return {word(), word()};
}

/// Nothing for a rate of nothing.
double burst_of(const limit_rule& rule, double per_second) {
    if (!(per_second > 0)) return 0;
    const double usual = rule.burst.value_or(std::max(rule.rate.per_second, 1.0));
    const double grown = rule.rate.per_second > 0 ? usual * per_second / rule.rate.per_second : usual;
    return std::max(grown, per_second * slice);
}

}  // namespace

struct fleet_limiter::parts {
    parts(const limit_rule& of, time_point at, std::shared_ptr<const fleet_link> to, name_function by)
        : rule(of), created(at), link(std::move(to)), name(by), keys(of.keys), secret(random_secret()) {
        overflow.lock = &overflow_lock;
        overflow.per_second = rule.rate.per_second;
        overflow.name = name("overflow of the table");  // no header says that; who does shares the strangers' bucket
        overflow.lease.reset(created, terms(overflow, created), link->look());
    }

    key_hash hash(std::string_view key) const {
        return rule.key.from == key_source::kind::none ? key_hash{2, 2} : keyed_hash(key, secret);
    }
    fleet_terms terms(const fleet_entry& entry, time_point now) const {
        const double whole = entry.per_second.load(std::memory_order_relaxed);
        const nanoseconds wait = rule.over == over_limit::pace ? rule.longest_wait : nanoseconds(0);
        return {whole * warmth(now), burst_of(rule, whole), link->replicas(), wait};
    }
    /// Grows evenly from a third to the whole.
    double warmth(time_point now) const {
        if (now - created >= rule.warm_up) return 1;
        return 1.0 / 3 + 2.0 / 3 * std::chrono::duration<double>(now - created).count() /
                             std::chrono::duration<double>(rule.warm_up).count();
    }
    double rate_of(std::string_view key) const {
        if (rule.overrides.empty()) return rule.rate.per_second;
        const auto found = rule.overrides.find(std::string(key));
        return found == rule.overrides.end() ? rule.rate.per_second : found->second.per_second;
    }

    fleet_entry& entry_for(const key_hash& key, std::string_view text, time_point now);
    /// The entry for a key, and its lock held.
    struct locked_entry {
        std::unique_lock<std::mutex> lock;
        fleet_entry& entry;
    };
    locked_entry locked(const key_hash& key, std::string_view text, time_point now);
    rate_answer decide(std::string_view key, double amount, time_point now, rate_ticket* ticket);
    rate_answer answer(const fleet_entry& entry, const fleet_lease::decision& found, time_point now) const;
    rate_answer answer_of_lease(const fleet_entry& entry) const;
    void note(rate_ticket& ticket, const fleet_entry& entry, const key_hash& key, std::uint64_t from, double amount);
    fleet_entry* entry_of(const rate_ticket& ticket);
    void ask_if_due(fleet_entry& entry, time_point now, bool refusing);
    void enqueue(fleet_entry& entry);
    void line_up(fleet_entry& entry);
    std::vector<fleet_entry*> due(time_point now, std::size_t most);

    const limit_rule rule;
    const time_point created;
    const std::shared_ptr<const fleet_link> link;
    const name_function name;
    fleet_keys keys;
    const hash_secret secret;
    fleet_entry overflow;
    std::mutex overflow_lock;

    mutable std::mutex queue_lock;
    std::deque<fleet_entry*> to_ask;
    std::deque<std::pair<time_point, fleet_entry*>> lying;  ///< leases, about in the order in which they end

    std::atomic<std::uint64_t> overflowed{0}, local{0}, unasked{0};
};

fleet_limiter::fleet_limiter(const limit_rule& rule, time_point created, std::shared_ptr<const fleet_link> link,
                             name_function name)
    : parts_(std::make_unique<parts>(rule, created, std::move(link), name)) {}

fleet_limiter::~fleet_limiter() = default;

/// Under the key's lock, which is the overflow bucket's own when the table has no room.
fleet_entry& fleet_limiter::parts::entry_for(const key_hash& key, std::string_view text, time_point now) {
    if (auto* there = keys.find(key)) return *there;
    const auto idle = [&](const fleet_entry& entry) {
        return !entry.in_line && entry.lease.idle(now, terms(entry, now));
    };
    auto* entry = keys.claim(key, idle);
    if (!entry) return overflow;
    entry->per_second.store(rate_of(text), std::memory_order_relaxed);
    entry->name = name(text);
    entry->lease.reset(now, terms(*entry, now), link->look());
    keys.publish(*entry, key);
    return *entry;
}

rate_answer fleet_limiter::parts::answer_of_lease(const fleet_entry& entry) const {
    rate_answer out;
    out.admitted = true;
    out.limit = entry.per_second.load(std::memory_order_relaxed);
    out.burst = burst_of(rule, out.limit);
    out.remaining = std::min(entry.lease.remaining(), out.burst);
    return out;
}

rate_answer fleet_limiter::parts::answer(const fleet_entry& entry, const fleet_lease::decision& found,
                                         time_point now) const {
    auto out = answer_of_lease(entry);
    out.admitted = found.from != fleet_lease::source::none;
    out.overflow = &entry == &overflow;
    out.wait = found.wait;
    out.limit *= warmth(now);
    if (!out.admitted) out.remaining = std::min(out.remaining, 0.0);
    return out;
}

fleet_limiter::parts::locked_entry fleet_limiter::parts::locked(const key_hash& key, std::string_view text,
                                                                time_point now) {
    std::unique_lock lock(keys.lock_of(key));
    auto& entry = entry_for(key, text, now);
    if (&entry == &overflow) {
        lock.unlock();
        lock = std::unique_lock(overflow_lock);
        overflowed.fetch_add(1, std::memory_order_relaxed);
    }
    return {std::move(lock), entry};
}

/// Without a ticket nothing is taken.
rate_answer fleet_limiter::parts::decide(std::string_view text, double amount, time_point now, rate_ticket* ticket) {
    const auto key = hash(text);
    const auto held = locked(key, text, now);
    auto* const entry = &held.entry;
    const auto state = link->look();
    const auto holds = terms(*entry, now);
    auto& lease = entry->lease;
    const auto found = ticket ? lease.take(amount, now, holds, state) : lease.check(amount, now, holds, state);
    if (!state.up) local.fetch_add(1, std::memory_order_relaxed);
    if (ticket && found.from != fleet_lease::source::none)
        note(*ticket, *entry, key, found.from == fleet_lease::source::share ? from_share : from_fleet, amount);
    const bool refused = found.from == fleet_lease::source::none;
    if (ticket || refused) ask_if_due(*entry, now, refused);
    return answer(*entry, found, now);
}

void fleet_limiter::parts::note(rate_ticket& ticket, const fleet_entry& entry, const key_hash& key, std::uint64_t from,
                                double amount) {
    const bool of_table = &entry != &overflow;
    ticket.key[0] = of_table ? key.low : 0;
    ticket.key[1] = of_table ? key.high : 0;
    ticket.before = std::bit_cast<std::uint64_t>(amount);
    ticket.after = from;
    ticket.per_second = entry.per_second.load(std::memory_order_relaxed);
}

fleet_entry* fleet_limiter::parts::entry_of(const rate_ticket& ticket) {
    const key_hash key{ticket.key[0], ticket.key[1]};
    return key == key_hash{} ? &overflow : keys.find(key);
}

void fleet_limiter::parts::ask_if_due(fleet_entry& entry, time_point now, bool refusing) {
    if (entry.per_second.load(std::memory_order_relaxed) > 0 && entry.lease.begin_asking(now, link->look(), refusing))
        enqueue(entry);
}

void fleet_limiter::parts::enqueue(fleet_entry& entry) {
    {
        const std::lock_guard lock(queue_lock);
        if (to_ask.size() >= longest_queue) {
            unasked.fetch_add(1, std::memory_order_relaxed);
            return entry.lease.stop_asking();
        }
        to_ask.push_back(&entry);
    }
    link->wake();
}

/// A lease that lies is looked at when it ends; once in line it stays there until then.
void fleet_limiter::parts::line_up(fleet_entry& entry) {
    const auto until = entry.lease.lies_until();
    if (entry.in_line || !until) return;
    entry.in_line = true;
    const std::lock_guard lock(queue_lock);
    lying.emplace_back(*until, &entry);
}

rate_answer fleet_limiter::check(std::string_view key, double amount, time_point now) const {
    auto& p = *parts_;
    const auto* entry = p.keys.find(p.hash(key));
    if (entry && entry->lease.holds(amount, now)) return p.answer_of_lease(*entry);
    return p.decide(key, amount, now, nullptr);
}

rate_answer fleet_limiter::take(std::string_view key, double amount, time_point now, rate_ticket& ticket) {
    auto& p = *parts_;
    const auto hash = p.hash(key);
    auto* entry = p.keys.find(hash);
    if (!entry || !entry->lease.spend(amount, now)) return p.decide(key, amount, now, &ticket);
    if (!fleet_keys::holds(*entry, hash)) {  // given to another key in between
        entry->lease.add(amount);
        return p.decide(key, amount, now, &ticket);
    }
    p.note(ticket, *entry, hash, from_fleet, amount);
    if (entry->lease.runs_low(now)) {
        const std::lock_guard lock(*entry->lock);
        p.ask_if_due(*entry, now, false);
    }
    return p.answer_of_lease(*entry);
}

void fleet_limiter::restore(const rate_ticket& ticket) {
    auto* entry = ticket.after == 0 ? nullptr : parts_->entry_of(ticket);
    if (!entry) return;
    const auto amount = std::bit_cast<double>(ticket.before);
    const std::lock_guard lock(*entry->lock);
    if (ticket.after == from_share) return entry->lease.restore_share(amount, parts_->link->replicas());
    entry->lease.add(amount);
    parts_->line_up(*entry);
}

void fleet_limiter::charge(const rate_ticket& ticket, double amount, time_point now) {
    auto* entry = ticket.after == 0 ? nullptr : parts_->entry_of(ticket);
    if (!entry) return;
    const std::lock_guard lock(*entry->lock);
    entry->lease.charge(amount, now, parts_->terms(*entry, now), parts_->link->look());
    parts_->ask_if_due(*entry, now, false);
}

rate_answer fleet_limiter::charge(std::string_view key, double amount, time_point now) {
    auto& p = *parts_;
    const auto held = p.locked(p.hash(key), key, now);
    const auto holds = p.terms(held.entry, now);
    held.entry.lease.charge(amount, now, holds, p.link->look());
    p.ask_if_due(held.entry, now, false);
    return p.answer(held.entry, {fleet_lease::source::borrowed, held.entry.lease.debt(now, holds)}, now);
}

fleet_limiter::counts fleet_limiter::look() const {
    const auto& p = *parts_;
    counts out{p.keys.size(), p.overflowed.load(std::memory_order_relaxed), p.local.load(std::memory_order_relaxed),
               p.unasked.load(std::memory_order_relaxed), 0};
    if (p.rule.key.from != key_source::kind::none) return out;
    const auto* only = p.keys.find(p.hash({}));
    out.remaining = only ? std::min(only->lease.remaining(), burst_of(p.rule, p.rule.rate.per_second))
                         : burst_of(p.rule, p.rule.rate.per_second);
    return out;
}

/// Entries to be asked for: those in the queue, and those whose lease lies.
std::vector<fleet_entry*> fleet_limiter::parts::due(time_point now, std::size_t most) {
    std::vector<fleet_entry*> out;
    std::vector<fleet_entry*> over;
    {
        const std::lock_guard lock(queue_lock);
        for (; !to_ask.empty() && out.size() < most; to_ask.pop_front()) out.push_back(to_ask.front());
        for (; !lying.empty() && lying.front().first <= now && out.size() + over.size() < most; lying.pop_front())
            over.push_back(lying.front().second);
    }
    for (auto* entry : over) {
        const std::lock_guard lock(*entry->lock);
        entry->in_line = false;
        if (entry->lease.begin_giving_back(now, link->look()))
            out.push_back(entry);
        else
            line_up(*entry);
    }
    return out;
}

std::size_t fleet_limiter::collect(time_point now, std::size_t most, std::vector<request>& out) {
    auto& p = *parts_;
    const auto state = p.link->look();
    const auto entries = p.due(now, most);
    for (auto* entry : entries) {
        const std::lock_guard lock(*entry->lock);
        const auto holds = p.terms(*entry, now);
        out.push_back({entry->name, holds.per_second, holds.burst, entry->lease.request(now, holds, state), entry});
    }
    return entries.size();
}

time_point fleet_limiter::next_due() const {
    const std::lock_guard lock(parts_->queue_lock);
    if (!parts_->to_ask.empty()) return time_point::min();
    return parts_->lying.empty() ? never : parts_->lying.front().first;
}

void fleet_limiter::answered(const request& asked, const lease_grant& got, time_point now) {
    auto& entry = *static_cast<fleet_entry*>(asked.entry);
    const std::lock_guard lock(*entry.lock);
    entry.lease.answered(asked.what, got, now, parts_->terms(entry, now), parts_->link->look());
    parts_->line_up(entry);
    parts_->ask_if_due(entry, now, false);  // what was borrowed meanwhile
}

void fleet_limiter::failed(const request& asked, time_point now) {
    auto& entry = *static_cast<fleet_entry*>(asked.entry);
    const std::lock_guard lock(*entry.lock);
    entry.lease.failed(now);
}

}  // namespace outrider::governance
