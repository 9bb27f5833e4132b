#include "tracing/flows/flow_checker.hpp"

#include <algorithm>

#include "tracing/flows/fault_text.hpp"

namespace outrider::flows {
namespace {

constexpr std::int64_t minute = 60'000'000'000;

std::vector<bool> first_events(const flow& of) {
    std::vector<bool> out(of.events.size());
    for (const auto& way : of.steps.front().alternatives)
        for (const auto& member : way.members) out[member.event] = true;
    return out;
}

/// What comes so late comes alone: the rest of its run has been forgotten.
bool is_straggler(const tracked_run& run) {
    return !run.events.empty() && run.events.front().arrived - run.events.front().end > minute;
}

}  // namespace

flow_checker::flow_checker(flow of, checker_options options, unix_ns since)
    : flow_(std::move(of)),
      options_(options),
      since_(since),
      judge_(flow_),
      starts_(first_events(flow_)),
      transit_(flow_),
      runs_(16, tracing::keyed_hash{options.secret}),
      steps_(flow_.step_count()) {}

const tracked_run* flow_checker::find(std::string_view key) const {
    const auto found = runs_.find(key);
    return found == runs_.end() ? nullptr : &*found->second;
}

/// Of a recurring flow: the run has ended or is not going to, and this is a first step again.
bool flow_checker::begins_again(const tracked_run& run, const occurrence& one) const {
    if (!flow_.text.recurring || !starts_[one.event] || !run.started) return false;
    if (!run.resting() && !run.has_open_faults()) return false;
    return one.start > run.events.back().start;
}

flow_checker::position flow_checker::take_run(std::string_view key, const occurrence& first) {
    unix_ns begun = 0;
    if (const auto found = runs_.find(key); found != runs_.end()) {
        const auto run = found->second;
        if (!begins_again(*run, first)) {
            auto& from = run->resting() ? ended_ : open_;
            from.splice(from.end(), from, run);
            return run;
        }
        begun = first.start - options_.tolerance_ns;
        if (!run->resting()) close(run, run_outcome::faulty);
        forget(run);
    }
    open_.emplace_back();
    const auto run = std::prev(open_.end());
    run->key = key;
    run->begun = begun;
    runs_.emplace(run->key, run);
    count_in(*run);
    return run;
}

void flow_checker::add(tracked_run& run, const occurrence& one) {
    if (one.start < run.begun || run.knows(one)) return;
    if (run.events.size() >= options_.most_events) {
        ++run.left_out;
        return;
    }
    run.insert(one);
    transit_.learn(one);
    run.hold_until = std::max(run.hold_until, one.arrived + transit_.hold_after(one));
}

void flow_checker::observe(std::string_view key, occurrence one) {
    if (one.end < one.start) one.end = one.start;
    // A clock that is ahead: it cannot have happened yet.
    if (const auto ahead = one.end - one.arrived; ahead > options_.tolerance_ns) {
        one.start -= ahead;
        one.end -= ahead;
    }
    const auto run = take_run(key, one);
    count_out(*run);
    run->touched = std::max(run->touched, one.arrived);
    add(*run, one);
    count_in(*run);
    look(run, one.arrived);
}

judging flow_checker::rules(const tracked_run& run, unix_ns now) const {
    judging with{now, transit_.by_step(), std::max(run.hold_until, hold_until_), options_.tolerance_ns, false};
    // What had begun before anybody looked has a first step that nobody has seen.
    const auto longest = std::max<std::int64_t>(flow_.longest().count(), minute);
    with.unstarted_is_nothing = flow_.text.unstarted == unstarted_run::ignored ||
                                (!run.events.empty() && run.events.front().start - longest < since_) ||
                                is_straggler(run);
    return with;
}

judgement flow_checker::look_at(const tracked_run& run, unix_ns now) {
    judgement out;
    judge_.judge(run.events, rules(run, now), out);
    return out;
}

/// Judges it anew, tells what is new, and says when it is looked at again.
void flow_checker::look(position run, unix_ns now) {
    ++version_;
    judge_.judge(run->events, rules(*run, now), scratch_);
    count_out(*run);
    run->started = scratch_.started;
    run->state = scratch_.state;
    run->waits_for = scratch_.waits_for ? *scratch_.waits_for : -1;
    count_reached(*run);
    compare_faults(*run, now);
    count_in(*run);
    settle(run, now);
}

void flow_checker::count_reached(tracked_run& run) {
    for (const auto& one : scratch_.reached) {
        if (run.reached.test(one.step)) continue;
        run.reached.set(one.step);
        if (quiet_) continue;
        ++steps_[one.step].reached;
        if (one.took_ns >= 0) steps_[one.step].took.add(static_cast<std::uint64_t>(one.took_ns));
    }
}

void flow_checker::compare_faults(tracked_run& run, unix_ns now) {
    for (auto& one : run.told) {
        const bool still = std::any_of(scratch_.faults.begin(), scratch_.faults.end(),
                                       [&](const fault& known) { return known.same(one.what); });
        if (!still && !one.retracted) retract(run, one);
    }
    for (const auto& one : scratch_.faults) {
        const auto known = std::find_if(run.told.begin(), run.told.end(),
                                        [&](const told_fault& told) { return told.what.same(one) && !told.retracted; });
        if (known == run.told.end()) tell(run, one, now);
    }
}

void flow_checker::tell(tracked_run& run, const fault& what, unix_ns now) {
    constexpr std::size_t most_told = 1'000;
    if (run.told.size() >= most_told) return;
    run.told.push_back({what, now, false, !quiet_});
    if (!quiet_) ++steps_[what.step].told[static_cast<std::size_t>(what.kind)];
    if (recent_.size() >= options_.recent) recent_.pop_front();
    const auto chain = run.events.empty() ? tracing::trace_id{} : run.events.back().trace;
    recent_.push_back({what, run.key, chain, now, text_of(what, flow_), can_end(what.kind), false});
}

void flow_checker::retract(tracked_run& run, told_fault& one) {
    one.retracted = true;
    if (one.counted) ++steps_[one.what.step].retracted[static_cast<std::size_t>(one.what.kind)];
    update_recent(run, one);
}

void flow_checker::update_recent(const tracked_run& run, const told_fault& one) {
    for (auto& shown : recent_) {
        if (!shown.what.same(one.what) || shown.run != run.key || shown.told != one.told) continue;
        shown.open = false;
        shown.retracted = one.retracted;
    }
}

/// What becomes of it now: it has come to rest, or it is to be looked at again.
void flow_checker::settle(position run, unix_ns now) {
    if (run->resting()) return set_due(*run, std::min(scratch_.next, run->touched + options_.keep_ns));
    if (!run->started && run->told.empty() && scratch_.next == never && scratch_.state == run_state::running)
        return set_due(*run, run->touched + options_.keep_ns);
    if (scratch_.next != never) return set_due(*run, scratch_.next);
    if (run->state != run_state::running) {
        const auto well = run->state == run_state::completed ? run_outcome::completed : run_outcome::compensated;
        close(run, run->has_faults() ? run_outcome::faulty : well);
        return set_due(*run, std::max(run->touched, now) + options_.keep_ns);
    }
    set_due(*run, run->touched + (run->has_open_faults() ? options_.keep_ns : options_.idle_ns));
}

void flow_checker::close(position run, run_outcome outcome) {
    ++version_;
    count_out(*run);
    run->outcome = outcome;
    if (!quiet_) ++outcomes_[static_cast<std::size_t>(outcome)];
    ended_.splice(ended_.end(), open_, run);
    count_in(*run);
}

void flow_checker::set_due(tracked_run& run, unix_ns due) {
    if (run.due == due) return;
    if (run.due != never) due_.erase(&run);
    run.due = due;
    if (due != never) due_.insert(&run);
}

void flow_checker::count_out(const tracked_run& run) {
    bytes_ -= run.bytes;
    if (run.resting()) return;
    if (run.waits_for >= 0) --steps_[static_cast<std::size_t>(run.waits_for)].waiting;
    if (run.has_faults())
        --open_faulty_;
    else if (!run.started)
        --unstarted_;
}

void flow_checker::count_in(tracked_run& run) {
    run.bytes = run.memory();
    bytes_ += run.bytes;
    if (run.resting()) return;
    if (run.waits_for >= 0) ++steps_[static_cast<std::size_t>(run.waits_for)].waiting;
    if (run.has_faults())
        ++open_faulty_;
    else if (!run.started)
        ++unstarted_;
}

void flow_checker::forget(position run) {
    ++version_;
    count_out(*run);
    set_due(*run, never);
    runs_.erase(run->key);
    (run->resting() ? ended_ : open_).erase(run);
}

void flow_checker::advance(unix_ns now, unix_ns hold_until) {
    hold_until_ = hold_until;
    transit_.advance(now);
    while (!due_.empty() && (*due_.begin())->due <= now) {
        const auto run = runs_.find((*due_.begin())->key)->second;
        const auto quiet_since = run->touched + (run->has_open_faults() ? options_.keep_ns : options_.idle_ns);
        const bool forgotten = run->resting() || (!run->started && run->told.empty());
        if (forgotten && now >= run->touched + options_.keep_ns) {
            forget(run);
            continue;
        }
        set_due(*run, never);
        look(run, now);
        if (run->resting() || run->due > now) continue;
        close(run, run->has_faults() ? run_outcome::faulty : run_outcome::abandoned);
        set_due(*run, std::max(now, quiet_since) + options_.keep_ns);
    }
}

unix_ns flow_checker::oldest(bool ended) const {
    const auto& from = ended ? ended_ : open_;
    return from.empty() ? never : from.front().touched;
}

void flow_checker::evict_oldest(bool ended) {
    auto& from = ended ? ended_ : open_;
    if (from.empty()) return;
    if (!ended && !quiet_) ++outcomes_[static_cast<std::size_t>(run_outcome::evicted)];
    forget(from.begin());
}

/// Events of one run become those of another, with what was told of them.
void flow_checker::absorb(const tracked_run& from, std::string_view key, std::span<const occurrence> events,
                          bool with_faults, unix_ns now) {
    const auto run = take_run(key, events.front());
    count_out(*run);
    run->touched = std::max(run->touched, from.touched);
    for (const auto& one : events) add(*run, one);
    if (with_faults) {
        run->reached |= from.reached;
        run->hold_until = std::max(run->hold_until, from.hold_until);
        for (const auto& one : from.told) {
            const bool known = std::any_of(run->told.begin(), run->told.end(), [&](const told_fault& told) {
                return told.what.same(one.what) && told.retracted == one.retracted;
            });
            if (!known) run->told.push_back(one);
            for (auto& shown : recent_)
                if (shown.run == from.key && shown.told == one.told && shown.what.same(one.what)) shown.run = run->key;
        }
    }
    count_in(*run);
    if (with_faults && from.resting() && !run->resting()) {
        count_out(*run);
        run->outcome = from.outcome;  // it was counted
        ended_.splice(ended_.end(), open_, run);
        count_in(*run);
    }
    look(run, now);
}

void flow_checker::regroup(std::string_view key, const chain_names& name_of, unix_ns now) {
    const auto found = runs_.find(key);
    if (found == runs_.end()) return;
    std::map<std::string, std::vector<occurrence>> groups;
    for (const auto& one : found->second->events) groups[name_of(one.trace).hex()].push_back(one);
    if (groups.size() == 1 && groups.begin()->first == key) return;
    const tracked_run from = *found->second;
    const auto first = name_of(from.events.front().trace).hex();
    forget(found->second);
    for (const auto& [name, events] : groups) absorb(from, name, events, name == first, now);
}

}  // namespace outrider::flows
