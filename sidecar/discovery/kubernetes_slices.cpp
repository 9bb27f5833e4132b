#include "sidecar/discovery/kubernetes_slices.hpp"

#include <algorithm>
#include <tuple>

#include "sidecar/config/endpoint.hpp"

namespace outrider::discovery {
namespace {

constexpr std::size_t most_slices = 200;
constexpr std::size_t version_bytes = 256;
constexpr std::array<const char*, 3> families{"IPv4", "IPv6", "FQDN"};  // in the order of preference

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// A name as Kubernetes has them (RFC 1123), of services, namespaces and ports.
bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 63 && text.front() != '-' && text.back() != '-' &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

std::string version_in(const json& object) {
    const auto* metadata = member_of(object, "metadata");
    auto version = metadata != nullptr ? text_of(*metadata, "resourceVersion") : std::string{};
    return version.size() > version_bytes ? std::string{} : version;
}

bool before(const config::upstream_endpoint& a, const config::upstream_endpoint& b) {
    return std::tie(a.address.host, a.address.port, a.tls) < std::tie(b.address.host, b.address.port, b.tls);
}

}  // namespace

std::string read_kubernetes_service(const std::string& text, const std::string& own_namespace,
                                    kubernetes_service& out) {
    const auto colon = text.find(':');
    const auto whole = text.substr(0, colon);
    out.port = colon == std::string::npos ? std::string{} : text.substr(colon + 1);
    out.name = whole;
    out.space = own_namespace;
    if (const auto slash = whole.find('/'); slash != std::string::npos) {
        out.space = whole.substr(0, slash);
        out.name = whole.substr(slash + 1);
    } else if (const auto dot = whole.find('.'); dot != std::string::npos) {
        out.name = whole.substr(0, dot);
        out.space = whole.substr(dot + 1, whole.find(".svc", dot + 1) - dot - 1);
    }
    const auto quoted = "'" + shown(text) + "'";
    if (!is_name(out.name)) return quoted + " does not begin with the name of a service; write name.namespace:port";
    if (!is_name(out.space)) return quoted + " names no namespace; write name.namespace:port";
    if (colon != std::string::npos && !is_name(out.port)) return quoted + " has a colon but no port after it";
    return {};
}

std::string kubernetes_slices::take_list(const json& answer) {
    const auto* items = member_of(answer, "items");
    version_ = version_in(answer);
    if (version_.empty()) return "a list without a resourceVersion";
    if (items != nullptr && !items->is_array()) return "a list whose items are none";
    slices_.clear();
    more_ = false;
    if (items == nullptr) return {};
    for (const auto& item : *items)
        if (!take_slice(item)) return "a slice without a name";
    return {};
}

bool kubernetes_slices::take_slice(const json& object) {
    const auto* metadata = member_of(object, "metadata");
    auto name = metadata != nullptr ? text_of(*metadata, "name") : std::string{};
    if (name.empty() || name.size() > 253) return false;
    if (!slices_.contains(name) && slices_.size() == most_slices) {
        more_ = true;
        return true;
    }
    slices_.insert_or_assign(std::move(name), read_slice(object));
    return true;
}

kubernetes_slices::effect kubernetes_slices::take_event(const json& event) {
    const auto type = text_of(event, "type");
    const auto* object = member_of(event, "object");
    why_ = "an event of no known form: " + shown(write_json(event));
    if (object == nullptr) return effect::broken;
    if (type == "ERROR") {
        why_ = "the watch ends: " + shown(text_of(*object, "message"));
        return number_of(*object, "code") == 410U ? effect::list_again : effect::broken;
    }
    if (auto version = version_in(*object); !version.empty()) version_ = std::move(version);
    if (type == "BOOKMARK") return effect::none;
    if (type == "ADDED" || type == "MODIFIED") return take_slice(*object) ? effect::changed : effect::broken;
    if (type != "DELETED") return effect::none;  // one that is yet to be invented
    const auto* metadata = member_of(*object, "metadata");
    if (metadata == nullptr) return effect::broken;
    slices_.erase(text_of(*metadata, "name"));
    return more_ ? effect::list_again : effect::changed;
}

kubernetes_slices::slice kubernetes_slices::read_slice(const json& object) const {
    slice out;
    const auto type = text_of(object, "addressType");
    while (out.family < families.size() && type != families[out.family]) ++out.family;
    const auto* endpoints = member_of(object, "endpoints");
    if (endpoints == nullptr || !endpoints->is_array() || endpoints->empty()) return out;
    const auto port = choose_port(object);
    if (out.family == families.size())
        out.skip("a slice of the address type '" + shown(type) + "'");
    else if (!port)
        out.skip(port_.empty() ? "a slice without a port" : "a slice without the port " + shown(port_));
    else
        for (const auto& endpoint : *endpoints) read_endpoint(endpoint, *port, out);
    return out;
}

void kubernetes_slices::slice::skip(std::string why) {
    ++skipped;
    if (why_skipped.empty()) why_skipped = std::move(why);
}

/// The first address counts; what further ones mean is not defined.
void kubernetes_slices::read_endpoint(const json& endpoint, port_choice port, slice& into) const {
    if (into.members.size() == most_members) return into.skip("a slice of more than " + std::to_string(most_members));
    const auto* addresses = member_of(endpoint, "addresses");
    if (addresses == nullptr || !addresses->is_array() || addresses->empty() || !addresses->front().is_string())
        return into.skip("an endpoint without an address");
    const auto& host = addresses->front().get_ref<const std::string&>();
    const bool v6 = host.find(':') != std::string::npos;
    member one{{}, state_of(endpoint)};
    const auto text =
        (port.tls ? "https://" : "http://") + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port.number);
    if (auto wrong = config::parse_upstream_endpoint(text, one.where); !wrong.empty()) return into.skip(shown(wrong));
    into.members.push_back(std::move(one));
}

