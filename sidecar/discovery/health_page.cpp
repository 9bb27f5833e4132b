// The board as JSON.

#include "sidecar/discovery/health_board.hpp"
#include "sidecar/net/utc_text.hpp"

namespace outrider::discovery {
namespace {

using std::chrono::system_clock;

/// Steady times as those of the wall.
struct wall_clock {
    governance::time_point now;
    system_clock::time_point wall;
    std::string operator()(governance::time_point when) const {
        return net::utc_text(wall + std::chrono::duration_cast<system_clock::duration>(when - now));
    }
};

nlohmann::json reasons_json(const governance::health_verdict& verdict, const wall_clock& at) {
    auto out = nlohmann::json::array();
    for (const auto& each : verdict.reasons)
        out.push_back({{"what", each.what}, {"text", each.text}, {"since", at(each.since)}});
    return out;
}

std::string_view part_text(const health_target& what) {
    if (what.of == target_kind::application) return "application";
    return what.how.required ? "required dependency" : "dependency";
}

}  // namespace

nlohmann::json health_board::target_json(const entry& which, time_point now, system_clock::time_point wall) const {
    const wall_clock at{now, wall};
    auto results = nlohmann::json::array();
    for (const auto& each : which.results)
        results.push_back(
            {{"at", at(each.at)}, {"good", each.good}, {"latency_ms", each.took_ms}, {"text", each.text}});
    return {{"target", which.what.label()},
            {"kind", which.what.kind()},
            {"part", part_text(which.what)},
            {"state", name_of(which.health.state())},
            {"since", at(which.health.since())},
            {"text", which.health.text()},
            {"in_a_row", which.health.in_a_row()},
            {"last", results.empty() ? nlohmann::json() : results.back()},
            {"probes", {{"success", which.successes}, {"failure", which.failures}, {"timeout", which.timeouts}}},
            {"history", std::move(results)}};
}

nlohmann::json health_board::page(time_point now, system_clock::time_point wall) const {
    const std::lock_guard held(mutex_);
    const wall_clock at{now, wall};
    const auto& verdict = machine_.verdict();
    auto targets = nlohmann::json::array(), changes = nlohmann::json::array();
    for (const auto& [id, each] : targets_) targets.push_back(target_json(each, now, wall));
    for (const auto& each : machine_.changes())
        changes.push_back(
            {{"at", at(each.at)}, {"state", name_of(each.to.state)}, {"reasons", reasons_json(each.to, at)}});
    return {{"state", name_of(verdict.state)},
            {"since", at(verdict.since)},
            {"ready", may_get_traffic(verdict.state)},
            {"reasons", reasons_json(verdict, at)},
            {"state_changes", machine_.state_changes()},
            {"targets", std::move(targets)},
            {"changes", std::move(changes)}};
}

}  // namespace outrider::discovery
