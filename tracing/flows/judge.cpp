#include "tracing/flows/judge.hpp"

#include <algorithm>

namespace outrider::flows {
namespace {

constexpr std::size_t nothing = static_cast<std::size_t>(-1);
/// Ordinals of faults that are not repeats.
constexpr std::size_t other_way = 0x8000, after_the_next = 1, after_the_end = 2;

bool asks(const flow& of, const step& one) {
    for (const auto& way : one.alternatives)
        for (const auto& member : way.members) {
            const auto kind = of.events[member.event].match.kind;
            if (kind == event_kind::inbound || kind == event_kind::outbound) return true;
        }
    return false;
}

}  // namespace

const char* name_of(fault_kind kind) {
    constexpr const char* names[] = {"stuck", "late", "missing", "duplicate", "out_of_order", "lost_compensation"};
    return names[static_cast<std::size_t>(kind)];
}

void judgement::clear() {
    state = run_state::running;
    started = false;
    done = 0;
    next = never;
    waits_for.reset();
    faults.clear();
    reached.clear();
}

run_judge::run_judge(const flow& by) : flow_(by) {
    for (std::size_t i = 0; i < by.step_count(); ++i) requests_.push_back(asks(by, by.step_at(i)));
}

void run_judge::add(fault_kind kind, std::size_t number, std::size_t ordinal, const occurrence* event,
                    const occurrence* other, unix_ns deadline) {
    fault one{kind, static_cast<std::uint16_t>(number), static_cast<std::uint16_t>(ordinal), 0, 0, deadline, 0};
    if (event != nullptr) {
        one.event = event->event + 1;
        one.at = event->end;
    }
    if (other != nullptr) one.other = other->event + 1;
    out_->faults.push_back(one);
}

void run_judge::read_progress(const std::vector<step>& steps, std::vector<step_progress>& into) const {
    into.resize(steps.size());
    bool later = false;
    for (auto i = steps.size(); i-- > 0;) {
        into[i] = progress_of(steps[i], tally_, later);
        later = later || into[i].events > 0;
    }
}

/// The compensation whose trigger came first.
const compensation* run_judge::find_trigger(std::uint16_t& offset) {
    const compensation* found = nullptr;
    auto number = flow_.steps.size();
    trigger_ = nullptr;
    for (const auto& one : flow_.compensations) {
        const auto came = tally_.of(one.trigger);
        if (!came.empty() && (trigger_ == nullptr || came.front()->start < trigger_->start)) {
            trigger_ = came.front();
            found = &one;
            offset = static_cast<std::uint16_t>(number);
        }
        number += one.steps.size();
    }
    return found;
}

/// The step that the run ends with, by what came: beyond it nothing is waited for.
std::size_t run_judge::find_last() const {
    const auto& steps = flow_.steps;
    if (trigger_ != nullptr) {
        std::size_t begun = nothing;
        for (std::size_t i = 0; i < steps.size(); ++i) {
            for (const auto& way : steps[i].alternatives)
                for (const auto& member : way.members)
                    if (member.event == trigger_->event) return i;
            if (expected_[i].first != nullptr && expected_[i].first->start <= trigger_->start) begun = i;
        }
        return begun;
    }
    for (std::size_t i = 0; i < steps.size(); ++i)
        if (expected_[i].reached && expected_[i].events > 0 && expected_[i].way->end) return i;
    return steps.size() - 1;
}

/// When what should have come by then would be known to have.
unix_ns run_judge::due_at(std::size_t number, unix_ns deadline) const {
    const auto transit = number < with_->transit.size() ? with_->transit[number] : 0;
    return std::max(deadline + transit, with_->hold_until);
}

void run_judge::judge_late(std::size_t number, const step_progress& now, unix_ns deadline) {
    if (now.done <= deadline + with_->tolerance) return;
    // One that came in time may still be on its way.
    if (const auto due = due_at(number, deadline); with_->now < due)
        out_->next = std::min(out_->next, due);
    else
        add(fault_kind::late, number, 0, now.first, nullptr, deadline);
}

void run_judge::judge_reached(const row& of, std::size_t at, std::size_t before) {
    const auto& now = of.progress[at];
    const auto& one = (*of.steps)[at];
    const auto number = of.offset + at;
    reached_step reached{static_cast<std::uint16_t>(number), now.done, -1};
    if (of.base && !of.assumed) reached.took_ns = std::max<std::int64_t>(now.done - *of.base, 0);
    out_->reached.push_back(reached);
    if (of.base && one.within) {
        const auto deadline = *of.base + one.within->count();
        judge_late(number, now, deadline);
    }
    if (before == nothing) return;
    const auto& former = of.progress[before];
    if (now.first->start + with_->tolerance < former.settled)
        add(fault_kind::out_of_order, number, 0, now.first, former.first, std::max(now.first->end, former.done));
    else if (former.last->start > now.first->start + with_->tolerance && former.last->start > former.settled)
        add(fault_kind::out_of_order, of.offset + before, after_the_next, former.last, now.first, former.last->end);
}

/// The event that shows that the run went on without this step.
const occurrence* run_judge::next_after(const row& of, std::size_t at) const {
    const occurrence* found = nullptr;
    for (auto i = at + 1; i < of.steps->size(); ++i) {
        const auto* first = of.progress[i].first;
        if (first != nullptr && (found == nullptr || first->end < found->end)) found = first;
    }
    return found;
}

bool run_judge::judge_absent(const row& of, std::size_t at) {
    const auto& one = (*of.steps)[at];
    const auto number = of.offset + at;
    const auto* next = next_after(of, at);
    // After what undoes a run nothing of it is waited for.
    if (next == nullptr && trigger_ != nullptr && !of.compensates) return false;
    unix_ns deadline = never;
    if (of.base && one.within)
        deadline = *of.base + one.within->count();
    else if (next != nullptr)
        deadline = next->end + (requests_[number] ? request_patience_ns : 0);
    if (next == nullptr) out_->waits_for = static_cast<std::uint16_t>(number);
    if (deadline == never) return false;
    const auto due = due_at(number, deadline);
    if (with_->now < due) {
        out_->next = std::min(out_->next, due);
    } else {
        if (next != nullptr) deadline = std::max(deadline, next->end);
        const auto kind = of.compensates    ? fault_kind::lost_compensation
                          : next == nullptr ? fault_kind::stuck
                                            : fault_kind::missing;
        add(kind, number, 0, nullptr, next != nullptr ? next : of.compensates ? trigger_ : nullptr, deadline);
    }
    return next != nullptr;
}

void run_judge::judge_row(row& of) {
    auto before = nothing;
    for (std::size_t i = 0; i <= of.last; ++i) {
        const auto& now = of.progress[i];
        if (now.reached && now.events > 0) {
            judge_reached(of, i, before);
            of.base = of.assumed ? now.done : std::max(of.base.value_or(now.done), now.done);
            of.assumed = false;
            out_->done = std::max(out_->done, now.done);
            before = i;
        } else if (!now.reached) {
            if (!judge_absent(of, i)) return;
            // What follows has its time from the last moment at which this step could have come.
            const auto& within = (*of.steps)[i].within;
            if (of.base && within)
                *of.base += within->count();
            else
                of.base.reset();
            of.assumed = true;
        }
    }
}

void run_judge::judge_repeats(const step_member& member, std::uint16_t number, std::size_t place) {
    const auto came = tally_.of(member.event);
    constexpr std::size_t most_told = 255;
    for (std::size_t n = member.most; n < came.size() && n - member.most < most_told; ++n)
        add(fault_kind::duplicate, number, place << 8 | (n - member.most), came[n], nullptr, came[n]->end);
}

/// What came more often than it should, or beside another way of the same step.
void run_judge::judge_extra(const std::vector<step>& steps, std::uint16_t offset,
                            const std::vector<step_progress>& progress) {
    for (std::size_t i = 0; i < steps.size(); ++i) {
        if (progress[i].events == 0) continue;
        const auto number = static_cast<std::uint16_t>(offset + i);
        std::size_t place = 0;
        for (const auto& way : steps[i].alternatives) {
            const bool other = &way != progress[i].way && progress[i].reached;
            for (const auto& member : way.members) {
                const auto at = std::min<std::size_t>(place++, 0x7f);
                judge_repeats(member, number, at);
                const auto came = tally_.of(member.event);
                if (other && !came.empty())
                    add(fault_kind::duplicate, number, other_way | at, came.front(), progress[i].last,
                        came.front()->end);
            }
        }
    }
}

void run_judge::judge_after_the_end(std::size_t last) {
    const auto* ended = trigger_ != nullptr ? trigger_ : last == nothing ? nullptr : expected_[last].last;
    for (auto i = last == nothing ? 0 : last + 1; i < expected_.size(); ++i)
        if (expected_[i].first != nullptr)
            add(fault_kind::out_of_order, i, after_the_end, expected_[i].first, ended, expected_[i].first->end);
}

void run_judge::judge(std::span<const occurrence> events, const judging& with, judgement& out) {
    out.clear();
    out_ = &out;
    with_ = &with;
    tally_.read(flow_.events.size(), events);
    read_progress(flow_.steps, expected_);
    out.started = expected_.front().events > 0;
    if (!out.started && with.unstarted_is_nothing) return;
    std::uint16_t offset = 0;
    const auto* undoing = find_trigger(offset);
    const auto last = find_last();
    if (last != nothing) {
        row expected{&flow_.steps, 0, last, false, {}, expected_.data()};
        judge_row(expected);
    }
    judge_after_the_end(last);
    judge_extra(flow_.steps, 0, expected_);
    if (undoing != nullptr) {
        out.waits_for.reset();  // what was waited for will not come
        read_progress(undoing->steps, undone_);
        row undone{&undoing->steps, offset, undoing->steps.size() - 1, true, trigger_->end, undone_.data()};
        judge_row(undone);
        judge_extra(undoing->steps, offset, undone_);
    }
    if (!out.waits_for) out.state = undoing != nullptr ? run_state::compensated : run_state::completed;
}

}  // namespace outrider::flows
