#include "sidecar/app/discovery_page.hpp"

#include "sidecar/config/endpoint.hpp"

namespace outrider::app {
namespace {

using admin::metric_type;
using nlohmann::json;

json upstream_json(const discovery::directory::upstream_view& seen) {
    json out{{"registry", seen.registry},
             {"service", seen.service},
             {"endpoints", json::array()},
             {"age_seconds", seen.age.count()},
             {"left_out", seen.left_out}};
    for (const auto& each : seen.members) out["endpoints"].push_back(config::to_text(each));
    if (!seen.problem.empty()) out["problem"] = seen.problem;
    if (seen.members.empty()) out["none_because"] = seen.why_none;
    if (seen.doubts_empty) out["empty_in_doubt"] = true;
    return out;
}

}  // namespace

json discovery_json(const discovery::directory& of) {
    json out{{"upstreams", json::object()}, {"registries", json::object()}};
    for (const auto& each : of.upstreams()) out["upstreams"][each.name] = upstream_json(each);
    for (const auto& [name, status] : of.registries()) {
        auto& one = out["registries"][name] = {
            {"up", status.reachable}, {"registered", status.registered}, {"failures", status.failures}};
        if (!status.problem.empty()) one["problem"] = status.problem;
    }
    return out;
}

void add_discovery(page& out, const discovery::directory& of) {
    for (const auto& each : of.upstreams()) {
        const labels which{{"upstream", each.name}};
        out.add("outrider_discovery_endpoints", "Endpoints of a discovered upstream in use.", metric_type::gauge, which,
                each.members.size());
        out.add("outrider_discovery_age_seconds",
                "How long the registry could not say whether they still hold; 0 while it can be asked.",
                metric_type::gauge, which, static_cast<std::uint64_t>(each.age.count()));
        out.add("outrider_discovery_left_out", "Members that the registry names and that are not used.",
                metric_type::gauge, which, each.left_out);
    }
    for (const auto& [name, status] : of.registries()) {
        const labels which{{"registry", name}};
        out.add("outrider_registry_up", "1 while the registry can be asked.", metric_type::gauge, which,
                status.reachable ? 1 : 0);
        out.add("outrider_registry_registered", "1 while the application stands in it.", metric_type::gauge, which,
                status.registered ? 1 : 0);
        out.add("outrider_registry_failures_total", "Requests to the registry without a usable answer.",
                metric_type::counter, which, status.failures);
    }
}

}  // namespace outrider::app
