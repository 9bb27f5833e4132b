#include "sidecar/collector/vocabulary_shelf.hpp"

namespace outrider::collector {

vocabulary_shelf::vocabulary_shelf(std::size_t most_bytes, const governance::hash_secret& secret)
    : most_bytes_(most_bytes), secret_(secret) {
    begin(current_);
}

void vocabulary_shelf::begin(std::uint8_t slot) {
    shelf_[slot] = std::make_unique<span_vocabulary>(most_bytes_, secret_);
    current_ = slot;
}

std::uint8_t vocabulary_shelf::current() {
    if (!shelf_[current_]->full()) return current_;
    for (unsigned slot = 1; slot < shelf_.size(); ++slot) {
        if (shelf_[slot]) continue;
        const auto old = current_;
        shelf_[old]->freeze();
        retired_bytes_ += shelf_[old]->memory();
        begin(static_cast<std::uint8_t>(slot));
        if (spans_[old] == 0) {
            ++spans_[old];
            release(old);
        }
        break;
    }
    return current_;  // none is free: the full one serves on, and texts that it does not know stand for themselves
}

void vocabulary_shelf::release(std::uint8_t slot) {
    if (--spans_[slot] > 0 || slot == current_) return;
    retired_bytes_ -= shelf_[slot]->memory();
    shelf_[slot].reset();
}

}  // namespace outrider::collector
