#include "sidecar/export/sender.hpp"

#include <algorithm>

#include "sidecar/net/log.hpp"

namespace outrider::exporting {
namespace {

/// So many batches waiting are a backlog: then requests are made as large as allowed.
constexpr std::uint32_t backlog_batches = 4;
/// A read of the spool that found nothing is not repeated at once.
constexpr std::chrono::milliseconds empty_read_pause{100};
/// A disk that takes longer for a read is taken to hang.
constexpr std::chrono::milliseconds read_patience{1'000};

}  // namespace

sender::sender(net::asio::io_context& context, settings how, delivery_queue& queue, journal* spool, ledger& books,
               destination& to)
    : how_(std::move(how)),
      queue_(queue),
      spool_(spool),
      books_(books),
      to_(to),
      timer_(context),
      backoff_(how_.first_backoff, how_.longest_backoff,
               static_cast<std::uint64_t>(clock::now().time_since_epoch().count())) {}

net::awaitable<void> sender::run() {
    while (!closed_) {
        const auto now = clock::now();
        auto load = choose(now);
        if (load) {
            co_await ship(std::move(*load));
        } else {
            timer_.expires_at(next_look(now));
            co_await timer_.async_wait(net::use_tuple);
        }
    }
}

void sender::hurry() {
    hurry_ = true;
    failed_since_hurry_ = false;
    not_before_ = {};
    wake();
}

void sender::close() {
    closed_ = true;
    to_.cancel();
    wake();
}

bool sender::busy() const { return in_flight_ || clock::now() < not_before_; }

void sender::spooled(clock::time_point oldest) {
    spooled_since_ = spooled_since_ ? std::min(*spooled_since_, oldest) : oldest;
}

bool sender::memory_due(clock::time_point now) const {
    const auto oldest = queue_.oldest_waiting(sendable());
    if (!oldest) return false;
    return hurry_ || queue_.waiting_spans(sendable()) >= how_.batch_spans || *oldest + how_.batch_delay <= now;
}

bool sender::due(clock::time_point now) const {
    if (hurry_ || !ready_.empty()) return true;
    if (books_.adopted_spooled() > 0 || waiting_spans() >= how_.batch_spans) return true;
    return (books_.spooled() > 0 && spooled_since_ && *spooled_since_ + how_.batch_delay <= now) || memory_due(now);
}

/// Only between requests, and when the disk has nothing else to do: so what is read is neither in flight nor about to
/// be acknowledged, and a disk that hangs is not waited for.
void sender::request_read() {
    if (!spool_ || reading_ || !ready_.empty() || !spool_->idle()) return;
    if (books_.spooled() == 0 || clock::now() < next_read_) return;
    reading_ = true;
    read_since_ = clock::now();
    spooled_since_.reset();  // what arrives from now on is younger
    spool_->read(request_spans(), how_.request_bytes, [this, number = ++read_number_](spool_batch batch) {
        if (number != read_number_) return spool_->put_back(std::move(batch));
        reading_ = false;
        // Nothing readable although something is booked: the next look must not follow at once.
        if (batch.empty()) next_read_ = clock::now() + empty_read_pause;
        ready_ = std::move(batch);
        wake();
    });
}

/// What is being written may be sent again then; should the read end after all, its records go back.
void sender::give_up_hanging_read(clock::time_point now) {
    if (!reading_ || now - read_since_ < read_patience) return;
    ++read_number_;
    reading_ = false;
}

/// Keeps track of how long the spool has been holding something that is not on its way.
void sender::watch_spool(clock::time_point now) {
    if (books_.spooled() == 0)
        spooled_since_.reset();
    else if (!spooled_since_ && !reading_ && ready_.empty())
        spooled_since_ = now;
}

std::optional<sender::cargo> sender::choose(clock::time_point now) {
    give_up_hanging_read(now);
    watch_spool(now);
    if (now < not_before_ || !due(now)) return std::nullopt;
    request_read();
    cargo load;
    if (!ready_.empty() && (spools_turn_ || !memory_due(now))) {
        spools_turn_ = false;
        load.records = std::exchange(ready_, {});
        load.spans = load.records.spans;
        return load;
    }
    if (!memory_due(now)) return std::nullopt;
    spools_turn_ = true;
    load.parcels = queue_.take_batch(sendable(), request_spans(), how_.request_bytes);
    for (const auto& p : load.parcels) load.spans += p->spans;
    return load;
}

delivery_queue::scope sender::sendable() const {
    return reading_ ? delivery_queue::scope::memory : delivery_queue::scope::memory_and_writing;
}

std::uint64_t sender::waiting_spans() const { return books_.spooled() + queue_.waiting_spans(sendable()); }

std::uint64_t sender::request_spans() const {
    const bool backlog = waiting_spans() >= std::uint64_t{backlog_batches} * how_.batch_spans;
    return std::uint64_t{how_.batch_spans} * (backlog ? how_.batches_per_request : 1);
}

sender::clock::time_point sender::next_look(clock::time_point now) const {
    auto at = now + std::chrono::hours(1);
    if (now < not_before_) return not_before_;
    if (const auto oldest = queue_.oldest_waiting(sendable())) at = std::min(at, *oldest + how_.batch_delay);
    if (reading_) at = std::min(at, read_since_ + read_patience);
    if (spooled_since_) at = std::min(at, *spooled_since_ + how_.batch_delay);
    // What is due already waits for the spool, whose answer wakes us; look again soon all the same.
    return std::max(at, now + std::chrono::milliseconds(10));
}

shipment sender::manifest(const cargo& load) const {
    shipment out;
    out.spans = static_cast<std::uint32_t>(load.spans);
    out.resource = load.parcels.empty() ? load.records.resource : std::string_view(how_.resource);
    for (const auto& p : load.parcels) out.entries.push_back(p->bytes);
    for (const auto& r : load.records.records) out.entries.push_back(r.entries);
    return out;
}

net::awaitable<void> sender::ship(cargo load) {
    const auto spans = manifest(load);
    in_flight_ = true;
    const auto outcome = co_await to_.deliver(spans, clock::now() + how_.request_timeout);
    in_flight_ = false;
    if (outcome.result == delivery_result::unavailable)
        postpone(load, outcome);
    else
        settle(load, outcome);
    if (!closed_) report(outcome);
}

void sender::settle(const cargo& load, const delivery_outcome& outcome) {
    const auto fate = std::make_shared<settlement>();
    fate->rejected =
        outcome.result == delivery_result::rejected ? load.spans : std::min(load.spans, outcome.rejected_spans);
    std::vector<spooled_record> records = load.records.records;
    for (const auto& p : load.parcels) {
        p->fate = fate;
        if (p->where == parcel::place::memory) books_.settled_in_memory(p->spans, *fate);
        if (p->where == parcel::place::disk) records.push_back({p->at, p->spans, {}});
    }
    queue_.settle(load.parcels);
    if (spool_) spool_->acknowledge(std::move(records), fate);
    backoff_.reset();
    if (outcome.result == delivery_result::delivered) books_.exported();
}

void sender::postpone(const cargo& load, const delivery_outcome& outcome) {
    queue_.give_back(load.parcels);
    if (!load.records.empty()) ready_ = load.records;
    not_before_ = clock::now() + outcome.retry_after.value_or(backoff_.next());
    failed_since_hurry_ = true;
    books_.export_failed();
}

void sender::report(const delivery_outcome& outcome) {
    if (outcome.result == delivery_result::delivered && failing_) {
        spdlog::info("export to {}: working again", to_.name());
        failing_ = misconfiguration_told_ = false;
        warnings_.reset();
    }
    if (outcome.text.empty()) return;
    if (outcome.result != delivery_result::delivered) failing_ = true;
    if (outcome.misconfigured) {
        if (!misconfiguration_told_) spdlog::error("export to {}: {}", to_.name(), outcome.text);
        misconfiguration_told_ = true;
        return;
    }
    if (!warnings_.allow(clock::now())) return;
    const auto* what = outcome.result == delivery_result::unavailable ? "will be tried again" : "spans dropped";
    spdlog::warn("export to {}: {} ({}; {} such messages held back)", to_.name(), outcome.text, what,
                 warnings_.held_back());
}

}  // namespace outrider::exporting
