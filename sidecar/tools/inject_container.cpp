#include "sidecar/tools/inject_container.hpp"

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/variables.hpp"

namespace outrider::tools {
namespace {

constexpr const char* config_folder = "/etc/outrider";
constexpr const char* config_file = "/etc/outrider/sidecar.yaml";
constexpr std::uint32_t sidecar_user = 7900;

/// The settings as variables; as flags where no variable stands for one.
yaml_value environment(const std::vector<config::override_setting>& settings, yaml_value& args) {
    auto out = yaml_value::array();
    for (const auto& each : settings) {
        const auto variable = config::variable_of_path(each.path);
        auto path = config::path_of_variable({}, variable.substr(std::string_view{"OUTRIDER_"}.size()));
        std::erase(path, '\'');
        if (path == each.path) {
            out.push_back({{"name", variable}, {"value", each.value}});
        } else {
            args.push_back("--set");
            args.push_back(each.path + "=" + each.value);
        }
    }
    return out;
}

/// What can be reached from outside the pod. By number: a Service finds the name of a native sidecar's port only since
/// Kubernetes 1.32.
yaml_value reachable_ports(const config::settings& as) {
    auto out = yaml_value::array();
    for (const auto& each : as.inbound) {
        if (config::is_loopback(each.listen) || each.listen.port == 0) continue;
        yaml_value port;
        if (out.empty()) port["name"] = "outrider-http";
        port["containerPort"] = each.listen.port;
        out.push_back(std::move(port));
    }
    out.push_back({{"name", probes_port}, {"containerPort", as.probes->port}});
    return out;
}

yaml_value probe(const char* path, std::uint16_t port) {
    yaml_value out;
    out["httpGet"] = {{"path", path}, {"port", port}};
    return out;
}

}  // namespace

yaml_value sidecar_container(const config::settings& as, const std::vector<config::override_setting>& settings,
                             const std::string& image, bool with_file) {
    yaml_value c;
    c["name"] = sidecar_name;
    c["image"] = image;
    c["restartPolicy"] = "Always";
    auto args = yaml_value::array({"run"});
    if (with_file) args.insert(args.end(), {"--config", config_file});
    auto variables = environment(settings, args);
    c["args"] = std::move(args);
    if (!variables.empty()) c["env"] = std::move(variables);
    c["ports"] = reachable_ports(as);
    c["startupProbe"] = probe("/startupz", as.probes->port);
    c["startupProbe"]["periodSeconds"] = 1;
    c["startupProbe"]["failureThreshold"] = 60;
    c["livenessProbe"] = probe("/livez", as.probes->port);
    c["livenessProbe"]["periodSeconds"] = 10;
    c["readinessProbe"] = probe("/readyz", as.probes->port);
    c["readinessProbe"]["periodSeconds"] = 2;
    c["resources"] = {{"requests", {{"cpu", "50m"}, {"memory", "32Mi"}}}, {"limits", {{"memory", "128Mi"}}}};
    c["securityContext"] = {{"runAsNonRoot", true},
                            {"runAsUser", sidecar_user},
                            {"allowPrivilegeEscalation", false},
                            {"readOnlyRootFilesystem", true},
                            {"capabilities", {{"drop", yaml_value::array({"ALL"})}}},
                            {"seccompProfile", {{"type", "RuntimeDefault"}}}};
    auto mounts = yaml_value::array();
    if (with_file) mounts.push_back({{"name", config_volume}, {"mountPath", config_folder}, {"readOnly", true}});
    mounts.push_back({{"name", state_volume}, {"mountPath", as.state}});
    c["volumeMounts"] = std::move(mounts);
    return c;
}

}  // namespace outrider::tools
