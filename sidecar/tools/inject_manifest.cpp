#include "sidecar/tools/inject_manifest.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "sidecar/config/nearest.hpp"

namespace outrider::tools {
namespace {

using config::marked_document;
using config::marked_member;
using config::marked_node;
using form = marked_node::form;

constexpr std::size_t deepest_list = 8;    ///< of a List in a List
constexpr std::size_t most_merges = 1000;  ///< looked into for one key

/// A kind that makes pods, and the way to the spec of these.
struct workload_kind {
    std::string_view group, kind;
    std::vector<std::string_view> path;
};

const std::vector<workload_kind>& workload_kinds() {
    static const std::vector<std::string_view> pod{"spec"}, set{"spec", "template", "spec"},
        cron{"spec", "jobTemplate", "spec", "template", "spec"};
    static const std::vector<workload_kind> all{
        {"", "Pod", pod},
        {"", "ReplicationController", set},
        {"apps", "Deployment", set},
        {"apps", "StatefulSet", set},
        {"apps", "DaemonSet", set},
        {"apps", "ReplicaSet", set},
        {"extensions", "Deployment", set},
        {"extensions", "DaemonSet", set},
        {"extensions", "ReplicaSet", set},
        {"batch", "Job", set},
        {"batch", "CronJob", cron},
    };
    return all;
}

/// Other kinds of the groups above; a kind that is in neither list may be a mistake.
constexpr std::array<std::string_view, 21> quiet_kinds{"ConfigMap",
                                                       "Secret",
                                                       "Service",
                                                       "ServiceAccount",
                                                       "Namespace",
                                                       "Node",
                                                       "Event",
                                                       "Endpoints",
                                                       "PersistentVolume",
                                                       "PersistentVolumeClaim",
                                                       "LimitRange",
                                                       "ResourceQuota",
                                                       "PodTemplate",
                                                       "ControllerRevision",
                                                       "Ingress",
                                                       "NetworkPolicy",
                                                       "Binding",
                                                       "Eviction",
                                                       "ComponentStatus",
                                                       "PodDisruptionBudget",
                                                       "PodSecurityPolicy"};

std::string_view group_of(std::string_view api_version) {
    const auto slash = api_version.find('/');
    return slash == std::string_view::npos ? std::string_view{} : api_version.substr(0, slash);
}

const marked_node* look_deep(const marked_node& in, std::string_view key, std::size_t& budget) {
    const auto& mapping = in.resolved();
    if (mapping.is != form::mapping || budget == 0) return nullptr;
    --budget;
    if (const auto* own = mapping.find(key)) return &own->value.resolved();
    const auto* merge = mapping.find("<<");
    if (merge == nullptr) return nullptr;
    const auto& from = merge->value.resolved();
    if (from.is != form::list) return look_deep(from, key, budget);
    for (const auto& each : from.items)
        if (const auto* found = look_deep(each, key, budget)) return found;
    return nullptr;
}

const marked_node* look_path(const marked_node& in, std::initializer_list<std::string_view> path) {
    const auto* at = &in;
    for (const auto key : path) {
        at = look(*at, key);
        if (at == nullptr) return nullptr;
    }
    return at;
}

class sorter {
  public:
    sorter(manifests& into, inject_findings& findings) : into_(into), findings_(findings) {}

    void sort(const marked_document& document) {
        document_ = &document;
        if (document.root->is == form::null && !document.root->tagged) return;
        sort(*document.root, "document " + std::to_string(document.number), 0);
    }

  private:
    void sort(const marked_node& written, const std::string& where, std::size_t depth);
    void sort_list(const marked_node& list, const std::string& where, std::size_t depth);
    void add_workload(manifest of, const workload_kind& kind);
    bool descend(workload& to, const std::vector<std::string_view>& path);
    const marked_member* child(const marked_node& in, std::string_view key, const std::string& of);
    bool editable(const marked_node& node, std::string_view key);
    bool find_lists(workload& in);
    void note_unknown(const manifest& one, std::string_view group);

