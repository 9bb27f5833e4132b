#include "governance/rate_limiter.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include "governance/key_table.hpp"
#include "governance/keyed_hash.hpp"
#include "governance/own_rates.hpp"
#include "governance/rate_offer.hpp"

namespace outrider::governance {
namespace {

constexpr std::size_t line = 64;                                        ///< of the cache
constexpr milliseconds longest_setting = std::chrono::hours{24 * 100};  ///< so that sums of times stay in range

hash_secret random_secret() {
    std::random_device device;
    auto word = [&] { return std::uint64_t{device()} << 32 | device(); };
    return {word(), word()};
}

double default_burst(double per_second) { return std::max(per_second, 1.0); }

/// 1 / share, a whole number where the share is one of so many, so that costs stay whole.
double spread_of(double share) {
    if (!(share > 0)) return std::numeric_limits<double>::infinity();
    auto exact = 1 / share, whole = std::round(exact);
    return std::abs(exact - whole) <= whole * 1e-12 ? whole : exact;
}

own_rates own_rates_of(const limit_rule& rule, const hash_secret& secret) {
    auto burst = rule.burst.value_or(default_burst(rule.rate.per_second));
    own_rates out{rule.overrides.size()};
    for (const auto& [key, rate] : rule.overrides) {
        auto grown = rule.rate.per_second > 0 ? burst * (rate.per_second / rule.rate.per_second)
                                              : default_burst(rate.per_second);
        out.add(keyed_hash(key, secret), rate_scale{rate.per_second, grown});
    }
    return out;
}

}  // namespace

struct rate_limiter::parts {
    parts(const limit_rule& rule, time_point at, double share)
        : created(at),
          scale(rule.rate.per_second, rule.burst.value_or(default_burst(rule.rate.per_second))),
          secret(random_secret()),
          own(own_rates_of(rule, secret)),
          spread(spread_of(share)) {
        if (rule.over == over_limit::pace)
            pace = {std::clamp(rule.longest_wait, milliseconds{0}, longest_setting), rule.queue};
        if (rule.warm_up.count() > 0) warming.emplace(std::min(rule.warm_up, longest_setting));
        if (rule.key.from != key_source::kind::none) table.emplace(rule.keys);
    }

    rate_terms terms(const rate_scale& of) const {
        rate_terms out{&of, spread.load(std::memory_order_relaxed), pace, std::nullopt};
        if (warming) out.warming = warming->read();
        return out;
    }
    nanoseconds since(time_point now) const { return std::max(now - created, nanoseconds{0}); }

    key_hash hash(std::string_view key) const { return table ? keyed_hash(key, secret) : key_hash{}; }
    own_rates::own* own_of(const key_hash& key) const { return table ? own.find(key) : nullptr; }

    rate_answer take(const key_hash& key, own_rates::own* own_rate, const rate_offer& offer, rate_ticket& ticket);

