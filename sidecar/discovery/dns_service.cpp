#include "sidecar/discovery/dns_service.hpp"

#include <algorithm>
#include <tuple>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/discovery/dns_channel.hpp"

namespace outrider::discovery {
namespace {

const char* name_of(dns_type type) { return type == dns_type::a ? "A" : type == dns_type::aaaa ? "AAAA" : "SRV"; }

bool by_text(const config::upstream_endpoint& a, const config::upstream_endpoint& b) {
    return std::tie(a.address.host, a.address.port) < std::tie(b.address.host, b.address.port);
}

}  // namespace

dns_service::dns_service(const std::string& asked) {
    config::endpoint target;
    if (asked.starts_with('_') || !config::parse_target(asked, target).empty()) {
        srv_name_ = asked;
        return;
    }
    host_ = target.host;
    port_ = target.port;
}

void dns_service::ask(const dns_asker& asker, std::function<void(dns_round)> ended) {
    asker_ = asker;
    ended_ = std::move(ended);
    targets_.clear();
    failure_.clear();
    services_failed_ = false;
    good_for_ = most_ttl;
    pending_ = 1;  // the asking itself: answers may come at once
    for (auto& [name, each] : hosts_) each.v4.failed = each.v6.failed = false;
    if (!host_.empty()) {
        targets_.emplace_back(host_, port_);
        ask_host(host_);
    } else {
        ++pending_;
        asker_(srv_name_, dns_type::srv, [self = weak_from_this()](const dns_reply& reply) {
            if (auto alive = self.lock()) alive->take_services(reply);
        });
    }
    one_less();
}

void dns_service::ask_host(const std::string& name) {
    hosts_.try_emplace(name);
    for (const auto type : {dns_type::a, dns_type::aaaa}) {
        ++pending_;
        asker_(name, type, [self = weak_from_this(), name, type](const dns_reply& reply) {
            if (auto alive = self.lock()) alive->take_addresses(name, type, reply);
        });
    }
}

/// Those of the lowest priority (RFC 2782); a target is a host name, or it is nothing.
void dns_service::take_services(const dns_reply& reply) {
    if (reply.how == dns_reply::outcome::failed) {
        services_failed_ = true;
        failure_ = srv_name_ + " SRV: " + reply.why;
        return one_less();
    }
    if (reply.how == dns_reply::outcome::answered) live_for(reply.answer.ttl);
    const auto& all = reply.answer.services;
    std::uint16_t lowest = 0xffff;
    for (const auto& each : all) lowest = std::min(lowest, each.priority);
    std::set<std::string> names;
    for (const auto& each : all) {
        config::endpoint checked;
        if (each.priority != lowest || each.target.empty()) continue;
        if (!config::parse_target(each.target + ":" + std::to_string(each.port), checked).empty()) continue;
        if (names.size() == most_targets && !names.contains(each.target)) continue;
        names.insert(each.target);
        targets_.emplace_back(each.target, each.port);
        ignores_weights_ = ignores_weights_ || each.weight != all.front().weight;
    }
    std::erase_if(hosts_, [&](const auto& known) { return !names.contains(known.first); });
    for (const auto& name : names) ask_host(name);
    one_less();
}

void dns_service::take_addresses(const std::string& name, dns_type type, const dns_reply& reply) {
    auto& known = hosts_[name];
    auto& of = type == dns_type::a ? known.v4 : known.v6;
    of.failed = reply.how == dns_reply::outcome::failed;
    if (of.failed) {
        if (failure_.empty()) failure_ = name + " " + name_of(type) + ": " + reply.why;
    } else {
        of.known = true;
        of.addresses = reply.answer.addresses;
        if (reply.how == dns_reply::outcome::answered) live_for(reply.answer.ttl);
    }
    one_less();
}

void dns_service::live_for(std::uint32_t ttl) { good_for_ = std::min(good_for_, std::chrono::seconds{ttl}); }

void dns_service::one_less() {
    if (--pending_ == 0) finish();
}

void dns_service::add_members(const host& of, std::uint16_t port, member_list& out) const {
    for (const auto* each : {&of.v4, &of.v6})
        for (const auto& address : each->addresses) out.push_back({{address, port}, false});
}

/// What is known is used as long as something could be asked; an answer that names nobody counts only when nothing is
/// missing in it.
void dns_service::finish() {
    dns_round out;
    bool any_failed = services_failed_, all_failed = services_failed_ || !targets_.empty();
    for (const auto& [name, port] : targets_) {
        const auto& known = hosts_[name];
        any_failed = any_failed || known.v4.failed || known.v6.failed;
        all_failed = all_failed && known.v4.failed && known.v6.failed;
        add_members(known, port, out.members);
    }
    if (all_failed || (any_failed && out.members.empty())) {
        out.members.clear();
        out.failure = failure_;
    }
    std::sort(out.members.begin(), out.members.end(), by_text);
    out.members.erase(std::unique(out.members.begin(), out.members.end()), out.members.end());
    if (out.members.empty() || any_failed) live_for(static_cast<std::uint32_t>(ttl_of_nobody.count()));
    out.good_for = std::max(good_for_, least_ttl);
    asker_ = nullptr;
    const auto tell = std::move(ended_);
    tell(std::move(out));
}

}  // namespace outrider::discovery
