#include "tracing/flows/step_progress.hpp"

#include <algorithm>

namespace outrider::flows {
namespace {

struct way_progress {
    bool reached = true;
    std::uint32_t events = 0;
    unix_ns done = 0, settled = 0;
    const occurrence* first = nullptr;
    const occurrence* last = nullptr;
};

way_progress look_at(const alternative& way, const event_tally& tally) {
    way_progress out;
    for (const auto& member : way.members) {
        const auto came = tally.of(member.event);
        out.events += static_cast<std::uint32_t>(came.size());
        if (!came.empty()) {
            if (out.first == nullptr || came.front()->start < out.first->start) out.first = came.front();
            // What comes more often than it may is told of as that, whenever it comes.
            const auto* last = came[std::min<std::size_t>(came.size(), member.most) - 1];
            if (out.last == nullptr || last->start > out.last->start) out.last = last;
        }
        if (came.size() < member.least) {
            out.reached = false;
        } else if (member.least > 0) {
            out.done = std::max(out.done, came[member.least - 1]->end);
            out.settled = std::max(out.settled, came[member.least - 1]->start);
        }
    }
    if (out.reached && out.done == 0 && out.first != nullptr) {  // nothing was needed, something came
        out.done = out.first->end;
        out.settled = out.first->start;
    }
    return out;
}

}  // namespace

void event_tally::read(std::size_t events, std::span<const occurrence> all) {
    by_event_.resize(events);
    for (auto& one : by_event_) one.clear();
    for (const auto& one : all)
        if (one.event < events) by_event_[one.event].push_back(&one);
    for (auto& one : by_event_) keep_one_teller(one);
}

void event_tally::keep_one_teller(std::vector<const occurrence*>& of) {
    const auto other = [&](const occurrence* one) { return one->teller != of.front()->teller; };
    if (of.size() < 2 || std::none_of(of.begin(), of.end(), other)) return;
    tellers_.clear();
    for (const auto* one : of) {
        const auto known =
            std::find_if(tellers_.begin(), tellers_.end(), [&](auto& t) { return t.first == one->teller; });
        if (known == tellers_.end())
            tellers_.emplace_back(one->teller, 1);
        else
            ++known->second;
    }
    // The first of those who tell of as many: whose first came first.
    const auto most = std::max_element(tellers_.begin(), tellers_.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
    std::erase_if(of, [&](const occurrence* one) { return one->teller != most->first; });
}

step_progress progress_of(const step& one, const event_tally& tally, bool goes_on) {
    step_progress out;
    way_progress best;
    best.reached = false;
    const auto is_better = [&](const alternative& way, const way_progress& than) {
        if (out.way == nullptr) return true;
        const way_progress now = look_at(way, tally);
        if (now.reached != than.reached) return now.reached;
        if ((now.events > 0) != (than.events > 0)) return now.events > 0;
        if (!now.reached) return now.events > than.events;
        if (goes_on && way.end != out.way->end) return !way.end;
        return now.done < than.done;
    };
    for (const auto& way : one.alternatives) {
        const auto now = look_at(way, tally);
        out.events += now.events;
        if (now.first != nullptr && (out.first == nullptr || now.first->start < out.first->start))
            out.first = now.first;
        if (!is_better(way, best)) continue;
        best = now;
        out.way = &way;
    }
    out.reached = best.reached;
    out.last = best.last;
    out.done = best.done;
    out.settled = best.settled;
    return out;
}

}  // namespace outrider::flows
