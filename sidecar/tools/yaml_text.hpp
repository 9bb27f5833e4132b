#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace outrider::tools {

/// A value that is to be written as YAML, keys in the order given.
using yaml_value = nlohmann::ordered_json;

/// How a document in block style is indented.
struct yaml_style {
    std::size_t step = 2;         ///< from a key to the keys below it
    std::size_t list_offset = 2;  ///< from a key to the dashes below it
    std::size_t dash_gap = 2;     ///< from a dash to what it stands for
    bool operator==(const yaml_style&) const = default;
};

/// The lines of one entry of a list in block style, its dash in column `dash` (from 0). Small parts are written in
/// braces.
std::vector<std::string> block_item(const yaml_value& value, std::size_t dash, const yaml_style& style);
/// The lines of the members of a mapping, its keys in column `column`.
std::vector<std::string> block_members(const yaml_value& mapping, std::size_t column, const yaml_style& style);
/// In one line, as JSON with blanks after ',' and ':'.
std::string flow_value(const yaml_value& value);

}  // namespace outrider::tools
