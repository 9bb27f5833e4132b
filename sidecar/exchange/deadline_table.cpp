#include "sidecar/exchange/deadline_table.hpp"

#include <algorithm>
#include <cstring>
#include <random>

namespace outrider::exchange {
namespace {

std::uint64_t random_secret() {
    std::random_device source;
    return static_cast<std::uint64_t>(source()) << 32 | source();
}

/// The finalizer of MurmurHash3: every bit of the input changes half of the output's.
std::uint64_t mixed(std::uint64_t x) {
    x = (x ^ x >> 33) * 0xff51afd7ed558ccdULL;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return x ^ x >> 33;
}

}  // namespace

deadline_table::deadline_table() : deadline_table(random_secret()) {}
deadline_table::deadline_table(std::uint64_t secret) : secret_(secret) {}

std::size_t deadline_table::set_of(const tracing::trace_id& trace) const {
    std::uint64_t high = 0, low = 0;
    std::memcpy(&high, trace.bytes.data(), sizeof high);
    std::memcpy(&low, trace.bytes.data() + sizeof high, sizeof low);
    return mixed(mixed(high ^ secret_) ^ low) % sets;
}

/// A free entry of a locked set, or one that gives way.
deadline_table::entry& deadline_table::make_room(set& in, time_point now) {
    entry* oldest = nullptr;
    for (auto& each : in.entries) {
        if (each.serial == 0) {
            ++in.used;
            return each;
        }
        bool expired = each.deadline <= now;
        if (expired) return each;
        if (!oldest || each.serial < oldest->serial) oldest = &each;
    }
    driven_out_.fetch_add(1, std::memory_order_relaxed);
    return *oldest;
}

deadline_table::ticket deadline_table::remember(const tracing::trace_id& trace, time_point deadline, time_point now) {
    std::call_once(made_, [this] {
        owned_ = std::make_unique<std::array<set, sets>>();
        sets_.store(owned_.get(), std::memory_order_release);
    });
    auto number = set_of(trace);
    auto& in = (*owned_)[number];
    std::lock_guard lock{in.mutex};
    auto& place = make_room(in, now);
    place = {trace, deadline, in.next_serial++};
    return {static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(&place - in.entries.data()), place.serial};
}

void deadline_table::forget(const ticket& which) {
    auto* all = sets_.load(std::memory_order_acquire);
    if (!all || which.serial == 0) return;
    auto& in = (*all)[which.set];
    std::lock_guard lock{in.mutex};
    auto& place = in.entries[which.way];
    if (place.serial != which.serial) return;
    place.serial = 0;
    --in.used;
}

std::optional<deadline_table::time_point> deadline_table::find(const tracing::trace_id& trace) const {
    auto* all = sets_.load(std::memory_order_acquire);
    if (!all) return std::nullopt;
    auto& in = (*all)[set_of(trace)];
    std::optional<time_point> latest;
    std::lock_guard lock{in.mutex};
    if (in.used == 0) return latest;
    for (const auto& each : in.entries)
        if (each.serial != 0 && each.trace == trace) latest = std::max(latest.value_or(each.deadline), each.deadline);
    return latest;
}

std::size_t deadline_table::size() const {
    auto* all = sets_.load(std::memory_order_acquire);
    std::size_t out = 0;
    for (std::size_t i = 0; all && i < sets; ++i) {
        std::lock_guard lock{(*all)[i].mutex};
        out += (*all)[i].used;
    }
    return out;
}

}  // namespace outrider::exchange
