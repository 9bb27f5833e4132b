#pragma once

#include <string>

#include "sidecar/config/node.hpp"
#include "sidecar/config/references.hpp"
#include "sidecar/config/schema.hpp"

namespace outrider::config {

/// Puts `value` at a path of names and numbers ("timeouts.first_byte", "inbound.0.listen", "upstreams.stock.endpoints",
/// "upstreams.'a.b'.endpoints") into the tree, over what is there.
/// @return nothing, or why there is no such setting
complaint assign(node& root, const std::string& path, std::string value, const origin& where);

/// Whether this is the path of a setting.
bool is_setting(const std::string& path);

/// Whether `value` would be taken at `path`, a scalar of fixed name; nothing when it would.
complaint check_value(const std::string& path, const std::string& value);

/// Every path of the table; a list's entry shows as 0, a free name as NAME.
const std::vector<std::string>& setting_paths();

}  // namespace outrider::config
