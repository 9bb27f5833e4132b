#include "ledger.hpp"

namespace shop {

ledger::decision ledger::charge(const std::string& order, std::int64_t amount) {
    if (amount > limit_) return fail(order, "over the card's limit of " + std::to_string(limit_ / 100));
    return decide(order, {true, true, {}});
}

ledger::decision ledger::fail(const std::string& order, const std::string& reason) {
    return decide(order, {false, true, reason});
}

ledger::decision ledger::decide(const std::string& order, decision wanted) {
    const std::lock_guard lock{mutex_};
    const auto [place, is_new] = decided_.try_emplace(order, wanted);
    auto found = place->second;
    found.is_new = is_new;
    return found;
}

}  // namespace shop
