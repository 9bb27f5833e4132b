#include "sidecar/config/validate.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <unistd.h>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/rules.hpp"

namespace outrider::config {
namespace {

/// One of our own listeners with the setting that asks for it.
struct listener {
    std::string path;
    endpoint address;
};

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

bool is_v6(const endpoint& address) { return address.host.find(':') != std::string::npos; }

/// Whether a connection to `target` arrives at a listener on `listen`.
bool reaches(const endpoint& target, const endpoint& listen) {
    if (target.port != listen.port || listen.port == 0) return false;
    const auto name = [](const endpoint& e) {
        return e.host == "localhost" ? std::string{"127.0.0.1"} : lower(e.host);
    };
    return name(target) == name(listen) || (is_any(listen) && is_loopback(target) && is_v6(target) == is_v6(listen));
}

/// Whether both can't be listened on.
bool collide(const endpoint& a, const endpoint& b) {
    if (a.port != b.port || a.port == 0) return false;
    return reaches(a, b) || reaches(b, a) || ((is_any(a) || is_any(b)) && is_v6(a) == is_v6(b));
}

class validation : private rules {
  public:
    using rules::rules;
    void run();

  private:
    void check_service();
    void choose_instance();
    void collect_listeners();
    void check_listeners();
    void check_inbound();
    void check_outbound();
    void check_upstream(const std::string& name, const upstream& what);
    void check_upstream_names();
    void check_target(const std::string& path, const endpoint& target);
    void check_intercepted();
    void check_admin();
    void check_access_log();

    std::vector<listener> listeners_;
};

void validation::run() {
    check_service();
    choose_instance();
    collect_listeners();
    check_listeners();
    check_inbound();
    check_outbound();
    for (const auto& [name, upstream] : value_.upstreams) check_upstream(name, upstream);
    check_upstream_names();
    check_intercepted();
    for (const auto& [name, cluster] : value_.kafka)
        for (const auto& broker : cluster.brokers) check_target("kafka." + name + ".brokers", broker);
    check_admin();
    check_access_log();
}

void validation::check_service() {
    if (value_.service.empty() && !given("service")) {
        fail("service", "'service' is required: write 'service: NAME', or give --service NAME or OTEL_SERVICE_NAME");
    }
}

void validation::choose_instance() {
    if (!value_.instance.empty()) return;
    value_.instance = input_.default_instance;
    if (!value_.instance.empty()) return;
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    value_.instance = std::string{host.data()} + "-" + std::to_string(::getpid());
}

void validation::collect_listeners() {
    for (std::size_t i = 0; i < value_.inbound.size(); ++i) {
        const auto path = "inbound." + std::to_string(i) + ".listen";
        if (!value_.inbound[i].listen.host.empty()) listeners_.push_back({path, value_.inbound[i].listen});
    }
    if (value_.outbound.listen) listeners_.push_back({"outbound.listen", *value_.outbound.listen});
    for (const auto& [name, upstream] : value_.upstreams) {
        if (upstream.listen) listeners_.push_back({"upstreams." + name + ".listen", *upstream.listen});
    }
    for (const auto& [name, cluster] : value_.kafka) {
        if (!cluster.listen.host.empty()) listeners_.push_back({"kafka." + name + ".listen", cluster.listen});
    }
    const auto& taken = value_.intercept;
    if (taken.outbound != 0)
        listeners_.push_back({"intercept.outbound", {"127.0.0.1", static_cast<std::uint16_t>(taken.outbound)}});
    if (taken.inbound != 0)
        listeners_.push_back({"intercept.inbound", {"0.0.0.0", static_cast<std::uint16_t>(taken.inbound)}});
    const bool unclear = has_failed("inbound") || has_failed("outbound") || has_failed("upstreams") ||
                         has_failed("kafka") || has_failed("intercept");
    if (listeners_.empty() && !unclear) {
        fail("inbound",
             "there is nothing to listen on: configure 'inbound', 'outbound.listen', an upstream's 'listen', 'kafka', "
             "or "
             "'intercept'");
    }
    if (value_.probes) listeners_.push_back({"probes", *value_.probes});
    if (value_.admin) listeners_.push_back({"admin.listen", *value_.admin});
}

void validation::check_listeners() {
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (!collide(listeners_[i].address, listeners_[j].address)) continue;
            fail(listeners_[i].path, "'" + listeners_[i].path + "' " + listeners_[i].address.text() +
                                         " is already taken by '" + listeners_[j].path + "' " +
                                         listeners_[j].address.text() + "; choose another port");
            break;
        }
    }
}

