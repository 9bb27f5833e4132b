#include "sidecar/exchange/applications.hpp"

#include <algorithm>

namespace outrider::exchange {

application_health& applications::named(std::string_view name) {
    auto found = std::find_if(all_.begin(), all_.end(), [&](const one& each) { return each.name == name; });
    if (found != all_.end()) return found->health;
    auto& made = all_.emplace_back();
    made.name = name;
    made.health.on_change = [this] {
        if (on_change) on_change();
    };
    return made.health;
}

std::string applications::why() const {
    std::string out;
    for (const auto& each : all_) {
        auto reasons = each.health.why();
        if (reasons.empty()) continue;
        if (!out.empty()) out += "; ";
        out += reasons;
    }
    return out;
}

std::optional<std::chrono::system_clock::time_point> applications::sick_since() const {
    std::optional<std::chrono::system_clock::time_point> out;
    for (const auto& each : all_) {
        if (!each.health.sick()) continue;
        const auto since = each.health.sick_since();
        out = out ? std::min(*out, since) : since;
    }
    return out;
}

}  // namespace outrider::exchange
