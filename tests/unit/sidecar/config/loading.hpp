#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "sidecar/config/load.hpp"

namespace outrider::config::test {

/// What an otherwise complete configuration needs.
inline constexpr std::string_view minimal =
    "service: orders\n"
    "inbound: [{listen: '127.0.0.1:0', app: '127.0.0.1:9000'}]\n"
    "tracing: {otlp: 'http://jaeger:4318'}\n";

inline load_input with_flags(std::vector<override_setting> sets) {
    load_input input;
    input.sets = std::move(sets);
    input.default_instance = "test-1";
    return input;
}

inline load_input with_environment(environment variables) {
    load_input input = with_flags({});
    input.environment = std::move(variables);
    return input;
}

inline std::string lines(const diagnostics& findings) {
    std::string out;
    for (const auto& each : findings) out += to_text(each) + "\n";
    return out;
}

/// The configuration, or a test failure that shows the errors.
inline loaded must_load(std::string_view yaml, const load_input& input = with_flags({})) {
    auto result = load_text(yaml, input);
    if (auto* errors = std::get_if<diagnostics>(&result)) {
        ADD_FAILURE() << lines(*errors);
        return {};
    }
    return std::get<loaded>(std::move(result));
}

/// The errors as text; a test failure when there are none.
inline std::string must_fail(std::string_view yaml, const load_input& input = with_flags({})) {
    auto result = load_text(yaml, input);
    if (auto* errors = std::get_if<diagnostics>(&result)) return lines(*errors);
    ADD_FAILURE() << "no error";
    return {};
}

}  // namespace outrider::config::test
