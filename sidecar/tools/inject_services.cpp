#include "sidecar/tools/inject_services.hpp"

#include <algorithm>

namespace outrider::tools {
namespace {

using config::marked_member;
using config::marked_node;
using form = marked_node::form;

constexpr std::string_view comment_begins = " # outrider: was ";
constexpr std::string_view not_given = "not given";

std::string_view rest_of_line(std::string_view text, std::size_t offset) {
    const auto rest = text.substr(offset, line_end(text, offset) - offset);
    return rest.substr(0, rest.find_last_not_of("\r\n") + 1);
}

std::string unquoted(std::string_view scalar) {
    const bool quoted = scalar.size() >= 2 && (scalar.front() == '"' || scalar.front() == '\'');
    return std::string{quoted ? scalar.substr(1, scalar.size() - 2) : scalar};
}

}  // namespace

template <typename Do>
void service_ports::for_each_port(Do something) const {
    for (const auto& service : all_.services) {
        const auto* spec = look(*service.node, "spec");
        const auto* ports = spec != nullptr ? look(*spec, "ports") : nullptr;
        if (ports == nullptr) continue;
        for (const auto& each : ports->items)
            if (each.resolved().is == form::mapping) something(read(service, each.resolved()));
    }
}

service_ports::port service_ports::read(const manifest& service, const marked_node& mapping) const {
    port out{&service, &mapping, mapping.find("targetPort"), {}, {}};
    if (out.target == nullptr) return out;
    const auto& value = out.target->value;
    out.original = text_.substr(value.begin, value.end - value.begin);
    const auto rest = rest_of_line(text_, value.end);
    const auto begin = rest.find(comment_begins);
    const auto end = begin == std::string_view::npos ? begin : rest.find(';', begin);
    const bool ours = end != std::string_view::npos && rest.substr(0, begin).find_first_not_of(" }],") == rest.npos;
    if (!ours) return out;
    out.comment = rest.substr(begin, end + 1 - begin);
    out.original = out.comment.substr(comment_begins.size(), out.comment.size() - comment_begins.size() - 1);
    if (out.original == not_given) out.original = {};
    return out;
}

bool service_ports::sends_to(const port& one, const workload& of, std::uint16_t app_port) const {
    if (one.service->name_space != of.name_space) return false;
    if (!is_selected(of, *one.service)) return false;
    const auto protocol = look_text(*one.mapping, {"protocol"});
    if (!protocol.empty() && protocol != "TCP") return false;
    if (one.original.empty()) return port_number(look_text(*one.mapping, {"port"})) == app_port;
    const auto target = unquoted(one.original);
    const auto number = port_number(target);
    return (number != 0 ? number : named_port(of, target)) == app_port;
}

void service_ports::point_at(const workload& of, const sidecar_shape& sidecar, bool rewrite) {
    if (sidecar.inbound_port == 0 || sidecar.app_port == 0) return;
    for_each_port([&](const port& one) {
        if (!sends_to(one, of, sidecar.app_port)) return;
        if (rewrite || !one.comment.empty()) return change(one, sidecar.inbound_port);
        findings_.note(one.mapping->begin, one.service->title() + ": it sends to the application's port " +
                                               std::to_string(sidecar.app_port) +
                                               ", past the sidecar; set targetPort: " +
                                               std::to_string(sidecar.inbound_port) + ", or give --rewrite-services");
    });
}

void service_ports::change(const port& one, std::uint16_t to) {
    const auto [done, fresh] = done_.emplace(one.mapping, to);
    if (fresh) return rewrite(one, to);
    if (done->second != to) {
        refuse(one, to, "sends to several workloads, whose sidecars have different ports");
    }
}

bool service_ports::shared(const port& one) const {
    const auto& aliased = one.service->document->aliased;
    const auto* spec = one.service->node->find("spec");
    const auto* ports = spec != nullptr ? spec->value.find("ports") : nullptr;
    if (ports == nullptr) return true;
    const auto& items = ports->value.items;
    const auto* target = one.target != nullptr ? &one.target->value : one.mapping;
    const bool own = std::any_of(items.begin(), items.end(), [&](const auto& each) { return &each == one.mapping; });
    if (!own || target->is == form::alias) return true;
    for (const auto* each : {one.service->node, &spec->value, &ports->value, one.mapping, target})
        if (!each->anchor.empty() && aliased.contains(each->anchor)) return true;
    return false;
}

void service_ports::refuse(const port& one, std::uint16_t to, const char* why) {
    findings_.error(one.mapping->begin, one.service->title() + ": this port " + why + "; set targetPort: " +
                                            std::to_string(to) + " by hand, and leave out --rewrite-services");
}

void service_ports::rewrite(const port& one, std::uint16_t to) {
    if (shared(one)) return refuse(one, to, "is shared by an alias");
    if (one.target == nullptr) return add_target(one, to);
    const auto& value = one.target->value;
    const auto number = std::to_string(to);
    if (!one.comment.empty()) return edits_.push_back({value.begin, value.end, number});
    if (unquoted(one.original) == number) return;
    const auto rest = rest_of_line(text_, value.end);
    const auto next = rest.find_first_not_of(one.mapping->flow ? " }]," : " ");
    const bool json = text_[one.target->key.begin] == '"' && one.mapping->flow;
    const bool comment_follows = next != std::string_view::npos && next > 0 && rest[next] == '#' && !one.mapping->flow;
    const bool room = next == std::string_view::npos || comment_follows;
    if (json || !room || value.is != form::scalar || value.tagged || one.original.find(';') != one.original.npos)
        return refuse(one, to, "leaves no room for a comment, in which what stands there would be kept");
    const auto comment = std::string{comment_begins} + std::string{one.original} + ";";
    edits_.push_back({value.begin, value.end, number + (one.mapping->flow ? "" : comment)});
    if (one.mapping->flow) edits_.push_back({value.end + rest.size(), value.end + rest.size(), comment});
}

/// Below `port`, whose number was the target's too.
void service_ports::add_target(const port& one, std::uint16_t to) {
    const auto* number = one.mapping->find("port");
    const auto before = before_in_line(text_, number->key.begin);
    const auto rest = rest_of_line(text_, number->value.end);
    const auto next = rest.find_first_not_of(' ');
    const bool plain = next == std::string_view::npos || rest[next] == '#';
    if (one.mapping->flow || !plain || before.find_first_not_of(" -") != before.npos)
        return refuse(one, to, "has no targetPort, nor a line of its own for one");
    const auto line = std::string(before.size(), ' ') + "targetPort: " + std::to_string(to) +
                      std::string{comment_begins} + std::string{not_given} + ";";
    edits_.push_back(add_lines(text_, line_end(text_, number->value.end - 1), {line}));
}

void service_ports::restore() {
    for_each_port([&](const port& one) {
        if (one.comment.empty() || !done_.emplace(one.mapping, 0).second) return;
        const auto& target = *one.target;
        if (one.original.empty()) return edits_.push_back(cut_lines(text_, target.key.begin, target.value.end));
        const auto comment = static_cast<std::size_t>(one.comment.data() - text_.data());
        edits_.push_back({target.value.begin, target.value.end, std::string{one.original}});
        edits_.push_back({comment, comment + one.comment.size(), {}});
    });
}

}  // namespace outrider::tools
