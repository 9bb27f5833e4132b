#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "sidecar/config/load.hpp"

namespace outrider::tools {

/// What the sidecar beside each workload is to be.
struct inject_request {
    bool remove = false;  ///< take the sidecar out instead
    std::string image = "outrider:" OUTRIDER_VERSION;
    std::string service;                                     ///< empty: as the workload says
    std::uint16_t app_port = 0;                              ///< 0: as the workload says
    std::uint16_t inbound_port = 0;                          ///< 0: 7980
    std::string config_map;                                  ///< its key sidecar.yaml is the configuration
    std::string config;                                      ///< a file that becomes a ConfigMap of its own
    std::string config_text;                                 ///< what is in it
    std::vector<std::pair<std::string, std::string>> kafka;  ///< name of a cluster, its brokers
    std::vector<config::override_setting> sets;              ///< --otlp, --set
    bool rewrite_services = false;                           ///< point Services of the same file at the sidecar
};

/// Manifests with the sidecar in them.
struct injection {
    std::string text;
    config::diagnostics notes;  ///< for people: what was done, and what is left for them to do
};

/// Adds the sidecar to every workload of a stream of Kubernetes manifests, or brings it up to date, or takes it out;
/// all or nothing. Only lines of the sidecar's own are added, changed or taken away: the rest stays as it is, byte for
/// byte.
/// @param name  the file's name, as errors show it
std::variant<injection, config::diagnostics> inject(std::string_view manifests, const std::string& name,
                                                    const inject_request& request);

/// What `outrider inject` is asked for.
struct inject_options {
    std::string file;    ///< "-": standard input
    std::string output;  ///< empty: standard output
    bool in_place = false;
    inject_request request;
};

/// Reads, injects, writes and reports. @return the exit code: 0 written, 1 it could not be written, 2 nothing was, as
/// the input can't be used
int run_inject(const inject_options& options);

}  // namespace outrider::tools
