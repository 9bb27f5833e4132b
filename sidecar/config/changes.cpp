#include "sidecar/config/changes.hpp"

#include <map>

#include "sidecar/config/reader.hpp"
#include "sidecar/config/schema.hpp"

namespace outrider::config {
namespace {

struct leaf {
    std::string text;
    config::reload reload = reload::restart;
};
using leaves = std::map<std::string, leaf>;

/// Walks the table and the values together, down to what has a text.
void collect(const setting& section, const void* owner, const std::string& path, leaves& out) {
    for (const auto& each : section.keys) {
        if (each.shape == shape::later) continue;
        const auto* value = each.member(const_cast<void*>(owner));
        const auto own = join(path, each.name);
        if (each.shape == shape::section) {
            collect(each, value, own, out);
        } else if (each.shape == shape::scalar) {
            out[own] = {each.type->print(value), each.reload};
        } else {
            for (std::size_t i = 0; i < each.container->size(value); ++i) {
                const auto [name, element] = each.container->at(value, i);
                if (each.shape == shape::sections || each.shape == shape::named)
                    collect(each, element, each.alone && each.most == 1 ? own : join(own, name), out);
                else
                    out[join(own, name)] = {each.type->print(element), each.reload};
            }
        }
    }
}

}  // namespace

changes compare(const settings& running, const settings& wanted) {
    leaves before, after;
    collect(declared(), &running, "", before);
    collect(declared(), &wanted, "", after);
    changes out;
    auto add = [&](const std::string& path, reload how) {
        (how == reload::applied ? out.applied : out.restart).push_back(path);
    };
    for (const auto& [path, value] : before) {
        const auto found = after.find(path);
        if (found == after.end() || found->second.text != value.text) add(path, value.reload);
    }
    for (const auto& [path, value] : after)
        if (!before.contains(path)) add(path, value.reload);
    return out;
}

}  // namespace outrider::config
