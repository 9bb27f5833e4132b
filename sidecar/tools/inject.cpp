#include "sidecar/tools/inject.hpp"

#include <algorithm>
#include <optional>

#include "sidecar/tools/inject_config_map.hpp"
#include "sidecar/tools/inject_edit.hpp"
#include "sidecar/tools/inject_services.hpp"
#include "sidecar/tools/inject_sidecar.hpp"

namespace outrider::tools {
namespace {

using config::marked_node;
using form = marked_node::form;

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The sidecar among the containers of a list; null when it is not there.
const marked_node* find_container(const config::marked_member* list) {
    if (list == nullptr) return nullptr;
    for (const auto& each : list->value.resolved().items)
        if (is_named(each, sidecar_name)) return &each;
    return nullptr;
}

const marked_node* find_volume(const workload& in, std::string_view name) {
    if (in.volumes == nullptr) return nullptr;
    for (const auto& each : in.volumes->value.items)
        if (is_named(each, name)) return &each;
    return nullptr;
}

/// The volume that a sidecar is to have; null when it is to have none of that name.
const yaml_value* wanted_volume(const sidecar_shape* shape, std::string_view name) {
    if (shape == nullptr) return nullptr;
    for (const auto& each : shape->volumes)
        if (each["name"].get_ref<const std::string&>() == name) return &each;
    return nullptr;
}

/// Whether inject made this container: no other has a port of this name, neither by hand nor by the chart.
bool is_ours(const marked_node& container) {
    const auto* ports = look(container, "ports");
    return ports != nullptr && std::any_of(ports->items.begin(), ports->items.end(),
                                           [](const auto& each) { return is_named(each, probes_port); });
}

/// Whether a value in the text says just this.
bool says(const marked_node& node, const yaml_value& value) {
    if (value.is_object()) {
        auto part = value.begin();
        return node.is == form::mapping && node.members.size() == value.size() &&
               std::all_of(node.members.begin(), node.members.end(), [&](const auto& each) {
                   const bool same = each.key.text == part.key() && says(each.value, part.value());
                   return ++part, same;
               });
    }
    if (value.is_array()) {
        auto part = value.begin();
        return node.is == form::list && node.items.size() == value.size() &&
               std::all_of(node.items.begin(), node.items.end(), [&](const auto& each) { return says(each, *part++); });
    }
    return node.is == form::scalar && node.text == (value.is_string() ? value.get<std::string>() : value.dump());
}

/// Where a template that is not rendered yet gives itself away: "{{" where a line or a value begins.
std::optional<std::size_t> find_template(std::string_view text) {
    for (auto at = text.find("{{"); at != std::string_view::npos; at = text.find("{{", at + 2)) {
        const auto before = before_in_line(text, at);
        const auto last = before.find_last_not_of(" \t");
        const bool value = last != std::string_view::npos && last + 1 < before.size() && before[last] == ':';
        if (value || last == std::string_view::npos) return at;
    }
    return std::nullopt;
}

/// One run over a text.
class injector {
  public:
    injector(std::string_view text, const std::string& name, const inject_request& request)
        : text_(text), request_(request), findings_(text, name) {}

    /// The text after the run; nothing when there was an error.
    std::optional<std::string> run(const std::string& name);
    /// Whether a text holds the sidecars that run() put into this one, each as it was meant.
    bool is_in(std::string_view result, const std::string& name) const;

    inject_findings& findings() { return findings_; }

