#include "sidecar/export/delivery_queue.hpp"

#include <algorithm>

#include <protozero/varint.hpp>

namespace outrider::exporting {

std::size_t split_at(std::string_view entries, std::uint32_t spans) {
    const char* at = entries.data();
    const char* const end = at + entries.size();
    while (spans-- > 0 && at != end) {
        const char* next = at + 1;  // behind the tag
        try {
            const auto length = protozero::decode_varint(&next, end);
            if (length > static_cast<std::uint64_t>(end - next)) return entries.size();
            at = next + length;
        } catch (const protozero::exception&) {
            return entries.size();
        }
    }
    return static_cast<std::size_t>(at - entries.data());
}

std::uint64_t delivery_queue::absorb(tracing::span_buffer& buffer) {
    std::uint64_t spans = 0;
    while (auto chunk = buffer.take()) {
        spans += chunk->spans;
        const bool whole = chunk->spans <= limits_.parcel_spans && chunk->bytes.size() * 2 >= limits_.parcel_bytes;
        if (whole) {  // large enough to travel as it is: no copy
            auto fresh = std::make_shared<parcel>();
            fresh->bytes = std::move(chunk->bytes);
            fresh->spans = chunk->spans;
            fresh->oldest = chunk->oldest;
            memory_bytes_ += fresh->bytes.size();
            waiting_spans_ += fresh->spans;
            parcels_.push_back(std::move(fresh));
        } else {
            add(chunk->bytes, chunk->spans, chunk->oldest);
        }
        buffer.give_back(std::move(chunk));
    }
    return spans;
}

void delivery_queue::add(std::string_view entries, std::uint32_t spans, time_point oldest) {
    while (spans > limits_.parcel_spans) {
        const auto end = split_at(entries, limits_.parcel_spans);
        if (end == entries.size()) break;
        append(entries.substr(0, end), limits_.parcel_spans, oldest);
        entries.remove_prefix(end);
        spans -= limits_.parcel_spans;
    }
    append(entries, spans, oldest);
}

void delivery_queue::append(std::string_view entries, std::uint32_t spans, time_point oldest) {
    auto* last = parcels_.empty() ? nullptr : parcels_.back().get();
    const bool fits = last && waits(*last) && last->spans + spans <= limits_.parcel_spans &&
                      last->bytes.size() + entries.size() <= limits_.parcel_bytes;
    if (!fits) {
        parcels_.push_back(std::make_shared<parcel>());
        last = parcels_.back().get();
        last->oldest = oldest;
    }
    last->bytes.append(entries);
    last->spans += spans;
    last->oldest = std::min(last->oldest, oldest);
    waiting_spans_ += spans;
    memory_bytes_ += entries.size();
}

void delivery_queue::mark(parcel& p, parcel::place where, bool in_flight) {
    if (waits(p)) waiting_spans_ -= p.spans;
    p.where = where;
    p.in_flight = in_flight;
    if (waits(p)) waiting_spans_ += p.spans;
}

void delivery_queue::forget_if(const std::function<bool(const parcel&)>& gone) {
    std::erase_if(parcels_, [&](const parcel_pointer& p) {
        if (!gone(*p)) return false;
        if (waits(*p)) waiting_spans_ -= p->spans;
        memory_bytes_ -= p->bytes.size();
        return true;
    });
}

bool delivery_queue::may_be_sent(const parcel& p, scope in) {
    if (p.where == parcel::place::writing && in == scope::memory_and_writing)
        return !p.in_flight && !p.settled.load(std::memory_order_relaxed);
    return waits(p);
}

std::vector<parcel_pointer> delivery_queue::take_batch(scope from, std::uint64_t spans, std::size_t bytes) {
    std::vector<parcel_pointer> out;
    std::uint64_t total_spans = 0;
    std::size_t total_bytes = 0;
    for (const auto& p : parcels_) {
        if (!may_be_sent(*p, from)) continue;
        total_spans += p->spans;
        total_bytes += p->bytes.size();
        if (!out.empty() && (total_spans > spans || total_bytes > bytes)) break;
        mark(*p, p->where, true);
        out.push_back(p);
    }
    return out;
}

void delivery_queue::give_back(const std::vector<parcel_pointer>& batch) {
    for (const auto& p : batch) mark(*p, p->where, false);
    forget_if([](const parcel& p) { return p.where == parcel::place::disk && !p.in_flight; });
}

void delivery_queue::settle(const std::vector<parcel_pointer>& batch) {
    for (const auto& p : batch) {
        p->settled.store(true, std::memory_order_release);
        mark(*p, p->where, false);
    }
    forget_if(
        [](const parcel& p) { return p.settled.load(std::memory_order_relaxed) && p.where != parcel::place::writing; });
}

std::vector<parcel_pointer> delivery_queue::take_for_disk(time_point ended_by, std::uint64_t waiting_spans,
                                                          std::size_t bytes) {
    std::vector<parcel_pointer> out;
    std::size_t total = 0;
    for (const auto& p : parcels_) {
        if (p->where != parcel::place::memory) continue;
        const bool overflows = !p->in_flight && waiting_spans_ > waiting_spans;
        if (p->oldest > ended_by && !overflows) continue;
        total += p->bytes.size();
        if (!out.empty() && total > bytes) break;
        mark(*p, parcel::place::writing, p->in_flight);
        out.push_back(p);
    }
    return out;
}

void delivery_queue::written(const std::vector<parcel_pointer>& parcels) {
    for (const auto& p : parcels) mark(*p, parcel::place::disk, p->in_flight);
    forget_if([](const parcel& p) { return p.where == parcel::place::disk && !p.in_flight; });
}

void delivery_queue::not_written(const std::vector<parcel_pointer>& parcels) {
    for (const auto& p : parcels) mark(*p, parcel::place::memory, p->in_flight);
    forget_if(
        [](const parcel& p) { return p.where == parcel::place::memory && p.settled.load(std::memory_order_relaxed); });
}

std::uint64_t delivery_queue::shed() {
    std::uint64_t spans = 0;
    auto excess = memory_bytes_ > limits_.memory_bytes ? memory_bytes_ - limits_.memory_bytes : 0;
    if (excess == 0) return 0;
    forget_if([&](const parcel& p) {
        if (excess == 0 || !waits(p)) return false;
        excess -= std::min(excess, p.bytes.size());
        spans += p.spans;
        return true;
    });
    return spans;
}

std::uint64_t delivery_queue::drop_all() {
    std::uint64_t spans = 0;
    forget_if([&](const parcel& p) {
        if (!waits(p)) return false;
        spans += p.spans;
        return true;
    });
    return spans;
}

std::vector<parcel_pointer> delivery_queue::settled_while_writing() const {
    std::vector<parcel_pointer> out;
    for (const auto& p : parcels_)
        if (p->where == parcel::place::writing && p->settled.load(std::memory_order_relaxed)) out.push_back(p);
    return out;
}

std::uint64_t delivery_queue::waiting_spans(scope in) const {
    if (in == scope::memory) return waiting_spans_;
    std::uint64_t spans = 0;
    for (const auto& p : parcels_)
        if (may_be_sent(*p, in)) spans += p->spans;
    return spans;
}

std::optional<time_point> delivery_queue::oldest_waiting(scope in) const {
    for (const auto& p : parcels_)
        if (may_be_sent(*p, in)) return p->oldest;
    return std::nullopt;
}

}  // namespace outrider::exporting
