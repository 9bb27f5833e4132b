#include "governance/admission.hpp"

#include <algorithm>

#include "governance/breaker_table.hpp"

namespace outrider::governance {

std::string_view key_value(const key_source& key, const facts& of, const matched& by) {
    switch (key.from) {
        case key_source::kind::none:
            return {};
        case key_source::kind::address:
            return of.address;
        case key_source::kind::header:
            return of.header(key.name);
        case key_source::kind::path:
            for (std::size_t i = 0; i < by.parameters.size(); ++i)
                if (by.parameters[i].name == key.name) return by.parameters[i].value;
            return {};
        case key_source::kind::host:
            return of.host;
        case key_source::kind::upstream:
            return of.upstream;
        case key_source::kind::topic:
            return of.topic;
        case key_source::kind::group:
            return of.group;
        case key_source::kind::client:
            return of.client;
        case key_source::kind::principal:
            return of.principal;
    }
    return {};
}

namespace {

/// A limit of bytes admits whoever is not in debt: how many there will be is known afterwards.
double asked_for(const limit_rule& rule, const amounts& amount) {
    return rule.of == measure::bytes ? std::max(1.0, amount.bytes) : amount.of(rule.of);
}

void note_shadow(decision& into, const compiled_rule& rule) {
    if (into.shadowed++ == 0) into.shadow = &rule;
}

template <typename Visit>
void each_limit(const matched& by, Visit visit) {
    for (std::size_t p = 0; p < by.policies.size(); ++p)
        for (const auto& limit : by.policies[p]->limits)
            if (!visit(limit)) return;
}

}  // namespace

decision admission::admit(const matched& by, const facts& of, time_point now, const amounts& amount, permit& into,
                          const decision_counter& count, slot_waiter& waiter) {
    by_ = &by;
    of_ = &of;
    into_ = &into;
    count_ = count;
    waiter_ = &waiter;
    now_ = now;
    amount_ = amount;
    if (by.cost) amount_.requests *= *by.cost->source->cost;
    policy_ = rule_ = 0;
    waits_for_ = nullptr;
    so_far_ = {};
    if (!check_limits() || !take_limits()) return refuse();
    if (so_far_.wait.count() == 0) return take_slots();
    so_far_.verdict = verdict::wait;
    return so_far_;
}

/// Whether all limits would admit it: nobody's budget is spent on what another limit refuses. One alone is taken at
/// once.
bool admission::check_limits() {
    std::size_t limits = 0;
    for (std::size_t p = 0; p < by_->policies.size(); ++p) limits += by_->policies[p]->limits.size();
    if (limits < 2) return true;
    bool fits = true;
    each_limit(*by_, [&](const compiled_limit& limit) {
        if (limit.shadow) return true;
        auto key = key_value(limit.rule->key, *of_, *by_);
        auto said = limit.asked().check(key, asked_for(*limit.rule, amount_), now_);
        if (said.admitted) return true;
        observe(limit, said);
        return fits = false;
    });
    return fits;
}

bool admission::take_limits() {
    bool taken = true;
    each_limit(*by_, [&](const compiled_limit& limit) {
        return taken = take_limit(limit, key_value(limit.rule->key, *of_, *by_));
    });
    return taken;
}

/// @return false when it refuses
bool admission::take_limit(const compiled_limit& limit, std::string_view key) {
    permit::taken_amount taken{limit.asked(), limit.rule->of, {}};
    auto said = taken.limiter.take(key, asked_for(*limit.rule, amount_), now_, taken.ticket);
    if (said.admitted) into_->taken_.push_back(taken);
    bool delays = said.admitted && said.wait.count() > 0;
    if (limit.shadow) {
        if (!said.admitted || delays) note_shadow(so_far_, limit);
        count_(limit, !said.admitted ? rule_outcome::refused : delays ? rule_outcome::waited : rule_outcome::passed);
        return true;
    }
    if (!said.admitted) {
        observe(limit, said);
        return false;
    }
    count_(limit, delays ? rule_outcome::waited : rule_outcome::passed);
    if (said.wait > so_far_.wait) {
        observe(limit, said);
        so_far_.wait = said.wait;
    }
    return true;
}

void admission::observe(const compiled_limit& limit, const rate_answer& said) {
    so_far_.by = &limit;
    so_far_.degrade = limit.rule->over == over_limit::degrade;
    so_far_.retry_after = said.admitted ? nanoseconds{0} : said.wait;
    so_far_.observed = said.burst - said.remaining;
    so_far_.limit = said.limit;
    so_far_.remaining = said.remaining;
    so_far_.burst = said.burst;
}

/// Slots are taken one after the other; who waits for one holds those before it.
decision admission::take_slots() {
    for (; policy_ < by_->policies.size(); ++policy_, rule_ = 0) {
        const auto& rules = by_->policies[policy_]->concurrency;
        for (; rule_ < rules.size(); ++rule_) {
            const auto& rule = rules[rule_];
            auto of = by_->priority ? *by_->priority->source->priority : priority::normal;
            bool may_wait = !rule.shadow && rule.rule->queue > 0;
            waiter_->granted = false;
            auto said = rule.limiter->enter(of, may_wait ? waiter_ : nullptr, now_);
            if (said == concurrency_limiter::verdict::go) {
                into_->slots_.push_back({rule.limiter.get()});
                count_(rule, rule_outcome::passed);
                continue;
            }
            if (rule.shadow) {
                note_shadow(so_far_, rule);
                count_(rule, rule_outcome::refused);
                continue;
            }
            waiting_rule_ = &rule;
            if (said == concurrency_limiter::verdict::refuse) return refuse_slot();
            waits_for_ = rule.limiter.get();
            so_far_.verdict = verdict::wait;
            so_far_.by = &rule;
            so_far_.wait = nanoseconds{0};
            so_far_.longest_wait = rule.rule->longest_wait;
            return so_far_;
        }
    }
    into_->began_ = now_;
    so_far_.verdict = verdict::go;
    return so_far_;
}

decision admission::resume(time_point now) {
    now_ = now;
    if (!waits_for_) return take_slots();
    auto* limiter = std::exchange(waits_for_, nullptr);
    if (!waiter_->granted) return refuse_slot();  // shed for one of a higher priority
    return take_granted(*limiter);
}

decision admission::give_up(time_point now, slot_waiter& next) {
    now_ = now;
    auto* limiter = std::exchange(waits_for_, nullptr);
    bool granted = limiter->withdraw(*waiter_);
    waiter_ = &next;
    return granted ? take_granted(*limiter) : refuse_slot();
}

/// The slot that was waited for is held; on to the next.
decision admission::take_granted(concurrency_limiter& limiter) {
    into_->slots_.push_back({&limiter});
    count_(*waiting_rule_, rule_outcome::waited);
    ++rule_;
    return take_slots();
}

decision admission::refuse_slot() {
    auto seen = waiting_rule_->limiter->look();
    so_far_.by = waiting_rule_;
    so_far_.degrade = true;
    so_far_.retry_after = nanoseconds{0};
    so_far_.observed = seen.under_way;
    so_far_.limit = seen.limit;
    return refuse();
}

void admission::cancel(time_point now) {
    if (waits_for_ && waits_for_->withdraw(*waiter_)) waits_for_->leave(outcome::ignored, {}, now);
    waits_for_ = nullptr;
    if (into_) into_->finish(outcome::ignored, now);
}

/// What was taken so far goes back: buckets where nobody has taken since, slots always.
decision admission::refuse() {
    for (std::size_t i = into_->taken_.size(); i-- > 0;) into_->taken_[i].limiter.restore(into_->taken_[i].ticket);
    into_->taken_.clear();
    into_->finish(outcome::ignored, now_);
    // Only where somebody is there to answer in its place.
    so_far_.degrade = so_far_.degrade && by_->fallback && by_->fallback->source->fallback->on_refused;
    count_(*so_far_.by, so_far_.degrade ? rule_outcome::degraded : rule_outcome::refused);
    so_far_.verdict = verdict::refuse;
    return so_far_;
}

bool permit::charges(measure what) const {
    for (std::size_t i = 0; i < taken_.size(); ++i)
        if (taken_[i].of == what) return true;
    return false;
}

void permit::charge(measure what, double amount, time_point now) {
    for (std::size_t i = 0; i < taken_.size(); ++i)
        if (taken_[i].of == what) taken_[i].limiter.charge(taken_[i].ticket, amount, now);
}

void permit::finish(outcome how, time_point now) {
    auto took = (answered_ == time_point{} ? now : answered_) - began_;
    for (std::size_t i = slots_.size(); i-- > 0;) slots_[i].limiter->leave(how, took, now);
    slots_.clear();
    taken_.clear();
    answered_ = {};
}

decision attempt_permit::ask(const matched& by, std::string_view upstream, time_point now,
                             const decision_counter& count) {
    decision said;
    began_ = now;
    for (std::size_t p = 0; p < by.policies.size(); ++p) {
        for (const auto& rule : by.policies[p]->breakers) {
            auto& which = rule.breakers->of(rule.guarded(upstream), now);
            auto leave = which.ask(now);
            if (leave.granted) {
                leaves_.push_back({&which, leave});
                count(rule, rule_outcome::passed);
                continue;
            }
            count(rule, rule_outcome::refused);
            if (rule.shadow) {
                note_shadow(said, rule);
                continue;
            }
            finish(outcome::ignored, now);
            said.verdict = verdict::refuse;
            said.by = &rule;
            said.degrade = true;
            said.retry_after = leave.wait;
            return said;
        }
    }
    return said;
}

void attempt_permit::finish(outcome how, nanoseconds took, time_point now) {
    for (std::size_t i = leaves_.size(); i-- > 0;) leaves_[i].of->report(leaves_[i].leave, how, took, now);
    leaves_.clear();
}

namespace {

bool refuses(const compiled_limit& limit) { return limit.rule->over == over_limit::reject; }

/// Who does not obey, or is only watched by a rule in shadow mode, would pay for it for hours.
constexpr std::chrono::duration<double> longest_debt{60};

rate_answer charge_within_bound(const compiled_limit& limit, std::string_view key, const amounts& amount,
                                time_point now) {
    const auto limiter = limit.asked();
    auto level = limiter.check(key, 0, now);
    const auto debt = std::chrono::duration<double>{level.limit > 0 ? -level.remaining / level.limit : 0.0};
    if (debt < longest_debt) return limiter.charge(key, amount.of(limit.rule->of), now);
    level.wait = std::chrono::duration_cast<nanoseconds>(debt);
    return level;
}

}  // namespace

decision admit_or_refuse(const matched& by, const facts& of, const amounts& amount, time_point now,
                         const decision_counter& count) {
    decision said;
    inline_list<std::pair<limit_handle, rate_ticket>, 4> taken;
    each_limit(by, [&](const compiled_limit& limit) {
        if (!refuses(limit)) return true;
        rate_ticket ticket;
        const auto limiter = limit.asked();
        auto level = limiter.take(key_value(limit.rule->key, of, by), asked_for(*limit.rule, amount), now, ticket);
        count(limit, level.admitted ? rule_outcome::passed : rule_outcome::refused);
        if (level.admitted) return taken.push_back({limiter, ticket}), true;
        if (limit.shadow) return note_shadow(said, limit), true;
        said.verdict = verdict::refuse;
        said.by = &limit;
        said.retry_after = level.wait;
        said.limit = level.limit;
        said.remaining = level.remaining;
        said.burst = level.burst;
        return false;
    });
    if (said.verdict != verdict::refuse) return said;
    for (std::size_t i = taken.size(); i-- > 0;) taken[i].first.restore(taken[i].second);
    return said;
}

decision throttle(const matched& by, const facts& of, const amounts& amount, time_point now,
                  const decision_counter& count, throttled which) {
    decision said;
    each_limit(by, [&](const compiled_limit& limit) {
        if (which == throttled::all_but_refusing && refuses(limit)) return true;
        auto level = charge_within_bound(limit, key_value(limit.rule->key, of, by), amount, now);
        bool over = level.wait.count() > 0;
        count(limit, over ? rule_outcome::waited : rule_outcome::passed);
        if (!over) return true;
        if (limit.shadow) {
            note_shadow(said, limit);
        } else if (level.wait > said.wait) {
            said.verdict = verdict::wait;
            said.by = &limit;
            said.wait = level.wait;
            said.observed = level.burst - level.remaining;
            said.limit = level.limit;
            said.remaining = level.remaining;
            said.burst = level.burst;
        }
        return true;
    });
    return said;
}

}  // namespace outrider::governance
