#include "sidecar/collector/span_vocabulary.hpp"

#include "tracing/otlp.hpp"

namespace outrider::collector {

namespace {

constexpr std::size_t most_origins = 4'096;
constexpr std::size_t origin_overhead = 200;  // of the map, the list and the shared pointer

/// Equal exactly for equal origins.
std::string content_of(const tracing::span_origin& origin) {
    std::string out = std::to_string(origin.scope_name.size()) + ":" + origin.scope_name +
                      std::to_string(origin.scope_version.size()) + ":" + origin.scope_version;
    return out + tracing::encode_resource(origin.resource);
}

std::size_t cost_of(const tracing::span_origin& origin) {
    std::size_t total = sizeof origin + origin.scope_name.size() + origin.scope_version.size() + origin_overhead;
    for (const auto& one : origin.resource.attributes) total += tracing::memory_of(one);
    return total;
}

}  // namespace

span_vocabulary::span_vocabulary(std::size_t most_bytes, const governance::hash_secret& secret)
    : most_bytes_(most_bytes), texts_(most_bytes, secret) {}

std::optional<std::uint32_t> span_vocabulary::number_of(const std::shared_ptr<const tracing::span_origin>& origin) {
    if (last_ == origin && last_) return last_number_;
    auto content = content_of(*origin);
    auto at = by_content_.find(content);
    if (at == by_content_.end()) {
        const auto cost = cost_of(*origin) + content.size();
        if (cost > most_bytes_) return std::nullopt;  // no other vocabulary would have room either
        full_ = full_ || origins_.size() >= most_origins || origin_bytes_ + cost > most_bytes_;
        if (full_) return std::nullopt;
        origin_bytes_ += cost;
        at = by_content_.emplace(std::move(content), static_cast<std::uint32_t>(origins_.size())).first;
        origins_.push_back(origin);
    }
    last_ = origin;
    last_number_ = at->second;
    return last_number_;
}

std::shared_ptr<const tracing::span_origin> span_vocabulary::origin_of(std::uint64_t number) const {
    return number < origins_.size() ? origins_[number] : nullptr;
}

std::string_view span_vocabulary::service_of(std::uint64_t origin) const {
    if (origin >= origins_.size()) return "unknown_service";
    const auto name = tracing::text_attribute(origins_[origin]->resource.attributes, "service.name");
    return name.empty() ? "unknown_service" : name;
}

void span_vocabulary::freeze() {
    full_ = true;
    texts_.freeze();
    scratch_ = {};
    last_.reset();
    for (const auto& [content, number] : by_content_) origin_bytes_ -= content.size();
    by_content_.clear();
}

}  // namespace outrider::collector
