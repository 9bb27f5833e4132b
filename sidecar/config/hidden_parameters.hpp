#pragma once

#include <array>
#include <string_view>

namespace outrider::config {

/// Query parameters whose values are credentials, whatever the operator configured (semantic conventions, url.full).
inline constexpr std::array always_redacted{std::string_view{"sig"}, std::string_view{"Signature"},
                                            std::string_view{"AWSAccessKeyId"}, std::string_view{"X-Goog-Signature"},
                                            std::string_view{"token"}};

}  // namespace outrider::config
