#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "governance/policy.hpp"
#include "sidecar/config/value_type.hpp"

// The kinds of value that policies have beside those of value_type.hpp.

namespace outrider::config {

/// "100/s", "6000/min", "10/h", "5/d", "5MiB/s". A size before the slash counts bytes.
type_of<governance::rate> rate_value();
/// Whether a rate was written as a size per time.
bool counts_bytes(const governance::rate& of);
/// "50" or "10MiB".
type_of<double> burst_value();
/// More than nothing, at most all: "50%" or "0.5".
type_of<double> portion();
/// "80% over 400ms".
type_of<governance::breaker_rule> slow_calls();
/// "header:x-tenant", "path:id", "client_id", ...
type_of<governance::key_source> key_value();
/// enforce, shadow or disabled; also what `on` and `off` become on their way through YAML 1.1.
type_of<governance::mode> mode_value();
/// "METHOD /path", "/path", "METHOD" or "*": an exchange of this kind.
type_of<governance::match> http_match(governance::traffic kind);
/// A glob of topics: an exchange of this kind.
type_of<governance::match> topic_match(governance::traffic kind);
/// produce or consume, of any topic.
type_of<governance::match> api_match();
/// A name, `*` for any characters.
type_of<std::string> glob();
/// A status that a fallback may have.
type_of<int> status_value();
/// The body of a fallback; not shown where a file is named instead.
type_of<governance::fallback_rule> body_value();

/// "id" of "{id}", "rest" of "{rest...}"; empty where the segment is no parameter.
std::string_view parameter_of(std::string_view segment);
/// Names of a template's parameters, in their order.
std::vector<std::string> parameters_of(std::string_view path);

}  // namespace outrider::config