    manifests& into_;
    inject_findings& findings_;
    const marked_document* document_ = nullptr;
};

void sorter::sort(const marked_node& written, const std::string& where, std::size_t depth) {
    const auto& object = written.resolved();
    if (object.is != form::mapping) {
        return findings_.error(written.begin, where +
                                                  " is no manifest of Kubernetes: it is not a mapping with "
                                                  "'apiVersion' and 'kind'");
    }
    for (const auto* key : {"apiVersion", "kind"}) {
        const auto* value = look(object, key);
        if (value != nullptr && value->is == form::scalar) continue;
        return findings_.error(written.begin, where + " is no manifest of Kubernetes: '" + key + "' is missing");
    }
    manifest one{document_, &object, look_text(object, {"kind"}), look_text(object, {"metadata", "name"}),
                 look_text(object, {"metadata", "namespace"})};
    if (one.name.empty()) {
        one.name = look_text(object, {"metadata", "generateName"});
        while (one.name.ends_with('-')) one.name.pop_back();
    }
    const auto version = look_text(object, {"apiVersion"});
    const auto group = group_of(version);
    if (version == "v1" && one.kind == "List") return sort_list(object, where, depth);
    for (const auto& each : workload_kinds()) {
        if (each.group != group || each.kind != one.kind) continue;
        if (&object != &written) {
            return findings_.error(written.begin, where + " is an alias of a workload; write it out");
        }
        return add_workload(std::move(one), each);
    }
    if (version == "v1" && one.kind == "Service") return into_.services.push_back(std::move(one));
    if (version == "v1" && one.kind == "ConfigMap") return into_.config_maps.push_back(std::move(one));
    note_unknown(one, group);
}

void sorter::sort_list(const marked_node& list, const std::string& where, std::size_t depth) {
    const auto* items = look(list, "items");
    if (items == nullptr || items->is == form::null) return;
    if (items->is != form::list) return findings_.error(items->begin, where + ": 'items' of a List is a list");
    if (depth == deepest_list) return findings_.error(list.begin, where + ": lists within lists within lists");
    for (std::size_t i = 0; i < items->items.size(); ++i)
        sort(items->items[i], where + ", item " + std::to_string(i + 1), depth + 1);
}

void sorter::note_unknown(const manifest& one, std::string_view group) {
    const bool listed = std::find(quiet_kinds.begin(), quiet_kinds.end(), one.kind) != quiet_kinds.end();
    const bool known_group = group.ends_with(".k8s.io") || group == "autoscaling" || group == "policy";
    if (listed || known_group) return;
    std::vector<std::string> names;
    for (const auto& each : workload_kinds())
        if (each.group == group) names.emplace_back(each.kind);
    const auto name = group.empty() ? one.kind : std::string{group} + "/" + one.kind;
    findings_.note_once(one.node->begin, name + " is no kind that gets a sidecar; left as it is" +
                                             config::did_you_mean(one.kind, names));
}

void sorter::add_workload(manifest of, const workload_kind& kind) {
    workload one;
    static_cast<manifest&>(one) = std::move(of);
    if (!descend(one, kind.path) || !find_lists(one)) return;
    one.own_labels = look_labels(*one.node, {"metadata", "labels"});
    one.own_annotations = look_labels(*one.node, {"metadata", "annotations"});
    one.pod_labels = look_labels(*one.pod_parent, {"metadata", "labels"});
    one.pod_annotations = look_labels(*one.pod_parent, {"metadata", "annotations"});
    into_.workloads.push_back(std::move(one));
}

/// Walks to the spec of the pod through what belongs to this workload alone.
bool sorter::descend(workload& to, const std::vector<std::string_view>& path) {
    to.pod = to.node;
    if (!editable(*to.node, to.kind)) return false;
    for (const auto key : path) {
        const auto* member = child(*to.pod, key, to.title());
        if (member == nullptr || !editable(member->value, key)) return false;
        if (member->value.is != form::mapping) {
            findings_.error(member->key.begin, to.title() + ": '" + std::string{key} + "' is not a mapping");
            return false;
        }
        to.pod_parent = to.pod;
        to.spec = member;
        to.pod = &member->value;
    }
    return true;
}

/// A key that must be there, and in its own words.
const marked_member* sorter::child(const marked_node& in, std::string_view key, const std::string& of) {
    if (const auto* own = in.find(key)) return own;
    const auto name = "'" + std::string{key} + "'";
    findings_.error(in.begin,
                    of + (look(in, key) != nullptr ? ": " + name + " comes from a merge key ('<<'); write it out"
                                                   : ": " + name + " is missing"));
    return nullptr;
}

bool sorter::editable(const marked_node& node, std::string_view key) {
    const auto name = "'" + std::string{key} + "'";
    if (node.is == form::alias) {
        findings_.error(node.begin,
                        name + " is the alias '*" + node.text +
                            "', and what is added here would be added wherever its anchor is; write it out");
        return false;
    }
    if (!node.anchor.empty() && document_->aliased.contains(node.anchor)) {
        findings_.error(node.begin, name + " is used again as '*" + node.anchor +
                                        "', and what is added here would be added there too; write it out");
        return false;
    }
    return true;
}

bool sorter::find_lists(workload& in) {
    in.containers = child(*in.pod, "containers", in.title());
    if (in.containers == nullptr) return false;
    const auto& containers = in.containers->value.resolved();
    if (containers.is != form::list || containers.items.empty()) {
        findings_.error(in.containers->key.begin, in.title() + ": 'containers' is no list of containers");
        return false;
    }
    for (auto [key, place] : {std::pair{"initContainers", &in.init_containers}, {"volumes", &in.volumes}}) {
        *place = in.pod->find(key);
        if (*place == nullptr) {
            if (look(*in.pod, key) != nullptr) return child(*in.pod, key, in.title()) != nullptr;
            continue;
        }
        const auto& value = (*place)->value;
        if (!editable(value, key)) return false;
        const bool bare = value.is == form::null && value.begin == value.end && value.anchor.empty() && !value.tagged;
        if (value.is == form::list || bare) continue;
        findings_.error((*place)->key.begin,
                        in.title() + ": '" + key + "' is no list; remove the key, or write a list");
        return false;
    }
    return true;
}

}  // namespace

std::string workload::marked(const std::string& key) const {
    for (const auto* where : {&pod_annotations, &pod_labels, &own_annotations, &own_labels})
        if (const auto found = where->find(key); found != where->end()) return found->second;
    return {};
}

manifests find_manifests(const std::vector<marked_document>& documents, inject_findings& findings) {
    manifests out;
    sorter sort{out, findings};
    for (const auto& each : documents) sort.sort(each);
    return out;
}

const marked_node* look(const marked_node& in, std::string_view key) {
    std::size_t budget = most_merges;
    return look_deep(in, key, budget);
}

std::string look_text(const marked_node& in, std::initializer_list<std::string_view> path) {
    const auto* found = look_path(in, path);
    return found != nullptr && found->is == form::scalar ? found->text : std::string{};
}

labels look_labels(const marked_node& in, std::initializer_list<std::string_view> path) {
    labels out;
    const auto* found = look_path(in, path);
    if (found == nullptr) return out;
    for (const auto& [key, value] : found->members)
        if (value.resolved().is == form::scalar) out[key.text] = value.resolved().text;
    return out;
}

std::uint16_t port_number(std::string_view text) {
    std::uint16_t port = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, port);
    return error == std::errc{} && stop == end ? port : std::uint16_t{0};
}

bool is_named(const marked_node& item, std::string_view name) { return look_text(item, {"name"}) == name; }

bool is_selected(const workload& by, const manifest& service) {
    const auto wanted = look_labels(*service.node, {"spec", "selector"});
    return !wanted.empty() && std::all_of(wanted.begin(), wanted.end(), [&](const auto& each) {
        const auto found = by.pod_labels.find(each.first);
        return found != by.pod_labels.end() && found->second == each.second;
    });
}

std::uint16_t named_port(const workload& of, std::string_view name) {
    for (const auto& container : of.containers->value.resolved().items) {
        const auto* ports = look(container, "ports");
        if (ports == nullptr) continue;
        for (const auto& each : ports->items)
            if (is_named(each, name)) return port_number(look_text(each, {"containerPort"}));
    }
    return 0;
}

}  // namespace outrider::tools