  private:
    void treat(const workload& one);
    bool is_skipped(const workload& one);
    bool refuse_strangers(const workload& one);
    void edit(const workload& one, const sidecar_shape* shape);
    void tell(const workload& one, const sidecar_shape& shape, bool fresh);
    void take(std::vector<text_edit>& more) {
        edits_.insert(edits_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }

    std::string_view text_;
    const inject_request& request_;
    inject_findings findings_;
    std::vector<config::marked_document> documents_;
    manifests all_;
    std::vector<std::optional<sidecar_shape>> shapes_;  ///< of each workload; none: skipped, or taken out
    std::vector<text_edit> edits_;
    std::vector<const workload*> with_config_, left_alone_;
    std::optional<service_ports> services_;
};

std::optional<std::string> injector::run(const std::string& name) {
    auto documents = config::parse_marked_yaml(text_, name, findings_.errors());
    if (!documents) {
        if (const auto template_at = find_template(text_)) {
            findings_.errors().clear();
            findings_.error(*template_at, "a template of Helm; render it first (helm template), then inject");
        }
        return std::nullopt;
    }
    documents_ = std::move(*documents);
    all_ = find_manifests(documents_, findings_);
    if (findings_.failed()) return std::nullopt;
    services_.emplace(text_, all_, findings_);
    for (const auto& each : all_.workloads) treat(each);
    if (request_.remove) services_->restore();
    take(services_->edits());
    auto maps = edit_config_maps(text_, all_, with_config_, left_alone_, request_.config_text, findings_);
    take(maps);
    if (findings_.failed()) return std::nullopt;
    if (all_.workloads.empty()) findings_.note(0, "no workload here; nothing to do");
    return apply(text_, std::move(edits_));
}

void injector::treat(const workload& one) {
    auto& shape = shapes_.emplace_back();
    if (!refuse_strangers(one)) return;
    if (request_.remove) return edit(one, nullptr);
    if (is_skipped(one)) return;
    shape = shape_sidecar(one, all_.services, request_, findings_);
    if (!shape) return;
    if (!request_.config.empty()) with_config_.push_back(&one);
    edit(one, &*shape);
    tell(one, *shape, find_container(one.init_containers) == nullptr);
    services_->point_at(one, *shape, request_.rewrite_services);
}

bool injector::is_skipped(const workload& one) {
    const auto wish = one.marked("outrider/inject");
    if (wish.empty() || wish == "true") return false;
    if (wish == "false") {
        findings_.note(one.node->begin, one.title() + ": left as it is, as its annotation outrider/inject says");
        left_alone_.push_back(&one);
        return true;
    }
    findings_.error(one.node->begin,
                    one.title() + R"(: the annotation outrider/inject is ")" + wish + R"("; write "true" or "false")");
    return true;
}

bool injector::refuse_strangers(const workload& one) {
    if (const auto* found = find_container(one.containers)) {
        if (request_.remove) return true;
        findings_.error(found->begin, one.title() +
                                          ": there is a container 'outrider' already, and not as a native "
                                          "sidecar; remove or rename it");
        return false;
    }
    const auto* found = find_container(one.init_containers);
    if (found == nullptr || is_ours(*found)) return true;
    if (request_.remove) return true;
    findings_.error(found->begin, one.title() +
                                      ": there is an init container 'outrider' that inject did not make (it has "
                                      "no port 'outrider-probes'); remove or rename it, or leave the workload out "
                                      "by the annotation outrider/inject: \"false\"");
    return false;
}

void injector::edit(const workload& one, const sidecar_shape* shape) {
    list_editor editor{text_, *one.pod, *one.containers, style_of(text_, one.spec->key, *one.containers)};
    const auto* container = find_container(one.init_containers);
    const bool ours = container != nullptr && is_ours(*container);
    if (shape == nullptr && !ours) return;
    auto why = editor.edit(
        "initContainers", {{sidecar_name, shape != nullptr ? &shape->container : nullptr, ours ? container : nullptr}});
    std::vector<list_entry> volumes;
    for (const auto* name : {config_volume, state_volume})
        volumes.push_back({name, wanted_volume(shape, name), find_volume(one, name)});
    if (why.empty()) why = editor.edit("volumes", volumes);
    if (!why.empty()) return findings_.error(editor.where(), one.title() + ": " + why);
    take(editor.edits());
}

void injector::tell(const workload& one, const sidecar_shape& shape, bool fresh) {
    std::string text = one.title() + (fresh ? ": sidecar added" : ": sidecar brought up to date");
    if (shape.inbound_port != 0 && shape.app_port != 0) {
        text += "; it takes in port " + std::to_string(shape.inbound_port) + " for the application's " +
                std::to_string(shape.app_port);
    }
    if (!shape.outbound.empty()) text += "; calls go out by HTTP_PROXY=http://" + shape.outbound;
    for (const auto& [name, address] : shape.kafka) text += "; bootstrap.servers of " + name + " is " + address;
    findings_.note(one.node->begin, std::move(text));
}

bool injector::is_in(std::string_view result, const std::string& name) const {
    inject_findings ignored{result, name};
    const auto documents = config::parse_marked_yaml(result, name, ignored.errors());
    if (!documents) return false;
    const auto now = find_manifests(*documents, ignored);
    if (ignored.failed() || now.workloads.size() != all_.workloads.size()) return false;
    for (std::size_t i = 0; i < shapes_.size(); ++i) {
        if (!shapes_[i]) continue;
        const auto& one = now.workloads[i];
        const auto* container = find_container(one.init_containers);
        if (container == nullptr || !says(*container, shapes_[i]->container)) return false;
        for (const auto& each : shapes_[i]->volumes) {
            const auto* volume = find_volume(one, each["name"].get_ref<const std::string&>());
            if (volume == nullptr || !says(*volume, each)) return false;
        }
    }
    return true;
}

/// The text after a run of its own; nothing when there was an error.
std::optional<std::string> run_over(std::string_view text, const std::string& name, const inject_request& request) {
    return injector{text, name, request}.run(name);
}

/// What is promised of every result. The text was edited by positions: that nothing else changed is seen before it is
/// used.
bool holds(std::string_view before, std::string_view after, const std::string& name, const inject_request& request) {
    inject_request remove;
    remove.remove = true;
    const auto rest = run_over(before, name, remove);
    return rest && run_over(after, name, remove) == rest && run_over(after, name, request) == after;
}

}  // namespace

std::variant<injection, config::diagnostics> inject(std::string_view text, const std::string& name,
                                                    const inject_request& request) {
    const bool marked = text.starts_with(byte_order_mark);
    if (marked) text.remove_prefix(byte_order_mark.size());
    injector work{text, name, request};
    auto result = work.run(name);
    if (!result) return std::move(work.findings().errors());
    if (*result != text && !(work.is_in(*result, name) && holds(text, *result, name, request))) {
        return config::diagnostics{{name, 0, 0,
                                    "written in a way that can't be edited in place; write the pod's spec in block "
                                    "style, a key on each line"}};
    }
    if (marked) result->insert(0, byte_order_mark);
    return injection{std::move(*result), std::move(work.findings().notes())};
}

}  // namespace outrider::tools
