#include "sidecar/net/timer_wheel.hpp"

#include <algorithm>

namespace outrider::net {

deadline::~deadline() { timer_wheel::unlink(*this); }

void deadline::arm(steady_clock::time_point when) {
    expired_ = false;
    due_ = std::max(wheel_.tick_of(when), wheel_.current_ + 1);
    if (from_ && slot_tick_ <= due_) return;  // the wheel passes by before it is due and files it again
    timer_wheel::unlink(*this);
    wheel_.file(*this, due_);
}

timer_wheel::timer_wheel(asio::io_context& context) : timer_(context.get_executor()), start_(steady_clock::now()) {}

timer_wheel::~timer_wheel() {
    for (auto& slot : slots_)
        while (slot) unlink(*slot);
}

void timer_wheel::stop() {
    stopped_ = true;
    timer_.cancel();
}

std::uint64_t timer_wheel::tick_of(steady_clock::time_point when) const {
    if (when <= start_) return 0;
    return static_cast<std::uint64_t>((when - start_ + tick - std::chrono::nanoseconds{1}) / tick);
}

void timer_wheel::file(deadline& entry, std::uint64_t at_tick) {
    // Further away than one turn: filed at the far end, and filed again from there.
    auto filed = std::min(at_tick, current_ + slots - 1);
    entry.slot_tick_ = filed;
    auto& head = slots_[filed % slots];
    entry.next_ = head;
    if (head) head->from_ = &entry.next_;
    entry.from_ = &head;
    head = &entry;
    if (filed < wake_) schedule(filed);
}

void timer_wheel::unlink(deadline& entry) {
    if (!entry.from_) return;
    *entry.from_ = entry.next_;
    if (entry.next_) entry.next_->from_ = entry.from_;
    entry.next_ = nullptr;
    entry.from_ = nullptr;
}

void timer_wheel::schedule(std::uint64_t at_tick) {
    wake_ = at_tick;
    if (stopped_ || at_tick == deadline::never) return;
    timer_.expires_at(start_ + tick * static_cast<std::int64_t>(at_tick));
    timer_.async_wait([this](error_code ec) {
        if (!ec && !stopped_) advance();
    });
}

void timer_wheel::advance() {
    auto elapsed = static_cast<std::uint64_t>((steady_clock::now() - start_) / tick);
    while (current_ < elapsed) {
        auto next = next_occupied();
        if (next > elapsed) {
            current_ = elapsed;
            break;
        }
        current_ = next;
        fire_slot(next);
    }
    wake_ = deadline::never;
    schedule(next_occupied());
}

void timer_wheel::fire_slot(std::uint64_t at_tick) {
    // The whole slot is taken out first: callbacks may arm and destroy deadlines.
    deadline* due = nullptr;
    auto& head = slots_[at_tick % slots];
    due = head;
    head = nullptr;
    if (due) due->from_ = &due;
    while (due) {
        auto& entry = *due;
        unlink(entry);
        if (entry.due_ == deadline::never) continue;
        if (entry.due_ > at_tick) {
            file(entry, entry.due_);
            continue;
        }
        entry.due_ = deadline::never;
        entry.expired_ = true;
        entry.on_expiry_(entry.owner_);
    }
}

std::uint64_t timer_wheel::next_occupied() const {
    for (std::uint64_t i = 1; i <= slots; ++i)
        if (slots_[(current_ + i) % slots]) return current_ + i;
    return deadline::never;
}

}  // namespace outrider::net
