#pragma once

#include <string>
#include <variant>
#include <vector>

#include "tracing/flows/flow.hpp"

namespace outrider::flows {

/// What is wrong with a flow.
struct flow_error {
    std::string key;         ///< of flow_text: "expect", "compensate.payment.failed"
    std::size_t column = 0;  ///< from 1, within the value of that key; 0: it is about the key as a whole
    std::string text;
    std::string unknown{};  ///< a name that is no event
};

/// Either what can be checked, or every error found: one for each expression.
std::variant<flow, std::vector<flow_error>> compile(const flow_text& text);

/// Events that are defined and that nothing names.
std::vector<std::string> unused_events(const flow& of);

}  // namespace outrider::flows
