#include "sidecar/app/configuration_flags.hpp"

#include <optional>
#include <utility>

#include <CLI/CLI.hpp>

#include "sidecar/app/route_flag.hpp"

namespace outrider::app {
namespace {

/// A flag that is a short name for one setting.
struct shortcut {
    const char* flag;
    const char* path;
    const char* type;
    const char* group;
    const char* doc;
};

constexpr const char* traffic = "Traffic";
constexpr const char* operations = "Operations";

constexpr std::array<shortcut, configuration_flags::shortcut_count> shortcuts{{
    {"--service", "service", "NAME", traffic, "name of the service beside this sidecar"},
    {"--inbound", "inbound.0.listen", "ADDR", traffic, "listen here for callers of the application"},
    {"--app", "inbound.0.app", "ADDR", traffic, "the application's own address"},
    {"--trust", "inbound.0.trust", "HOW", traffic, "a caller's trace: continue (default), link or restart"},
    {"--outbound", "outbound.listen", "ADDR", traffic, "listen here for the application's calls"},
    {"--unknown-host", "outbound.unknown_host", "HOW", traffic, "a Host that is no route: resolve (default) or refuse"},
    {"--policies", "policies", "PATH", traffic, "limits, breakers, retries, ...: a file of policies, or a folder"},
    {"--otlp", "tracing.otlp", "URL", "Tracing", "send spans to this collector, such as http://jaeger:4318"},
    {"--collector", "tracing.collector", "URL", "Tracing",
     "send every span to this `outrider collect`, such as http://collector:4318, which makes chains of them"},
    {"--admin", "admin.listen", "ADDR", operations, "serve state, control and metrics here"},
    {"--probes", "probes", "ADDR", operations, "serve health and metrics here, read-only"},
    {"--state", "state", "DIR", operations, "folder that survives a restart (default /var/lib/outrider)"},
    {"--workers", "workers", "N", operations, "worker threads (default: the CPU quota, at most 2)"},
    {"--access-log", "access_log.format", "FORMAT", operations, "one line per exchange: json or text"},
    {"--log-level", "log_level", "LEVEL", operations, "debug, info (default), warning or error"},
}};

/// Splits "NAME=VALUE"; nothing without a name.
std::optional<std::pair<std::string, std::string>> assignment(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos || equals == 0) return std::nullopt;
    return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

void add_clusters(const std::vector<std::string>& clusters, config::load_input& to, std::vector<std::string>& wrong) {
    for (std::size_t i = 0; i < clusters.size(); ++i) {
        const auto path = i == 0 ? std::string{"kafka.main"} : "kafka.kafka" + std::to_string(i + 1);
        if (auto pair = assignment(clusters[i])) {
            to.sets.push_back({path + ".listen", pair->first, "--kafka"});
            to.sets.push_back({path + ".brokers", pair->second, "--kafka"});
        } else {
            wrong.push_back("--kafka " + clusters[i] +
                            ": write LISTEN=BROKER[,BROKER...], such as 127.0.0.1:19092=kafka-1:9092,kafka-2:9092");
        }
    }
}

}  // namespace

void add_configuration_flags(CLI::App& app, configuration_flags& into) {
    constexpr const char* group = "Configuration";
    app.add_option("--config", into.config, "read settings from this YAML file (or OUTRIDER_CONFIG)")
        ->type_name("FILE")
        ->group(group);
    app.add_option("--set", into.sets, "any setting by its path, such as timeouts.first_byte=3s; repeatable")
        ->type_name("PATH=VALUE")
        ->allow_extra_args(false)
        ->group(group);
    for (std::size_t i = 0; i < shortcuts.size(); ++i) {
        const auto& each = shortcuts[i];
        app.add_option(each.flag, into.shortcuts[i], each.doc)->type_name(each.type)->group(each.group);
    }
    app.add_option("--route", into.routes,
                   "an upstream by name: NAME=[https://]HOST:PORT[,HOST:PORT...], or NAME=discover:BY[:SERVICE] with "
                   "BY etcd, consul, kubernetes, dns or file; repeatable")
        ->type_name("NAME=ADDR")
        ->allow_extra_args(false)
        ->group(traffic);
    app.add_option("--kafka", into.clusters,
                   "a Kafka cluster: LISTEN=BROKER[,BROKER...], each HOST:PORT; repeatable (main, kafka2, ...)")
        ->type_name("ADDR=ADDR")
        ->allow_extra_args(false)
        ->group(traffic);
}

config::load_input to_input(const CLI::App& app, const configuration_flags& flags, const config::environment& variables,
                            std::vector<std::string>& wrong) {
    config::load_input input;
    input.environment = variables;
    const auto named = input.environment.extract("OUTRIDER_CONFIG");
    if (app.count("--config") > 0) {
        input.file = flags.config;
    } else if (!named.empty() && !named.mapped().empty()) {
        input.file = named.mapped();
    }
    for (std::size_t i = 0; i < shortcuts.size(); ++i) {
        if (app.count(shortcuts[i].flag) == 0) continue;
        input.sets.push_back({shortcuts[i].path, flags.shortcuts[i], shortcuts[i].flag});
    }
    for (const auto& route : flags.routes) {
        if (auto pair = assignment(route)) {
            add_route(pair->first, pair->second, input.sets);
        } else {
            wrong.push_back("--route " + route + ": write NAME=HOST:PORT, such as stock=127.0.0.1:8081");
        }
    }
    add_clusters(flags.clusters, input, wrong);
    for (const auto& set : flags.sets) {
        if (auto pair = assignment(set)) {
            input.sets.push_back({pair->first, pair->second, ""});
        } else {
            wrong.push_back("--set " + set + ": write PATH=VALUE, such as timeouts.first_byte=3s");
        }
    }
    return input;
}

}  // namespace outrider::app
