#include "sidecar/tools/inject_sidecar.hpp"

#include <algorithm>
#include <set>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/yaml.hpp"
#include "sidecar/tools/inject_config_map.hpp"
#include "sidecar/tools/inject_protocols.hpp"

namespace outrider::tools {
namespace {

using config::marked_node;
using form = marked_node::form;

constexpr std::uint16_t default_inbound_port = 7980;
constexpr std::uint16_t first_kafka_port = 19092;
constexpr const char* default_outbound = "127.0.0.1:7901";
constexpr const char* default_admin = "127.0.0.1:7900";
constexpr const char* default_probes = "0.0.0.0:7910";
constexpr const char* state_folder = "/var/lib/outrider";

/// The first TCP port that the first container says it has; 0 when there is none.
std::uint16_t declared_port(const workload& of) {
    const auto* ports = look(of.containers->value.resolved().items.front(), "ports");
    if (ports == nullptr) return 0;
    for (const auto& each : ports->items) {
        const auto protocol = look_text(each, {"protocol"});
        if (protocol.empty() || protocol == "TCP") return port_number(look_text(each, {"containerPort"}));
    }
    return 0;
}

std::string service_of(const workload& of) {
    if (auto marked = of.marked("outrider/service"); !marked.empty()) return marked;
    for (const auto* key : {"app.kubernetes.io/name", "app"})
        for (const auto* where : {&of.pod_labels, &of.own_labels})
            if (const auto found = where->find(key); found != where->end() && !found->second.empty())
                return found->second;
    return of.name;
}

/// Settings as they are gathered: a later one replaces an earlier one of the same path.
class setting_list {
  public:
    void set(const std::string& path, std::string value, std::string flag) {
        const auto same = [&](const auto& each) { return each.path == path; };
        const auto found = std::find_if(all_.begin(), all_.end(), same);
        if (found != all_.end()) {
            found->value = std::move(value);
            found->flag = std::move(flag);
        } else {
            all_.push_back({path, std::move(value), std::move(flag)});
        }
    }
    const std::vector<config::override_setting>& all() const { return all_; }
    bool has(const std::string& path) const {
        return std::any_of(all_.begin(), all_.end(), [&](const auto& each) { return each.path == path; });
    }

  private:
    std::vector<config::override_setting> all_;
};

/// Whether a value is to be read from a variable or a file of the pod.
bool refers(const std::string& value) { return value.find("${") != std::string::npos; }

/// What the configuration of a file leaves open.
struct file_says {
    bool service = false, probes = false;
};

file_says look_into(const inject_request& request) {
    config::diagnostics ignored;
    const auto tree = config::parse_yaml(request.config_text, request.config, ignored);
    return {tree.root.find("service") != nullptr, tree.root.find("probes") != nullptr};
}

class shaping {
  public:
    shaping(const workload& beside, const std::vector<manifest>& services, const inject_request& request,
            inject_findings& findings)
        : beside_(beside), services_(services), request_(request), findings_(findings) {}

    std::optional<sidecar_shape> shape();

  private:
    bool own_file() const { return !request_.config.empty(); }
    bool from_map() const { return own_file() || !request_.config_map.empty(); }
    bool error(std::string text) const {
        findings_.error(beside_.node->begin, beside_.title() + ": " + std::move(text));
        return false;
    }
    bool read_app_port();
    bool gather();
    bool gather_inbound();
    std::optional<config::settings> judge();
    void declare_protocols(const config::settings& as);
    bool refuse_taken_ports(const config::settings& as) const;
    bool refuse_taken_port(const marked_node& container, const std::set<std::uint16_t>& ours) const;
    void fill(const config::settings& as);

