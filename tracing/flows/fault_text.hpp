#pragma once

#include <string>

#include "tracing/flows/flow.hpp"
#include "tracing/flows/run.hpp"

namespace outrider::flows {

/// A sentence on a fault, for people: "stock.reserved did not come within 5s after order.placed".
std::string text_of(const fault& what, const flow& of);

}  // namespace outrider::flows
