#include "sidecar/http/endpoint_table.hpp"

#include <algorithm>
#include <unordered_map>

#include "sidecar/config/endpoint.hpp"

namespace outrider::http {
namespace {

using member_list = std::vector<config::upstream_endpoint>;

bool any_tls(const member_list& list) {
    return std::any_of(list.begin(), list.end(), [](const auto& each) { return each.tls; });
}

/// For each member its index in `former`, or one beyond it.
std::vector<std::size_t> places_in(const member_list& former, const member_list& list) {
    std::unordered_map<std::string, std::size_t> known;
    for (std::size_t i = 0; i < former.size(); ++i) known.emplace(config::to_text(former[i]), i);
    std::vector<std::size_t> out;
    out.reserve(list.size());
    for (const auto& each : list) {
        const auto found = known.find(config::to_text(each));
        out.push_back(found == known.end() ? former.size() : found->second);
    }
    return out;
}

}  // namespace

endpoint_table::endpoint_table(const config::settings& settings) {
    for (const auto& [name, upstream] : settings.upstreams) {
        auto made = std::make_shared<upstream_members>();
        made->list = upstream.endpoints;
        if (made->list.size() > 1)
            made->balancer = std::make_shared<governance::balancer>(made->list.size(), governance::steady_clock::now());
        // Also where only a registry will tell: a file that cannot be read is to be known at the start.
        const bool configured =
            upstream.discover && (upstream.discover->tls || !(upstream.tls == config::tls_client{}));
        if (any_tls(made->list) || configured) made->tls = std::make_shared<net::tls_context>(upstream.tls);
        if (made->list.empty()) made->why_none = "its registry has not answered yet";
        entries_.emplace(name, entry{upstream.tls, std::move(made)});
    }
}

members_handle endpoint_table::find(std::string_view upstream) const {
    const std::lock_guard lock(mutex_);
    const auto found = entries_.find(upstream);
    return found == entries_.end() ? nullptr : found->second.now;
}

std::vector<std::pair<std::string, members_handle>> endpoint_table::all() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::string, members_handle>> out;
    for (const auto& [name, each] : entries_) out.emplace_back(name, each.now);
    return out;
}

members_handle endpoint_table::replace(const std::string& upstream, member_list list, std::string why_none,
                                       governance::time_point now) {
    const std::lock_guard lock(mutex_);
    auto& known = entries_.at(upstream);
    const auto former = known.now;
    auto made = std::make_shared<upstream_members>();
    made->list = std::move(list);
    made->why_none = std::move(why_none);
    made->tls = former->tls;
    if (!made->tls && any_tls(made->list)) made->tls = std::make_shared<net::tls_context>(known.tls);
    if (!made->list.empty())
        made->balancer = former->balancer ? std::make_shared<governance::balancer>(
                                                *former->balancer, places_in(former->list, made->list), now)
                                          : std::make_shared<governance::balancer>(made->list.size(), now);
    known.now = std::move(made);
    return known.now;
}

std::optional<endpoint_table::place> endpoint_table::locate(std::string_view upstream,
                                                            const config::upstream_endpoint& member) const {
    const auto members = find(upstream);
    if (!members || !members->balancer) return std::nullopt;
    const auto found = std::find(members->list.begin(), members->list.end(), member);
    if (found == members->list.end()) return std::nullopt;
    return place{members->balancer, static_cast<std::size_t>(found - members->list.begin())};
}

std::vector<std::pair<std::string, std::string>> endpoint_table::reload_certificates() {
    std::vector<std::pair<std::string, std::string>> errors;
    for (const auto& [name, members] : all()) {
        auto error = members->tls ? members->tls->reload_if_changed() : std::string{};
        if (!error.empty()) errors.emplace_back(name, std::move(error));
    }
    return errors;
}

}  // namespace outrider::http