    const workload& beside_;
    const std::vector<manifest>& services_;
    const inject_request& request_;
    inject_findings& findings_;
    setting_list settings_;
    bool at_hand_ = false;  ///< the whole configuration is here to be judged
    std::uint16_t app_port_ = 0;
    sidecar_shape out_;
};

bool shaping::read_app_port() {
    app_port_ = request_.app_port;
    if (app_port_ != 0) return true;
    const auto marked = beside_.marked("outrider/app-port");
    if (!marked.empty() && (app_port_ = port_number(marked)) == 0)
        return error("the annotation outrider/app-port is '" + marked + "', which is no port");
    if (app_port_ == 0 && !from_map()) app_port_ = declared_port(beside_);
    return true;
}

bool shaping::gather_inbound() {
    const auto port = request_.inbound_port != 0 ? request_.inbound_port : default_inbound_port;
    if (!from_map() && app_port_ == 0) {
        findings_.note(beside_.node->begin,
                       beside_.title() +
                           ": it declares no port, so nothing is taken in for it; give --app-port N, or the "
                           "annotation outrider/app-port, if it serves HTTP");
        return true;
    }
    if (request_.inbound_port != 0 || !from_map())
        settings_.set("inbound.0.listen", "0.0.0.0:" + std::to_string(port), "--inbound-port");
    if (app_port_ != 0) settings_.set("inbound.0.app", "127.0.0.1:" + std::to_string(app_port_), "--app-port");
    if (app_port_ == port && (request_.inbound_port != 0 || !from_map()))
        return error("its application has port " + std::to_string(port) + " itself; give another --inbound-port");
    return true;
}

bool shaping::gather() {
    const auto file = own_file() ? look_into(request_) : file_says{};
    const auto marked = beside_.marked("outrider/service");
    const auto service = !request_.service.empty() ? request_.service : service_of(beside_);
    const bool open = !from_map() || (own_file() && !file.service);
    if (open || !request_.service.empty() || !marked.empty()) {
        if (service.empty()) return error("it has no name to call the service by; give --service NAME");
        if (service.find("{{") != std::string::npos)
            return error("'" + service + "' is a template's; render it first (helm template), then inject");
        settings_.set("service", service, "--service");
    }
    if (!gather_inbound()) return false;
    if (!from_map()) settings_.set("outbound.listen", default_outbound, "");
    for (std::size_t i = 0; i < request_.kafka.size(); ++i) {
        const auto& [name, brokers] = request_.kafka[i];
        const auto port = std::to_string(first_kafka_port + i);
        settings_.set("kafka." + name + ".listen", "127.0.0.1:" + port, "--kafka " + name);
        settings_.set("kafka." + name + ".brokers", brokers, "--kafka " + name);
    }
    if (!file.probes || !at_hand_) settings_.set("probes", default_probes, "");
    if (!from_map()) settings_.set("admin.listen", default_admin, "");
    if (from_map()) settings_.set("state", state_folder, "");
    for (const auto& each : request_.sets) settings_.set(each.path, each.value, each.flag);
    return true;
}

/// The configuration as the sidecar will read it. Where it is not at hand, and where a value is a reference that only
/// the pod can follow, the rest can still be judged.
std::optional<config::settings> shaping::judge() {
    config::load_input input;
    input.elsewhere = true;
    input.default_instance = "pod";
    for (const auto& each : settings_.all())
        if (!refers(each.value)) input.sets.push_back(each);
    const auto add = [&](const char* path, const char* value) {
        const auto same = [&](const auto& each) { return each.path == path; };
        if (std::none_of(input.sets.begin(), input.sets.end(), same)) input.sets.push_back({path, value, ""});
    };
    if (at_hand_) {
        input.file = request_.config;
    } else {
        add("service", "unknown");
        add("outbound.listen", "127.0.0.1:0");
        if (settings_.has("inbound.0.listen")) add("inbound.0.app", "127.0.0.1:1");
        if (settings_.has("inbound.0.app")) add("inbound.0.listen", "127.0.0.1:0");
    }
    auto result = config::load_text(at_hand_ ? request_.config_text : std::string{}, input);
    if (auto* errors = std::get_if<config::diagnostics>(&result)) {
        for (auto& each : *errors) findings_.error(std::move(each));
        return std::nullopt;
    }
    return std::get<config::loaded>(std::move(result)).value;
}

/// Of the ports that are intercepted. What is not declared is found by its first bytes, and a caller who lets them wait
/// is a tunnel for good.
void shaping::declare_protocols(const config::settings& as) {
    for (const auto port : as.intercept.ports_in) {
        const auto text = std::to_string(port);
        if (as.intercept.ports.contains(text)) continue;
        const auto spoken = protocol_of_port(beside_, static_cast<std::uint16_t>(port), services_);
        if (!spoken.empty()) {
            settings_.set("intercept.ports." + text, spoken, "");
            continue;
        }
        findings_.note(beside_.node->begin,
                       beside_.title() + ": nothing says what its port " + text +
                           " speaks, and a caller who is silent at first is not traced; name the port http-... or "
                           "tcp-..., give its Service an appProtocol, or set intercept.ports." +
                           text);
    }
}

bool shaping::refuse_taken_port(const marked_node& container, const std::set<std::uint16_t>& ours) const {
    const auto* ports = look(container, "ports");
    if (ports == nullptr) return true;
    for (const auto& each : ports->items) {
        const auto port = port_number(look_text(each, {"containerPort"}));
        if (port == 0 || !ours.contains(port)) continue;
        findings_.error(each.begin, beside_.title() + ": container '" + look_text(container, {"name"}) + "' has port " +
                                        std::to_string(port) +
                                        ", which the sidecar needs; give another --inbound-port, or --set the listener "
                                        "that has it");
        return false;
    }
    return true;
}

bool shaping::refuse_taken_ports(const config::settings& as) const {
    std::set<std::uint16_t> ours;
    for (const auto& each : as.inbound) ours.insert(each.listen.port);
    for (const auto& each : as.kafka) ours.insert(each.second.listen.port);
    for (const auto& each : as.upstreams)
        if (each.second.listen) ours.insert(each.second.listen->port);
    for (const auto* each : {&as.outbound.listen, &as.probes, &as.admin})
        if (*each) ours.insert((*each)->port);
    for (const auto& each : beside_.containers->value.resolved().items)
        if (!refuse_taken_port(each, ours)) return false;
    return true;
}

void shaping::fill(const config::settings& as) {
    out_.container = sidecar_container(as, settings_.all(), request_.image, from_map());
    if (from_map()) {
        const auto name = own_file() ? config_map_name(beside_) : request_.config_map;
        out_.volumes.push_back({{"name", config_volume}, {"configMap", {{"name", name}}}});
    }
    out_.volumes.push_back({{"name", state_volume}, {"emptyDir", {{"sizeLimit", "300Mi"}}}});
    if (!as.inbound.empty() && (at_hand_ || request_.inbound_port != 0)) {
        const auto& first = as.inbound.front();
        if (!config::is_loopback(first.listen)) out_.inbound_port = first.listen.port;
        out_.app_port = at_hand_ || app_port_ != 0 ? first.app.port : declared_port(beside_);
    }
    if (at_hand_ && as.outbound.listen) out_.outbound = as.outbound.listen->text();
    for (const auto& [name, cluster] : as.kafka) out_.kafka.emplace_back(name, cluster.listen.text());
}

std::optional<sidecar_shape> shaping::shape() {
    at_hand_ = own_file() ? !refers(request_.config_text) : !from_map();
    if (!read_app_port() || !gather()) return std::nullopt;
    const auto as = judge();
    if (!as || !refuse_taken_ports(*as)) return std::nullopt;
    if (!as->probes || config::is_loopback(*as->probes) || as->probes->port == 0) {
        error("'probes' must be an address that the kubelet reaches, such as 0.0.0.0:7910");
        return std::nullopt;
    }
    if (!as->state.starts_with('/')) {
        error("'state' must be an absolute path within the container");
        return std::nullopt;
    }
    declare_protocols(*as);
    fill(*as);
    return std::move(out_);
}

}  // namespace

std::optional<sidecar_shape> shape_sidecar(const workload& beside, const std::vector<manifest>& services,
                                           const inject_request& request, inject_findings& findings) {
    return shaping{beside, services, request, findings}.shape();
}

}  // namespace outrider::tools
