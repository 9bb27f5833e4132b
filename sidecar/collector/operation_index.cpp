#include "sidecar/collector/operation_index.hpp"

namespace outrider::collector {

namespace {

constexpr std::size_t node_bytes = 160;

}  // namespace

void operation_index::add(std::string_view service, std::string_view name, tracing::span_kind kind) {
    auto of = services_.find(service);
    if (of == services_.end()) {
        of = services_.emplace(service, counts{}).first;
        bytes_ += node_bytes + service.size();
    }
    auto at = of->second.find(key{name, kind});
    if (at == of->second.end()) {
        at = of->second.emplace(operation{std::string{name}, kind}, 0).first;
        bytes_ += node_bytes + name.size();
    }
    ++at->second;
}

void operation_index::remove(std::string_view service, std::string_view name, tracing::span_kind kind) {
    const auto of = services_.find(service);
    if (of == services_.end()) return;
    const auto at = of->second.find(key{name, kind});
    if (at == of->second.end() || --at->second > 0) return;
    of->second.erase(at);
    bytes_ -= node_bytes + name.size();
    if (!of->second.empty()) return;
    bytes_ -= node_bytes + service.size();
    services_.erase(of);
}

std::vector<std::string> operation_index::services() const {
    std::vector<std::string> names;
    for (const auto& [name, of] : services_) names.push_back(name);
    return names;
}

std::vector<operation> operation_index::operations(std::string_view service) const {
    std::vector<operation> all;
    const auto of = services_.find(service);
    if (of == services_.end()) return all;
    for (const auto& [one, spans] : of->second) all.push_back(one);
    return all;
}

}  // namespace outrider::collector
