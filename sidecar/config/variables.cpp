#include "sidecar/config/variables.hpp"

#include "sidecar/config/nearest.hpp"
#include "sidecar/config/overrides.hpp"
#include "sidecar/config/reader.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view prefix = "OUTRIDER_";

std::string in_capitals(std::string_view name) {
    std::string out;
    for (const char c : name) {
        const bool letter = c >= 'a' && c <= 'z';
        const bool plain = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        out += letter ? static_cast<char>(c - 'a' + 'A') : plain ? c : '_';
    }
    return out;
}

std::string in_small(std::string_view variable) {
    std::string out;
    for (const char c : variable) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '_' ? '-' : c;
    return out;
}

/// The spelling of a free name: one that the tree already has, else small letters and dashes.
std::string free_name(const node* named, std::string_view variable) {
    if (named != nullptr) {
        for (const auto& entry : named->members) {
            if (in_capitals(entry.key) == variable) return "'" + entry.key + "'";
        }
    }
    return "'" + in_small(variable) + "'";
}

std::string resolve(const setting& section, const node* tree, std::string_view rest);

std::string resolve_key(const setting& key, const node* tree, std::string_view rest) {
    if (rest.empty()) return key.keys.empty() || !key.shorthand.empty() ? key.name : "";
    if (!rest.starts_with('_')) return {};
    rest.remove_prefix(1);
    const setting element{"", shape::section, "", {}, {}, key.keys, {}};
    std::string below;
    if (key.shape == shape::section || key.alone) {
        below = resolve(key, tree, rest);
    } else if (key.shape == shape::table && !rest.empty()) {
        below = free_name(tree, rest);
    } else if (key.shape == shape::sections) {
        const auto index = rest.substr(0, rest.find('_'));
        if (!parse_count(index) || index.size() == rest.size()) return {};
        below = resolve(element, nullptr, rest.substr(index.size() + 1));
        if (!below.empty()) below = join(std::string{index}, below);
    } else if (key.shape == shape::named) {
        for (auto cut = rest.find('_', 1); cut != std::string_view::npos && below.empty();
             cut = rest.find('_', cut + 1)) {
            below = resolve(element, nullptr, rest.substr(cut + 1));
            if (!below.empty()) below = join(free_name(tree, rest.substr(0, cut)), below);
        }
    }
    return below.empty() ? below : join(key.name, below);
}

std::string resolve(const setting& section, const node* tree, std::string_view rest) {
    for (const auto& key : section.keys) {
        const auto name = in_capitals(key.name);
        if (key.shape == shape::later || key.file_only || !rest.starts_with(name)) continue;
        auto found = resolve_key(key, tree != nullptr ? tree->find(key.name) : nullptr, rest.substr(name.size()));
        if (!found.empty()) return found;
    }
    return {};
}

/// Kubernetes and Docker links describe a service called `outrider` by variables of these shapes.
bool is_service_link(std::string_view rest) {
    return rest == "SERVICE_HOST" || rest.starts_with("SERVICE_PORT") || rest == "PORT" || rest.starts_with("PORT_");
}

}  // namespace

std::string path_of_variable(const node& root, const std::string& variable) {
    return resolve(declared(), &root, variable);
}

std::string variable_of_path(const std::string& path) { return std::string{prefix} + in_capitals(path); }

void apply_environment(node& root, const environment& variables, diagnostics& errors, diagnostics& warnings) {
    for (auto entry = variables.lower_bound(std::string{prefix}); entry != variables.end(); ++entry) {
        const auto& [name, value] = *entry;
        if (!name.starts_with(prefix)) break;
        const auto rest = name.substr(prefix.size());
        if (value.empty() || is_service_link(rest)) continue;
        const origin where{source::outrider_environment, name};
        const auto path = path_of_variable(root, rest);
        if (path.empty()) {
            std::vector<std::string> known;
            for (const auto& each : setting_paths()) known.push_back(variable_of_path(each));
            warnings.push_back(at(where, "stands for no setting and is ignored" + did_you_mean(name, known)));
        } else if (auto wrong = assign(root, path, value, where); !wrong.empty()) {
            errors.push_back(at(where, std::move(wrong)));
        }
    }
}

}  // namespace outrider::config
