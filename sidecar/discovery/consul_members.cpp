#include "sidecar/discovery/consul_members.hpp"

#include <algorithm>
#include <charconv>

#include "sidecar/config/endpoint.hpp"

namespace outrider::discovery {
namespace {

const char* status_of(const publication& verdict) { return verdict.ready ? "passing" : "critical"; }

std::string output_of(const publication& verdict) { return verdict.ready ? "ready" : "not ready: " + verdict.why; }

/// @return what is wrong with the entry; empty: nothing
std::string read_entry(const json& entry, config::upstream_endpoint& out) {
    const auto* service = member_of(entry, "Service");
    if (service == nullptr || !service->is_object()) return "an entry without a service";
    auto host = text_of(*service, "Address");
    const auto* node = member_of(entry, "Node");
    if (host.empty() && node != nullptr) host = text_of(*node, "Address");
    const auto port = number_of(*service, "Port").value_or(0);
    if (host.empty() || port == 0 || port > 65'535) return "an instance without an address or a port";
    const bool bare_v6 = host.find(':') != std::string::npos && !host.starts_with('[');
    const auto* meta = member_of(*service, "Meta");
    const bool tls = meta != nullptr && text_of(*meta, "scheme") == "https";
    const auto text = (tls ? "https://" : "http://") + (bare_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
    return shown(config::parse_upstream_endpoint(text, out));
}

bool passes(const json& entry) {
    const auto* checks = member_of(entry, "Checks");
    return checks == nullptr || std::all_of(checks->begin(), checks->end(),
                                            [](const json& one) { return text_of(one, "Status") == "passing"; });
}

bool before(const config::upstream_endpoint& a, const config::upstream_endpoint& b) {
    return std::tie(a.address.host, a.address.port, a.tls) < std::tie(b.address.host, b.address.port, b.tls);
}

}  // namespace

std::optional<consul_list> read_consul_list(const json& answer) {
    if (!answer.is_array()) return std::nullopt;
    consul_list out;
    const auto skip = [&out](std::string why) {
        ++out.skipped;
        if (out.why_skipped.empty()) out.why_skipped = std::move(why);
    };
    for (const auto& entry : answer) {
        config::upstream_endpoint member;
        if (auto wrong = read_entry(entry, member); !wrong.empty()) {
            skip(std::move(wrong));
        } else if (!passes(entry)) {
            out.any_out = true;
        } else if (out.members.size() == most_members) {
            skip("there are more than " + std::to_string(most_members));
        } else {
            out.members.push_back(std::move(member));
        }
    }
    std::sort(out.members.begin(), out.members.end(), before);
    out.members.erase(std::unique(out.members.begin(), out.members.end()), out.members.end());
    return out;
}

void consul_index::take(std::string_view header) {
    std::uint64_t next = 0;
    const auto [end, ec] = std::from_chars(header.data(), header.data() + header.size(), next);
    if (header.empty() || ec != std::errc{} || end != header.data() + header.size()) return reset();
    next = std::max<std::uint64_t>(next, 1);
    value_ = next < value_ ? 0 : next;
}

json consul_service(const std::string& id, const std::string& name, const config::upstream_endpoint& address,
                    std::chrono::milliseconds ttl, std::chrono::seconds deregister_after, const publication& verdict) {
    return {{"ID", id},
            {"Name", name},
            {"Address", address.address.host},
            {"Port", address.address.port},
            {"Meta", {{"scheme", address.tls ? "https" : "http"}, {"outrider", OUTRIDER_VERSION}}},
            {"Check",
             {{"CheckID", "service:" + id},
              {"Name", "readiness as the sidecar sees it"},
              {"TTL", std::to_string(ttl.count()) + "ms"},
              {"Status", status_of(verdict)},
              {"Notes", "the sidecar tells it; without news it is critical"},
              {"DeregisterCriticalServiceAfter", std::to_string(deregister_after.count()) + "s"}}}};
}

json consul_check(const publication& verdict) {
    return {{"Status", status_of(verdict)}, {"Output", output_of(verdict)}};
}

}  // namespace outrider::discovery
