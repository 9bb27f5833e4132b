#pragma once

#include <string>
#include <string_view>

// What every kind of value does with what stands behind its `void*`.

namespace outrider::config {

inline std::string quoted(std::string_view text) { return "'" + std::string{text} + "'"; }

template <typename T>
T& as(void* target) {
    return *static_cast<T*>(target);
}
template <typename T>
const T& as(const void* value) {
    return *static_cast<const T*>(value);
}

}  // namespace outrider::config