    const time_point created;
    const rate_scale scale;
    const hash_secret secret;
    const own_rates own;
    pace_terms pace;
    std::optional<warm_up> warming;
    std::optional<key_table> table;
    std::atomic<double> spread;
    /// Of all, for a limit without a key; else of the new keys that find no place.
    alignas(line) std::atomic<ticks> shared{0};
    std::atomic<std::uint64_t> overflowed{0};
};

namespace {

/// Nothing can be asked of a rate of zero, nor said about when.
bool admits_nothing(const rate_terms& terms) { return terms.scale->admits_nothing() || std::isinf(terms.spread); }

rate_answer say(const rate_offer& offer, ticks tat) {
    auto after = offer.after(tat);
    return offer.fits(after) ? offer.admitted(after) : offer.refused(tat);
}

rate_answer take_from(std::atomic<ticks>& word, const rate_offer& offer, rate_ticket& ticket) {
    auto tat = word.load(std::memory_order_relaxed);
    for (;;) {
        auto after = offer.after(tat);
        if (!offer.fits(after)) return offer.refused(tat);
        if (!word.compare_exchange_weak(tat, after, std::memory_order_relaxed)) continue;
        ticket.before = tat;
        ticket.after = after;
        return offer.admitted(after);
    }
}

rate_answer take_from(key_table::place& place, const rate_offer& offer, rate_ticket& ticket) {
    auto after = offer.after(place.tat());
    if (!offer.fits(after)) return offer.refused(place.tat());
    ticket.before = place.tat();
    ticket.after = after;
    place.put(after);
    return offer.admitted(after);
}

ticks charge_to(std::atomic<ticks>& word, const rate_offer& offer) {
    auto tat = word.load(std::memory_order_relaxed);
    for (;;) {
        auto after = offer.after_charge(tat);
        if (word.compare_exchange_weak(tat, after, std::memory_order_relaxed)) return after;
    }
}

void restore_to(std::atomic<ticks>& word, const rate_ticket& ticket) {
    auto ours = ticket.after;
    word.compare_exchange_strong(ours, ticket.before, std::memory_order_relaxed);
}

key_hash key_of(const rate_ticket& ticket) { return {ticket.key[0], ticket.key[1]}; }

void note(rate_ticket& ticket, const key_hash& key) {
    ticket.key[0] = key.low;
    ticket.key[1] = key.high;
}

}  // namespace

rate_limiter::rate_limiter(const limit_rule& rule, time_point created, double share)
    : parts_(std::make_unique<parts>(rule, created, share)) {}

rate_limiter::~rate_limiter() = default;

rate_answer rate_limiter::check(std::string_view key, double amount, time_point now) const {
    auto& my = *parts_;
    auto hash = my.hash(key);
    auto* own = my.own_of(hash);
    auto terms = my.terms(own ? own->scale : my.scale);
    rate_offer offer{terms, amount, my.since(now)};
    auto ask = [&](ticks tat) {
        if (amount <= 0) return offer.free(tat);
        return admits_nothing(terms) ? rate_answer{} : say(offer, tat);
    };
    if (own) return ask(own->tat.load(std::memory_order_relaxed));
    if (my.table) {
        if (auto place = my.table->at(hash, offer.now()); place.exists()) return ask(place.tat());
    }
    auto out = ask(my.shared.load(std::memory_order_relaxed));
    out.overflow = my.table.has_value();
    return out;
}

rate_answer rate_limiter::take(std::string_view key, double amount, time_point now, rate_ticket& ticket) {
    auto& my = *parts_;
    auto hash = my.hash(key);
    auto* own = my.own_of(hash);
    auto terms = my.terms(own ? own->scale : my.scale);
    ticket = {};
    note(ticket, hash);
    ticket.per_second = terms.part_of(terms.scale->per_second());
    if (amount <= 0 || admits_nothing(terms)) return check(key, amount, now);
    rate_offer offer{terms, amount, my.since(now)};
    auto out = my.take(hash, own, offer, ticket);
    if (out.admitted && my.warming) my.warming->use(my.since(now));
    return out;
}

rate_answer rate_limiter::parts::take(const key_hash& key, own_rates::own* own_rate, const rate_offer& offer,
                                      rate_ticket& ticket) {
    if (own_rate) return take_from(own_rate->tat, offer, ticket);
    if (!table) return take_from(shared, offer, ticket);
    auto place = table->at(key, offer.now());
    if (place.exists()) return take_from(place, offer, ticket);
    overflowed.fetch_add(1, std::memory_order_relaxed);
    auto out = take_from(shared, offer, ticket);
    if (out.admitted) place.remember(ticket.after);
    ticket.overflow = out.overflow = true;
    return out;
}

void rate_limiter::restore(const rate_ticket& ticket) {
    if (ticket.after == 0) return;
    auto& my = *parts_;
    auto key = key_of(ticket);
    if (!my.table || ticket.overflow) return restore_to(my.shared, ticket);
    if (auto* own = my.own_of(key)) return restore_to(own->tat, ticket);
    auto place = my.table->at(key, 0);
    if (place.known() && place.tat() == ticket.after) place.put(ticket.before);
}

void rate_limiter::charge(const rate_ticket& ticket, double amount, time_point now) {
    auto& my = *parts_;
    auto key = key_of(ticket);
    auto* own = my.own_of(key);
    auto terms = my.terms(own ? own->scale : my.scale);
    if (amount <= 0 || admits_nothing(terms)) return;
    rate_offer offer{terms, amount, my.since(now)};
    if (my.warming) my.warming->use(my.since(now));
    if (own) return void(charge_to(own->tat, offer));
    if (!my.table) return void(charge_to(my.shared, offer));
    auto place = my.table->at(key, offer.now());
    if (place.exists()) return place.put(offer.after_charge(place.tat()));
    place.remember(charge_to(my.shared, offer));
}

rate_answer rate_limiter::charge(std::string_view key, double amount, time_point now) {
    rate_ticket ticket;
    note(ticket, parts_->hash(key));
    charge(ticket, amount, now);
    auto out = check(key, 0, now);
    if (out.remaining < 0 && out.limit > 0)
        out.wait = std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(-out.remaining / out.limit));
    return out;
}

void rate_limiter::set_share(double share) { parts_->spread.store(spread_of(share), std::memory_order_relaxed); }

rate_limiter::state rate_limiter::look(time_point now) const {
    auto& my = *parts_;
    state out;
    out.bytes = sizeof(parts) + (my.table ? my.table->bytes() : 0);
    out.keys = my.table ? my.table->size() : 0;
    out.overflowed = my.overflowed.load(std::memory_order_relaxed);
    if (!my.table) out.remaining = check({}, 0, now).remaining;
    return out;
}

}  // namespace outrider::governance
