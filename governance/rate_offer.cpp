#include "governance/rate_offer.hpp"

#include <algorithm>

namespace outrider::governance {
namespace {

ticks less(ticks from, ticks what) { return from > what ? from - what : 0; }

/// The first time in [from, to] that `holds`, which holds from then on; `to` where it does not.
template <typename Condition>
nanoseconds first_time(nanoseconds from, nanoseconds to, Condition holds) {
    while (from < to) {
        auto middle = from + (to - from) / 2;
        if (holds(middle))
            to = middle;
        else
            from = middle + nanoseconds{1};
    }
    return to;
}

/// Rate and burst of a limit that warms up, along its curve.
struct curve {
    const rate_scale& scale;
    ticks cost;

    ticks burst(double share) const { return static_cast<ticks>(static_cast<double>(scale.burst_ticks()) * share); }
    ticks now(const warm_up::reading& by, nanoseconds time) const { return scale.at(by.at(time).time); }
    ticks at_once(const warm_up::reading& by, nanoseconds time) const {
        auto moment = by.at(time);
        return scale.at(moment.time) + std::max(burst(moment.share), cost);
    }
    ticks at_most(const warm_up::reading& by, nanoseconds time, nanoseconds longest_wait, ticks room) const {
        auto going = by.used(time);
        if (room == 0) return at_once(going, time);
        return std::min(at_once(going, time + longest_wait), at_once(going, time) + room);
    }
};

}  // namespace

void rate_offer::warm() {
    auto going = terms_.warming->used(since_);
    auto moment = going.at(since_);
    curve along{*terms_.scale, arrival_.cost};
    time_ = moment.time;
    share_ = moment.share;
    burst_ = along.burst(share_);
    arrival_.now = terms_.scale->at(time_);
    arrival_.at_once = arrival_.at_most = arrival_.now + tolerance();
    if (terms_.pace.queue != 0) arrival_.at_most = paced(along.at_once(going, since_ + terms_.pace.longest_wait));
}

nanoseconds rate_offer::at_full_rate(ticks after, nanoseconds longest_wait, ticks room) const {
    const auto& scale = *terms_.scale;
    auto goes = scale.reached(less(after, tolerance()));
    if (room == 0) return goes - time_;
    return std::max(goes - longest_wait, scale.reached(less(after, tolerance() + room))) - time_;
}

/// When time has certainly passed a TAT: cold, a limit's time passes at a third of its speed.
nanoseconds rate_offer::full_by(ticks tat) const {
    return since_ + 3 * (terms_.scale->reached(tat) - time_) + nanoseconds{3};
}

/// Taken in advance: the limit is in use from now on, so it only gets warmer.
nanoseconds rate_offer::until_it_goes(ticks after) const {
    if (share_ == 1) return at_full_rate(after, nanoseconds{0}, 0);
    auto going = terms_.warming->used(since_);
    curve along{*terms_.scale, arrival_.cost};
    return first_time(since_, full_by(after), [&](auto time) { return along.at_once(going, time) >= after; }) - since_;
}

/// Nothing is taken: while nobody else comes the limit may grow cold again, which moves its time on as before and takes
/// back a part of the burst.
nanoseconds rate_offer::until_it_fits(ticks tat) const {
    auto longest_wait = terms_.pace.queue != 0 ? terms_.pace.longest_wait : nanoseconds{0};
    auto room = queue_room();
    if (share_ == 1) {
        auto wait = at_full_rate(after(tat), longest_wait, room);
        if (!terms_.warming || since_ + wait < terms_.warming->idle_from) return wait;
    }
    const auto& warming = *terms_.warming;
    curve along{*terms_.scale, arrival_.cost};
    auto fits = [&](nanoseconds time) {
        return std::max(tat, along.now(warming, time)) + arrival_.cost <=
               along.at_most(warming, time, longest_wait, room);
    };
    auto cold = std::max(since_, warming.idle_from);
    bool before = cold > since_ && fits(cold - nanoseconds{1});
    if (before) return first_time(since_, cold - nanoseconds{1}, fits) - since_;
    return first_time(cold, std::max(cold, full_by(after(tat))), fits) - since_;
}

}  // namespace outrider::governance
