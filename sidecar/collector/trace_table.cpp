#include "sidecar/collector/trace_table.hpp"

namespace outrider::collector {

std::uint64_t trace_table::hash_of(const tracing::trace_id& id) const {
    const std::string_view bytes{reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
    return governance::keyed_hash(bytes, secret_).low;
}

std::optional<trace_table::number> trace_table::find(const tracing::trace_id& id) const {
    const auto hash = hash_of(id);
    for (auto at = home(hash); slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
        const auto which = (slots_[at] & number_mask) - 1;
        if (slots_[at] == slot_of(which, hash) && (*this)[which].id == id) return which;
    }
    return std::nullopt;
}

void trace_table::enter(number which, std::uint64_t hash) {
    auto at = home(hash);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = slot_of(which, hash);
}

trace_table::number trace_table::insert(const tracing::trace_id& id) {
    if ((size() + 1) * 3 > slots_.size() * 2) grow();
    number which = end_;
    if (free_.empty()) {
        if (end_ % per_block == 0) traces_.push_back(std::make_unique<held_trace[]>(per_block));
        ++end_;
    } else {
        which = free_.back();
        free_.pop_back();
    }
    auto& fresh = (*this)[which];
    fresh.id = id;
    fresh.alive = true;
    fresh.birth = ++births_;
    enter(which, hash_of(id));
    return which;
}

void trace_table::remove(number which) {
    const auto mask = slots_.size() - 1;
    auto hole = home(hash_of((*this)[which].id));
    while ((slots_[hole] & number_mask) != which + 1) hole = (hole + 1) & mask;
    // Whoever was pushed beyond the hole moves into it, so that no search ends there too early.
    for (auto at = (hole + 1) & mask; slots_[at] != 0; at = (at + 1) & mask) {
        const auto wanted = home(hash_of((*this)[(slots_[at] & number_mask) - 1].id));
        if (((at - wanted) & mask) < ((at - hole) & mask)) continue;
        slots_[hole] = slots_[at];
        hole = at;
    }
    slots_[hole] = 0;
    (*this)[which] = held_trace{};
    free_.push_back(which);
}

void trace_table::grow() {
    slots_.assign(slots_.size() * 2, 0);
    for (number which = 0; which < end_; ++which) {
        if ((*this)[which].alive) enter(which, hash_of((*this)[which].id));
    }
}

std::size_t trace_table::memory() const {
    return traces_.size() * (per_block * sizeof(held_trace) + 24) + (free_.capacity() + slots_.capacity()) * 4;
}

}  // namespace outrider::collector
