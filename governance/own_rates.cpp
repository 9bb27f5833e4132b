#include "governance/own_rates.hpp"

#include <bit>

namespace outrider::governance {

own_rates::own_rates(std::size_t keys)
    : mask_(std::bit_ceil(2 * keys + 1) - 1), slots_(std::make_unique<own[]>(mask_ + 1)) {}

void own_rates::add(const key_hash& key, const rate_scale& scale) {
    auto& there = slot(key);
    if (!there.used) ++size_;
    there.key = key;
    there.scale = scale;
    there.used = true;
}

}  // namespace outrider::governance
