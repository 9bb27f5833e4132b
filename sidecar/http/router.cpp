#include "sidecar/http/router.hpp"

#include <algorithm>

#include "sidecar/http/data_path.hpp"
#include "sidecar/http/lower_case.hpp"

namespace outrider::http {
namespace {

using exchange::failure_code;
using exchange::origin;

route refuse(failure_code code, std::string detail) {
    return {nullptr, {code, origin::self, false}, std::move(detail)};
}

route refuse_unknown(const authority& host) {
    return refuse(failure_code::unknown_host, "no upstream is called '" + lower_case(host.host) +
                                                  "', and outbound.unknown_host is 'refuse'; add it under upstreams");
}

bool speaks_tls(const upstream_members& members) {
    return std::any_of(members.list.begin(), members.list.end(), [](auto& each) { return each.tls; });
}

}  // namespace

router::router(const shared_setup& shared) : shared_(shared) {
    exchange::target_index index = 0;
    for (const auto& [name, configured] : shared.settings.upstreams) {
        while (shared.targets[index] != name) ++index;
        auto members = shared.endpoints.find(name);
        auto made = std::make_shared<upstream>(name, index, configured, members->tls, members);
        // A virtual host on the other side knows itself by its own name.
        made->rewrite_host = speaks_tls(*members);
        // Addresses that a registry gives are nobody's considered word.
        made->must_guard = configured.discover.has_value();
        named_.emplace(lower_case(name), std::move(made));
    }
}

std::shared_ptr<upstream> router::named(const std::string& name) const {
    auto found = named_.find(lower_case(name));
    return found == named_.end() ? nullptr : found->second;
}

std::shared_ptr<upstream> router::named(const authority& host) const {
    // Most come in lower case already.
    if (auto found = named_.find(host.host); found != named_.end()) return found->second;
    auto name = lower_case(host.host);
    if (auto found = named_.find(name); found != named_.end()) return found->second;
    if (!host.port) return nullptr;
    auto found = named_.find(name + ":" + std::to_string(*host.port));
    return found == named_.end() ? nullptr : found->second;
}

void router::take_over(const std::string& name, const upstream_members& members) {
    auto found = named(name);
    if (!found) return;
    found->take_over(members);
    found->rewrite_host = speaks_tls(members);
}

bool router::names_listener(const authority& host, const listener_role& role) const {
    auto port = host.port.value_or(80);
    if (port != role.bound.port()) return false;
    if (same_name(host.host, "localhost")) return true;
    if (auto literal = net::literal_address(std::string{host.host})) {
        return *literal == role.bound.address() || literal->is_loopback() || literal->is_unspecified();
    }
    return false;
}

route router::find(const request_facts& facts, const listener_role& role, net::steady_clock::time_point now) {
    const auto& host = facts.host;
    if (host.host.empty())
        return refuse(failure_code::misdirected,
                      "the request names no host; send Host, or use the listener of an upstream");
    if (auto found = named(host)) return {std::move(found), {}, {}};
    if (names_listener(host, role))
        return refuse(failure_code::misdirected,
                      "Host names the sidecar's outbound listener itself. Either set Host to the upstream's name, or "
                      "set HTTP_PROXY to "
                      "this listener, or give the upstream a listener of its own (upstreams.NAME.listen) and use that "
                      "as base URL");
    if (shared_.settings.outbound.unknown_host == config::unknown_host::refuse) return refuse_unknown(host);
    return dynamic(host, facts.https, now);
}

route router::find_intercepted(const request_facts& facts, const std::shared_ptr<upstream>& destination) const {
    if (auto found = named(facts.host)) return {std::move(found), {}, {}};
    if (shared_.settings.outbound.unknown_host == config::unknown_host::refuse) return refuse_unknown(facts.host);
    return {destination, {}, {}};
}

std::shared_ptr<upstream> router::intercepted(const net::tcp_endpoint& where, listener_kind kind,
                                              net::steady_clock::time_point now) {
    const bool in = kind == listener_kind::inbound;
    const auto text = net::text_of(where);
    auto key = (in ? "to the application " : "from it ") + text;
    if (auto found = intercepted_.find(key); found != intercepted_.end()) {
        found->second->last_used = now;
        return found->second;
    }
    if (intercepted_.size() >= most_dynamic) forget_oldest(intercepted_);
    config::upstream made;
    made.endpoints.push_back({{where.address().to_string(), where.port()}, false});
    auto target = in ? std::make_shared<upstream>(shared_.targets.front(), exchange::target_index{0}, made, nullptr)
                     : std::make_shared<upstream>(text, shared_.dynamic_target, made, nullptr);
    target->last_used = now;
    intercepted_.emplace(std::move(key), target);
    return target;
}

route router::find_tunnel(const request_facts& facts, net::steady_clock::time_point now) {
    auto name = lower_case(facts.host.host);
    if (auto found = named_.find(name); found != named_.end()) return {found->second, {}, {}};
    if (shared_.settings.outbound.unknown_host == config::unknown_host::refuse)
        return refuse(failure_code::unknown_host,
                      "no upstream is called '" + name + "', and outbound.unknown_host is 'refuse'");
    return dynamic(facts.host, false, now);
}

route router::dynamic(const authority& host, bool https, net::steady_clock::time_point now) {
    auto port = host.port.value_or(https ? 443 : 80);
    if (port == 0) return refuse(failure_code::misdirected, "port 0 cannot be connected to");
    auto name = lower_case(host.host);
    auto key = (https ? "https://" : "http://") + name + ":" + std::to_string(port);
    if (auto found = dynamic_.find(key); found != dynamic_.end()) {
        found->second->last_used = now;
        return {found->second, {}, {}};
    }
    if (dynamic_.size() >= most_dynamic) forget_oldest(dynamic_);
    config::upstream made;
    made.endpoints.push_back({{name, port}, https});
    auto target =
        std::make_shared<upstream>(name, shared_.dynamic_target, made, https ? shared_.dynamic_tls() : nullptr);
    target->must_guard = true;
    target->last_used = now;
    dynamic_.emplace(std::move(key), target);
    return {target, {}, {}};
}

void router::forget_oldest(targets& from) {
    auto oldest = std::min_element(from.begin(), from.end(),
                                   [](auto& a, auto& b) { return a.second->last_used < b.second->last_used; });
    if (oldest != from.end()) from.erase(oldest);
}

void router::close_idle(net::steady_clock::time_point now) {
    auto longest = shared_.settings.timeouts.upstream_idle;
    for (auto& [name, target] : named_) target->close_idle(now, longest);
    for (auto& [name, target] : dynamic_) target->close_idle(now, longest);
    for (auto& [where, target] : intercepted_) target->close_idle(now, longest);
}

}  // namespace outrider::http
