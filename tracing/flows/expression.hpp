#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tracing/flows/flow.hpp"

namespace outrider::flows {

/// What is wrong with an expression.
struct expression_error {
    std::size_t column = 0;  ///< from 1, in bytes of the expression; names are ASCII
    std::string text;
    std::string unknown{};  ///< a name that is no event: whoever shows it may know a nearer one
};

/// An event that an expression names, with its place.
struct named_place {
    std::string name;
    std::size_t column = 0;
};

/// An expression whose members refer to `names` by index.
struct parsed_expression {
    std::vector<step> steps;
    std::vector<named_place> names;
};

inline constexpr std::size_t most_of_an_expression = 8'192;  ///< bytes
inline constexpr std::size_t most_steps = 64;
inline constexpr std::uint32_t most_repeats = 10'000;

/// Reads what `expect` and `compensate` are written in:
///
///     steps        = step { "->" step }
///     step         = alternative { "|" alternative } [ "within" time ]
///     alternative  = ( member | "(" member { "&" member } ")" ) [ "end" ]
///     member       = name [ "x" count [ ".." count ] ]
///     time         = number ( "ms" | "s" | "m" | "h" | "d" )
std::variant<parsed_expression, expression_error> parse_expression(std::string_view text);

/// Whether an event may be called so: the words of expressions are taken.
bool is_event_name(std::string_view name);

/// "250ms", "1.5s", "10m": nothing when it is none, or above 30 days.
std::optional<std::chrono::nanoseconds> parse_time(std::string_view text);
/// The shortest text of a time that reads back as the same, rounded to milliseconds.
std::string time_text(std::chrono::nanoseconds time);

}  // namespace outrider::flows
