#pragma once

#include <string_view>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/settings_intercept.hpp"
#include "sidecar/config/value_type.hpp"

namespace outrider::config {

/// "http", "kafka:main", "tcp".
complaint parse_intercepted_protocol(std::string_view text, intercepted_protocol& out);
/// "10.0.0.0/8", "10.0.0.1:5432", "fd00::/8", "[fd00::/8]:443", "22".
complaint parse_excluded_destination(std::string_view text, excluded_destination& out);
/// "1337", "0x539"; not 0.
complaint parse_mark(std::string_view text, std::uint32_t& out);

type_of<intercepted_protocol> intercepted_protocol_type();
type_of<excluded_destination> excluded_destination_type();
type_of<std::uint32_t> mark_type();
type_of<std::optional<std::uint32_t>> user_id_type();

}  // namespace outrider::config
