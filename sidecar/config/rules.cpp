#include "sidecar/config/rules.hpp"

#include <algorithm>
#include <array>

#include "sidecar/config/references.hpp"

namespace outrider::config {

origin rules::where(const std::string& path) const {
    const auto found = result_.origins.find(path);
    if (found != result_.origins.end()) return found->second;
    return {source::fallback, input_.file.value_or("")};
}

bool rules::has_failed(const std::string& path) const {
    return std::any_of(failed_.begin(), failed_.end(), [&](const std::string& other) {
        return other.empty() || other == path || path.starts_with(other + ".") || other.starts_with(path + ".");
    });
}

void rules::fail(const std::string& path, std::string text) {
    if (!has_failed(path)) errors_.push_back(at(where(path), std::move(text)));
}

void rules::warn(const std::string& path, std::string text) {
    result_.warnings.push_back(at(where(path), std::move(text)));
}

void rules::check_tls(const std::string& path, const tls_client& tls) {
    if (tls.certificate.empty() != tls.key.empty()) {
        const auto* has = tls.key.empty() ? ".certificate" : ".key";
        const auto* lacks = tls.key.empty() ? ".key" : ".certificate";
        fail(path + has, "'" + path + has + "' needs '" + path + lacks + "' beside it");
    }
    const std::array<std::pair<const char*, const std::string*>, 3> files{
        {{".ca", &tls.ca}, {".certificate", &tls.certificate}, {".key", &tls.key}}};
    for (const auto& [key, file] : files) {
        if (file->empty() || input_.elsewhere) continue;
        if (auto wrong = check_readable(*file); !wrong.empty()) fail(path + key, "'" + path + key + "': " + wrong);
    }
}

}  // namespace outrider::config
