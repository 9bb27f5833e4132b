#include "sidecar/export/resource.hpp"

#include <algorithm>
#include <array>

#include <unistd.h>

#include "tracing/otlp.hpp"

namespace outrider::exporting {
namespace {

using attributes = std::vector<std::pair<std::string, std::string>>;

auto find(attributes& in, const std::string& key) {
    return std::find_if(in.begin(), in.end(), [&](const auto& attribute) { return attribute.first == key; });
}

void set(attributes& in, const std::string& key, const std::string& value) {
    if (value.empty()) return;
    if (const auto at = find(in, key); at != in.end())
        at->second = value;
    else
        in.emplace_back(key, value);
}

void set_default(attributes& in, const std::string& key, const std::string& value) {
    if (find(in, key) == in.end()) set(in, key, value);
}

std::string host_name() {
    std::array<char, 256> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown";
}

}  // namespace

attributes resource_attributes(const config::settings& settings) {
    attributes out;
    for (const auto& [key, value] : settings.tracing.resource) set(out, key, value);
    set(out, "service.name", settings.service);
    set(out, "service.namespace", settings.service_namespace);
    set(out, "service.version", settings.service_version);
    set(out, "service.instance.id", settings.instance);
    set_default(out, "service.name", "unknown_service");
    set_default(out, "host.name", host_name());
    set_default(out, "service.instance.id", host_name() + "-" + std::to_string(::getpid()));
    set(out, "telemetry.distro.name", "outrider");
    set(out, "telemetry.distro.version", OUTRIDER_VERSION);
    return out;
}

std::string encoded_resource(const config::settings& settings) {
    tracing::resource out;
    for (auto& [key, value] : resource_attributes(settings))
        out.attributes.push_back({key, tracing::attribute_value{std::move(value)}});
    return tracing::encode_resource(out);
}

}  // namespace outrider::exporting
