#include "sidecar/app/route_flag.hpp"

#include <string_view>

namespace outrider::app {

void add_route(const std::string& name, const std::string& to, std::vector<config::override_setting>& sets) {
    const auto path = "upstreams.'" + name + "'.";
    const auto flag = "--route " + name;
    constexpr std::string_view prefix = "discover:";
    if (!to.starts_with(prefix)) {
        sets.push_back({path + "endpoints", to, flag});
        return;
    }
    const auto rest = to.substr(prefix.size());
    const auto colon = rest.find(':');
    const auto by = rest.substr(0, colon);
    sets.push_back({path + "discover.by", by, flag});
    if (colon == std::string::npos) return;
    const auto* key = by == "file" ? "discover.file" : "discover.service";
    sets.push_back({path + key, rest.substr(colon + 1), flag});
}

}  // namespace outrider::app