void validation::check_target(const std::string& path, const endpoint& target) {
    for (const auto& [owner, address] : listeners_) {
        if (!reaches(target, address)) continue;
        return fail(path,
                    "'" + path + "' " + target.text() + " is this sidecar's own listener '" + owner + "': a loop");
    }
}

void validation::check_inbound() {
    for (std::size_t i = 0; i < value_.inbound.size(); ++i) {
        check_target("inbound." + std::to_string(i) + ".app", value_.inbound[i].app);
    }
}

/// A port of the application that the sidecar listens on itself could never be reached.
void validation::check_intercepted() {
    for (const auto port : value_.intercept.ports_in)
        for (const auto& [owner, address] : listeners_)
            if (address.port == port)
                fail("intercept.ports_in", "'intercept.ports_in' names " + std::to_string(port) +
                                               ", which is this sidecar's own listener '" + owner + "'");
}

void validation::check_outbound() {
    const auto& out = value_.outbound;
    if (!out.listen) return;
    if (!is_loopback(*out.listen) && out.unknown_host != unknown_host::refuse) {
        fail("outbound.listen",
             "'outbound.listen' " + out.listen->text() +
                 " is not loopback and would be an open proxy; set 'outbound.unknown_host: refuse' or listen on "
                 "127.0.0.1");
    }
    if (out.unknown_host == unknown_host::refuse && value_.upstreams.empty()) {
        fail("outbound.unknown_host", "'outbound.unknown_host: refuse' without any 'upstreams' leaves nothing to call");
    }
}

void validation::check_upstream(const std::string& name, const upstream& what) {
    const auto path = "upstreams." + name;
    const auto list = path + ".endpoints";
    if (given(list) && what.endpoints.empty() && !what.discover)
        fail(list, "'" + list + "' is empty; list at least one host:port");
    bool tls = false;
    for (std::size_t i = 0; i < what.endpoints.size(); ++i) {
        const auto& each = what.endpoints[i];
        tls = tls || each.tls;
        if (each.address.host.empty()) continue;
        check_target(list, each.address);
        if (std::find(what.endpoints.begin(), what.endpoints.begin() + static_cast<std::ptrdiff_t>(i), each) !=
            what.endpoints.begin() + static_cast<std::ptrdiff_t>(i)) {
            fail(list, "'" + list + "' names " + to_text(each) + " twice");
        }
    }
    if (!(what.tls == tls_client{}) && !tls && !what.discover) {
        fail(list, "'" + path + ".tls' has no effect: none of its endpoints is https://");
    }
    check_tls(path + ".tls", what.tls);
}

void validation::check_upstream_names() {
    std::map<std::string, std::string> seen;
    for (const auto& [name, upstream] : value_.upstreams) {
        const auto [other, fresh] = seen.emplace(lower(name), name);
        if (fresh) continue;
        fail("upstreams." + name + ".endpoints",
             "upstreams '" + other->second + "' and '" + name + "' differ only in case, which host names do not");
    }
}

void validation::check_admin() {
    if (!value_.admin) {
        const std::string path = value_.admin_token.empty() ? "admin.hosts" : "admin.token";
        if (path == "admin.token" || !value_.admin_hosts.empty()) {
            fail(path, "'" + path + "' has no effect without 'admin.listen'");
        }
        return;
    }
    if (!is_loopback(*value_.admin) && value_.admin_token.empty() && !given("admin.token")) {
        fail("admin.listen",
             "'admin.listen' " + value_.admin->text() +
                 " is not loopback and needs a token: set 'admin.token: ${file:PATH}' or listen on 127.0.0.1");
    }
}

void validation::check_access_log() {
    if (value_.access_log.format == log_format::none && given("access_log.path")) {
        warn("access_log.path", "'access_log.path' has no effect without 'access_log.format'");
    }
}

}  // namespace

void finish(loaded& result, const load_input& input, const std::set<std::string>& failed, diagnostics& errors) {
    validation{result, input, failed, errors}.run();
    discovery_rules{result, input, failed, errors}.run();
    kafka_rules{result, input, failed, errors}.run();
    health_rules{result, input, failed, errors}.run();
    intercept_rules{result, input, failed, errors}.run();
    tracing_rules{result, input, failed, errors}.run();
    capture_rules{result, input, failed, errors}.run();
}

}  // namespace outrider::config
