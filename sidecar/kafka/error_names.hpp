#pragma once

#include <cstdint>
#include <string_view>

namespace outrider::kafka {

/// The name of an error code, as the protocol guide spells it: `error.type` of spans. Empty for 0; codes that are not
/// known here are "UNKNOWN_ERROR_CODE".
std::string_view error_name(std::int16_t code);

}  // namespace outrider::kafka
