#include "sidecar/config/schema.hpp"

#include <algorithm>

namespace outrider::config {

const setting* setting::find(std::string_view key) const {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const setting& s) { return s.name == key; });
    return found == keys.end() ? nullptr : &*found;
}

setting element_of(const setting& what, const std::string& path) {
    setting out{path, shape::section, what.doc, {}, {}, what.keys, &to_itself};
    out.shorthand = what.shorthand;
    out.list_shorthand = what.list_shorthand;
    out.settle = what.settle;
    return out;
}

std::vector<std::string> setting::key_names() const {
    std::vector<std::string> names;
    for (const auto& key : keys) {
        if (key.shape != shape::later) names.push_back(key.name);
    }
    return names;
}

}  // namespace outrider::config
