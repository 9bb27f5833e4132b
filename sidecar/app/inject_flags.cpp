#include "sidecar/app/inject_flags.hpp"

#include <CLI/CLI.hpp>

#include "sidecar/config/overrides.hpp"
#include "sidecar/config/units.hpp"
#include "sidecar/config/utf8.hpp"

namespace outrider::app {

const char* const inject_footer =
    "Adds the sidecar, as a native one (an init container with restartPolicy: Always; Kubernetes 1.29 or newer), to\n"
    "every Deployment, StatefulSet, DaemonSet, ReplicaSet, Job, CronJob and Pod of FILE, also in a List; '-' is "
    "standard\n"
    "input. Only the sidecar's own lines are added or changed: comments, order and everything else stay byte for "
    "byte,\n"
    "and injecting again changes nothing. The application's containers are left alone; what is to be pointed at the\n"
    "sidecar is said on standard error.\n"
    "\nAnnotations (or labels) of a pod: outrider/inject: \"false\", outrider/service: NAME, outrider/app-port: "
    "\"N\".\n"
    "\nExit code 0: done; 1: it could not be written; 2: FILE can't be used as it is, and nothing was written.\n"
    "\nExamples:\n"
    "  outrider inject deployment.yaml --otlp http://jaeger:4318 | kubectl apply -f -\n"
    "  outrider inject deployment.yaml --in-place --rewrite-services --kafka main=kafka-1:9092,kafka-2:9092\n"
    "  outrider inject deployment.yaml --config sidecar.yaml --output injected.yaml\n"
    "  helm template shop | outrider inject - --config-map outrider > injected.yaml\n"
    "  outrider inject deployment.yaml --remove --in-place";

void add_inject_flags(CLI::App& app, inject_flags& into) {
    auto& request = into.options.request;
    auto flag = [&](const char* name, std::string& value, const char* type, const char* group, const char* doc) {
        app.add_option(name, value, doc)->type_name(type)->group(group);
    };
    auto repeatable = [&](const char* name, std::vector<std::string>& value, const char* type, const char* doc) {
        app.add_option(name, value, doc)->type_name(type)->allow_extra_args(false)->group("Sidecar");
    };
    app.add_option("FILE", into.options.file, "the manifests; '-': standard input")->type_name(" ");
    flag("--image", request.image, "IMAGE", "Sidecar", "its image (default outrider:" OUTRIDER_VERSION ")");
    flag("--service", request.service, "NAME", "Sidecar",
         "name of the service (default: of app.kubernetes.io/name, app, else the workload's name)");
    flag("--app-port", into.app_port, "N", "Sidecar",
         "the application's port (default: the first that its first container declares)");
    flag("--inbound-port", into.inbound_port, "N", "Sidecar", "the sidecar's port for callers (default 7980)");
    flag("--otlp", into.otlp, "URL", "Sidecar", "send spans to this collector, such as http://jaeger:4318");
    repeatable("--kafka", into.kafka, "NAME=BROKERS",
               "a Kafka cluster: NAME=HOST:PORT[,HOST:PORT...]; repeatable (127.0.0.1:19092, :19093, ...)");
    repeatable("--set", into.sets, "PATH=VALUE", "any setting by its path, such as timeouts.first_byte=3s; repeatable");
    flag("--config-map", request.config_map, "NAME", "Configuration",
         "take it from this ConfigMap, whose key is sidecar.yaml");
    flag("--config", request.config, "FILE", "Configuration",
         "take it from this file; it is added as a ConfigMap per workload");
    app.add_flag("--rewrite-services", request.rewrite_services,
                 "point Services of FILE that send to the application's port at the sidecar")
        ->group("Operations");
    app.add_flag("--remove", request.remove, "take the sidecar out again")->group("Operations");
    flag("--output", into.options.output, "FILE", "Operations", "write here (default: standard output)");
    app.add_flag("--in-place", into.options.in_place, "write FILE itself, as a whole or not at all")
        ->group("Operations");
}

namespace {

std::uint16_t read_port(const char* flag, const std::string& text, std::vector<std::string>& wrong) {
    if (text.empty()) return 0;
    const auto port = config::parse_count(text);
    if (port && *port > 0 && *port <= 65535) return static_cast<std::uint16_t>(*port);
    wrong.push_back(std::string{flag} + ": '" + text + "' is not a port from 1 to 65535");
    return 0;
}

bool is_cluster_name(const std::string& text) {
    return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
}

void read_kafka(const std::string& text, tools::inject_request& into, std::vector<std::string>& wrong) {
    const auto equals = text.find('=');
    const auto name = text.substr(0, equals);
    if (equals == std::string::npos || !is_cluster_name(name) || equals + 1 == text.size()) {
        wrong.push_back(
            "--kafka " + text +
            ": write NAME=BROKER[,BROKER...], such as main=kafka-1:9092,kafka-2:9092; NAME of small letters, "
            "digits and '-'");
        return;
    }
    for (const auto& [other, brokers] : into.kafka)
        if (other == name) wrong.push_back("--kafka " + text + ": '" + name + "' is given twice");
    into.kafka.emplace_back(name, text.substr(equals + 1));
}

void read_set(const std::string& text, tools::inject_request& into, std::vector<std::string>& wrong) {
    const auto equals = text.find('=');
    const auto path = text.substr(0, equals);
    if (equals == std::string::npos || path.empty()) {
        wrong.push_back("--set " + text + ": write PATH=VALUE, such as timeouts.first_byte=3s");
    } else {
        into.sets.push_back({path, text.substr(equals + 1), ""});
    }
}

/// What is written into the manifests must be text.
void refuse_unclean(const inject_flags& flags, std::vector<std::string>& wrong) {
    const auto judge = [&](const char* flag, const std::string& text) {
        const bool clean = config::clean_prefix(text) == text.size() && text.find_first_of("\r\n") == std::string::npos;
        if (!clean) wrong.push_back(std::string{flag} + ": not a line of plain UTF-8 text");
    };
    const auto& request = flags.options.request;
    judge("--image", request.image);
    judge("--service", request.service);
    judge("--config-map", request.config_map);
    judge("--otlp", flags.otlp);
    for (const auto& each : flags.kafka) judge("--kafka", each);
    for (const auto& each : flags.sets) judge("--set", each);
}

}  // namespace

tools::inject_options to_options(inject_flags flags, std::vector<std::string>& wrong) {
    auto& options = flags.options;
    auto& request = options.request;
    if (options.file.empty()) wrong.push_back("give FILE, or '-' for standard input");
    if (options.in_place && !options.output.empty()) wrong.push_back("give either --in-place or --output FILE");
    if (options.in_place && options.file == "-") wrong.push_back("--in-place: standard input is no file");
    if (!request.config.empty() && !request.config_map.empty())
        wrong.push_back("give either --config FILE or --config-map NAME");
    if (request.image.empty()) wrong.push_back("--image: give the name of an image");
    request.app_port = read_port("--app-port", flags.app_port, wrong);
    request.inbound_port = read_port("--inbound-port", flags.inbound_port, wrong);
    refuse_unclean(flags, wrong);
    for (const auto& each : flags.kafka) read_kafka(each, request, wrong);
    if (!flags.otlp.empty()) request.sets.push_back({"tracing.otlp", flags.otlp, "--otlp"});
    for (const auto& each : flags.sets) read_set(each, request, wrong);
    return options;
}

}  // namespace outrider::app
