#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "governance/clock.hpp"

namespace outrider::governance {

/// The time an exchange may take as its caller said: `x-outrider-timeout-ms` (milliseconds, relative, so clocks need
/// not agree) or `grpc-timeout` (gRPC over HTTP/2: up to eight digits and one of H M S m u n). Nothing for what is
/// neither; what is longer than an hour counts as an hour.
std::optional<milliseconds> parse_timeout_ms(std::string_view value);
std::optional<milliseconds> parse_grpc_timeout(std::string_view value);

/// What is left, as the next hop is told: never negative, in the header's form.
std::string timeout_ms_text(nanoseconds left);
std::string grpc_timeout_text(nanoseconds left);

}  // namespace outrider::governance
