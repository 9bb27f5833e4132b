#pragma once

#include <string>
#include <string_view>

namespace outrider::tracing {

/// Appends the string that is meant, as UTF-8; a wrong escape becomes U+FFFD.
void unescape_json(std::string_view raw, std::string& out);

}  // namespace outrider::tracing
