#pragma once

#include <string>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include "sidecar/app/command_line.hpp"

namespace outrider::app::test {

using strings = std::vector<std::string>;

inline command parse(const strings& arguments, const config::environment& variables = {}) {
    return parse_command_line(arguments, variables);
}

/// What a command line that is right asks for.
template <typename T>
T must_be(const strings& arguments, const config::environment& variables = {}) {
    auto result = parse(arguments, variables);
    if (auto* text = std::get_if<answer>(&result); text != nullptr && !std::is_same_v<T, answer>) {
        ADD_FAILURE() << text->text;
    }
    auto* found = std::get_if<T>(&result);
    return found != nullptr ? std::move(*found) : T{};
}

/// What is said about a command line that is wrong.
inline std::string refusal(const strings& arguments) {
    const auto said = must_be<answer>(arguments);
    EXPECT_EQ(said.code, usage);
    return said.text;
}

inline strings as_text(const std::vector<config::override_setting>& sets) {
    strings out;
    for (const auto& each : sets) out.push_back(each.path + "=" + each.value + " by " + each.flag);
    return out;
}

}  // namespace outrider::app::test