/// "ready" unknown is ready (the API's rule); "serving" is that without regard to ending.
kubernetes_slices::state kubernetes_slices::state_of(const json& endpoint) {
    const auto* conditions = member_of(endpoint, "conditions");
    if (conditions == nullptr || flag_of(*conditions, "ready").value_or(true)) return state::ready;
    const bool serving = flag_of(*conditions, "serving").value_or(false);
    return serving && flag_of(*conditions, "terminating").value_or(false) ? state::serving : state::out;
}

std::optional<kubernetes_slices::port_choice> kubernetes_slices::choose_port(const json& object) const {
    std::optional<port_choice> chosen, first;
    const auto* ports = member_of(object, "ports");
    if (ports == nullptr || !ports->is_array()) {
        // No list means all ports: a number can be taken at its word.
        if (!is_number(port_) || port_.size() > 5 || std::stoul(port_) - 1 >= 65'535) return std::nullopt;
        return port_choice{static_cast<std::uint16_t>(std::stoul(port_)), false};
    }
    for (const auto& port : *ports) {
        const auto number = number_of(port, "port").value_or(0);
        const auto protocol = text_of(port, "protocol");
        if (number == 0 || number > 65'535 || (!protocol.empty() && protocol != "TCP")) continue;
        const auto name = text_of(port, "name");
        const auto application = text_of(port, "appProtocol");
        const port_choice this_one{static_cast<std::uint16_t>(number), application == "https" || name == "https"};
        if (!first) first = this_one;
        const bool wanted = port_.empty() ? name == "http" || name == "https"
                                          : name == port_ || (is_number(port_) && std::to_string(number) == port_);
        if (wanted && !chosen) chosen = this_one;
    }
    return chosen || !port_.empty() ? chosen : first;
}

member_list kubernetes_slices::members_of(unsigned family, state wanted) const {
    member_list out;
    for (const auto& [name, one] : slices_)
        for (const auto& each : one.members)
            if (one.family == family && each.is == wanted) out.push_back(each.where);
    std::sort(out.begin(), out.end(), before);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    if (out.size() > most_members) out.resize(most_members);
    return out;
}

member_list kubernetes_slices::members() const {
    for (const auto wanted : {state::ready, state::serving})
        for (unsigned family = 0; family < families.size(); ++family)
            if (auto found = members_of(family, wanted); !found.empty()) return found;
    return {};
}

bool kubernetes_slices::any_out() const {
    const auto out = [](const member& one) { return one.is == state::out; };
    return std::any_of(slices_.begin(), slices_.end(),
                       [&](const auto& named) { return std::ranges::any_of(named.second.members, out); });
}

std::size_t kubernetes_slices::skipped() const {
    std::size_t out = more_ ? 1 : 0;
    for (const auto& [name, one] : slices_) out += one.skipped;
    return out;
}

std::string kubernetes_slices::why_skipped() const {
    for (const auto& [name, one] : slices_)
        if (one.skipped != 0) return shown(name) + ": " + one.why_skipped;
    return more_ ? "there are more than " + std::to_string(most_slices) + " slices" : std::string{};
}

}  // namespace outrider::discovery
