// What a sidecar tells the collector of itself: gathered of what its pages show.

#include <algorithm>

#include "sidecar/app/sidecar.hpp"
#include "sidecar/config/endpoint.hpp"

namespace outrider::app {
namespace {

using governance::target_state;

std::string_view verdict_of(target_state state) {
    return state == target_state::up ? "up" : state == target_state::down ? "down" : "unknown";
}

std::string_view kind_of(discovery::target_kind kind) {
    switch (kind) {
        case discovery::target_kind::application:
            return "application";
        case discovery::target_kind::upstream:
            return "upstream";
        case discovery::target_kind::kafka:
            return "kafka";
    }
    return "upstream";
}

void add_targets(const discovery::health_board& board, std::vector<dependency_view>& to) {
    for (auto& one : board.look())
        to.push_back({std::move(one.name), kind_of(one.of), std::move(one.endpoint), verdict_of(one.state),
                      one.state == target_state::up ? std::string{} : std::move(one.text)});
}

/// Endpoints that probes have nothing to say of, and those that traffic ejected.
void add_endpoints(const http::shared_setup& setup, governance::time_point now, std::vector<dependency_view>& to) {
    for (const auto& [name, members] : setup.endpoints.all()) {
        if (!members->balancer) continue;
        const auto seen = members->balancer->look(now);
        for (std::size_t i = 0; i < seen.size(); ++i) {
            const auto endpoint = members->list[i].address.text();
            const auto probed =
                std::find_if(to.begin(), to.end(), [&, which = std::string_view{name}](const auto& one) {
                    return one.kind == "upstream" && one.name == which && one.endpoint == endpoint;
                });
            if (probed != to.end()) {
                if (!seen[i].ejected || probed->verdict == "down") continue;
                probed->verdict = "ejected";
                probed->reason = seen[i].why;
                continue;
            }
            to.push_back({name, "upstream", endpoint,
                          seen[i].ejected ? "ejected"
                          : seen[i].down  ? "down"
                                          : "unknown",
                          seen[i].ejected ? seen[i].why : seen[i].why_down});
        }
    }
}

void add_registries(const discovery::directory& from, std::vector<dependency_view>& to) {
    for (const auto& [name, status] : from.registries())
        to.push_back({name, "registry", {}, status.reachable ? "up" : "down", status.problem});
}

bool is_error(const exchange::request_table::row& row) { return row.status == 0 || row.status >= 500; }

}  // namespace

std::vector<std::pair<std::string_view, traffic_rate>> sidecar::rates(governance::time_point now) {
    traffic_totals inbound, outbound, produce, consume;
    for (const auto& each : lanes_) {
        const auto& m = each->path->metrics;
        for (std::size_t i = 0; i < m.durations.size(); ++i) add(m.durations[i], i == 0 ? inbound : outbound);
        for (const auto& row : m.requests.rows())
            if (is_error(row)) (row.target == 0 ? inbound : outbound).errors += row.count;
        for (const auto& cluster : each->clusters)
            cluster->metrics.each_topic([&](const exchange::topic_metrics& topic) {
                produce.count += topic.sent_records.value();
                produce.errors += topic.send_errors.value();
                consume.count += topic.fetched_records.value();
                consume.errors += topic.fetch_errors.value();
            });
    }
    std::vector<std::pair<std::string_view, traffic_rate>> out;
    const auto note = [&](std::string_view way, const traffic_totals& totals) {
        if (const auto rate = meters_[way].note(totals, now)) out.emplace_back(way, *rate);
    };
    note("inbound", inbound);
    note("outbound", outbound);
    if (clusters_.empty()) return out;
    note("produce", produce);
    note("consume", consume);
    return out;
}

/// On the sender's thread.
encoded_card sidecar::card(bool stopped) {
    const auto now = governance::steady_clock::now();
    own_card out;
    out.secret = secret_;
    out.service = configuration_.value.service;
    out.instance = configuration_.value.instance;
    out.stopped = stopped;
    out.started = created_;
    out.health = monitor_->verdict();
    add_targets(monitor_->board(), out.dependencies);
    add_endpoints(*shared_, now, out.dependencies);
    add_registries(*directory_, out.dependencies);
    out.policies = policies_->current();
    for (const auto& each : lanes_) add_counts(each->path->governor.counts, out.counts);
    out.rates = rates(now);
    return encode(out, now, std::chrono::system_clock::now());
}

}  // namespace outrider::app
