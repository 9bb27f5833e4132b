#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sidecar/config/yaml_marks.hpp"
#include "sidecar/tools/inject_findings.hpp"

namespace outrider::tools {

using labels = std::map<std::string, std::string>;

/// One object of a stream of manifests.
struct manifest {
    const config::marked_document* document = nullptr;
    const config::marked_node* node = nullptr;  ///< the whole object, a mapping
    std::string kind, name, name_space;         ///< name: also from generateName

    std::string title() const { return kind + " " + (name.empty() ? "without a name" : name); }
};

/// An object that makes pods.
struct workload : manifest {
    const config::marked_node* pod = nullptr;         ///< the pod's spec, a mapping that may be edited
    const config::marked_node* pod_parent = nullptr;  ///< what has the pod's metadata and spec
    const config::marked_member* spec = nullptr;      ///< the key of `pod`
    const config::marked_member* containers = nullptr;
    const config::marked_member* init_containers = nullptr;  ///< null when there are none
    const config::marked_member* volumes = nullptr;          ///< likewise

    labels pod_labels, pod_annotations, own_labels, own_annotations;
    /// An annotation or a label of the pod's, else of the workload's own; empty when there is none.
    std::string marked(const std::string& key) const;
};

/// What is in a stream that inject has to do with.
struct manifests {
    std::vector<workload> workloads;
    std::vector<manifest> services;
    std::vector<manifest> config_maps;
};

/// Sorts the objects, those in lists too. An error for each document that is no manifest, each workload without
/// containers and each place that would have to be edited but is shared by an alias; a note for kinds that nobody here
/// knows.
manifests find_manifests(const std::vector<config::marked_document>& documents, inject_findings& findings);

/// The value of a key, through aliases and merge keys; null when there is none.
const config::marked_node* look(const config::marked_node& in, std::string_view key);
/// The text of a scalar below a path of keys, or nothing.
std::string look_text(const config::marked_node& in, std::initializer_list<std::string_view> path);
labels look_labels(const config::marked_node& in, std::initializer_list<std::string_view> path);
/// A port's number; 0 for what is none.
std::uint16_t port_number(std::string_view text);
/// The number of a port that some container of the pod gives this name to; 0 when none does.
std::uint16_t named_port(const workload& of, std::string_view name);
/// Whether a Service, of whatever namespace, sends to its pods: all that it selects by is among their labels.
bool is_selected(const workload& by, const manifest& service);
/// Whether it is a mapping whose `name` is this.
bool is_named(const config::marked_node& item, std::string_view name);

}  // namespace outrider::tools
