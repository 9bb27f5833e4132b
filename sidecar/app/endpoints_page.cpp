#include "sidecar/app/endpoints_page.hpp"

namespace outrider::app {

nlohmann::json endpoints_json(const http::shared_setup& setup, governance::time_point now) {
    auto out = nlohmann::json::object();
    for (const auto& [name, members] : setup.endpoints.all()) {
        const bool discovered = setup.settings.upstreams.at(name).discover.has_value();
        if (!members->balancer && !discovered) continue;
        auto& list = out[name] = nlohmann::json::array();
        if (!members->balancer) continue;
        auto seen = members->balancer->look(now);
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const auto& one = seen[i];
            nlohmann::json each{{"endpoint", members->list[i].address.text()},
                                {"latency_ms", one.latency_ms},
                                {"under_way", one.under_way},
                                {"calls", one.calls},
                                {"failures", one.failures},
                                {"ejections", one.ejections},
                                {"ejected", one.ejected}};
            if (!one.why.empty()) each["why"] = one.why;
            if (one.down) {
                each["down"] = one.why_down;
                each["held_out"] = one.held_out;
            }
            if (one.ejected)
                each["returns_in_ms"] = std::chrono::duration_cast<governance::milliseconds>(one.left).count();
            list.push_back(std::move(each));
        }
    }
    return out;
}

}  // namespace outrider::app
