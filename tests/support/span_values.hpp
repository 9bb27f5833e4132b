#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "tracing/span_data.hpp"

namespace outrider::test {

inline std::string_view text(const tracing::span_data& span, std::string_view key) {
    return tracing::text_attribute(span.attributes, key);
}

/// -1 where there is none.
inline std::int64_t number(const tracing::span_data& span, std::string_view key) {
    const auto* found = tracing::find_attribute(span.attributes, key);
    if (!found || !std::holds_alternative<std::int64_t>(found->data)) return -1;
    return std::get<std::int64_t>(found->data);
}

inline bool has(const tracing::span_data& span, std::string_view key) {
    return tracing::find_attribute(span.attributes, key) != nullptr;
}

}  // namespace outrider::test
