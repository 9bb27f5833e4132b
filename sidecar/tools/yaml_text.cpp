#include "sidecar/tools/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace outrider::tools {
namespace {

constexpr std::size_t widest_inline = 40;  ///< of what holds more than scalars

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Words that some version of YAML takes for something else.
bool is_special(std::string_view text) {
    static constexpr std::array<std::string_view, 9> words{"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
    std::string small{text};
    for (auto& c : small) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    return std::find(words.begin(), words.end(), small) != words.end();
}

/// "50m", "16Mi".
bool is_quantity(std::string_view text) {
    const auto unit = std::find_if_not(text.begin(), text.end(), is_digit);
    return unit != text.begin() && unit != text.end() && std::all_of(unit, text.end(), is_letter);
}

/// Whether every YAML reader takes it for the same text without quotes.
bool is_plain(std::string_view text, bool in_braces) {
    if (text.empty() || is_special(text)) return false;
    if (is_quantity(text)) return true;
    const auto safe = [&](char c) {
        const bool mark = c == '_' || c == '.' || c == '/' || c == '-';
        return is_letter(c) || is_digit(c) || mark || (c == ':' && !in_braces);
    };
    return (is_letter(text.front()) || text.front() == '/') && text.back() != ':' &&
           std::all_of(text.begin(), text.end(), safe);
}

std::string scalar(const yaml_value& value, bool in_braces) {
    if (!value.is_string()) return value.dump();
    const auto& text = value.get_ref<const std::string&>();
    return is_plain(text, in_braces) ? text : value.dump();
}

/// "{name: probes, containerPort: 7910}".
std::string in_braces(const yaml_value& value) {
    if (!value.is_structured()) return scalar(value, true);
    std::string out;
    for (const auto& [key, part] : value.items()) {
        if (!out.empty()) out += ", ";
        out += value.is_object() ? scalar(key, true) + ": " + in_braces(part) : in_braces(part);
    }
    return value.is_object() ? "{" + out + "}" : "[" + out + "]";
}

bool fits_in_braces(const yaml_value& value) {
    const bool flat = std::none_of(value.begin(), value.end(), [](const auto& each) { return each.is_structured(); });
    return flat || in_braces(value).size() <= widest_inline;
}

}  // namespace

std::vector<std::string> block_item(const yaml_value& value, std::size_t dash, const yaml_style& style) {
    const auto column = dash + style.dash_gap;
    auto lines = block_members(value, column, style);
    lines.front().replace(0, column, std::string(dash, ' ') + "-" + std::string(style.dash_gap - 1, ' '));
    return lines;
}

std::vector<std::string> block_members(const yaml_value& mapping, std::size_t column, const yaml_style& style) {
    std::vector<std::string> lines;
    const auto add = [&](std::vector<std::string> more) {
        lines.insert(lines.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    };
    for (const auto& [key, value] : mapping.items()) {
        const auto head = std::string(column, ' ') + scalar(key, false) + ":";
        const bool lists = value.is_array() && std::any_of(value.begin(), value.end(),
                                                           [](const auto& each) { return each.is_structured(); });
        if (!value.is_structured()) {
            lines.push_back(head + " " + scalar(value, false));
        } else if (lists) {
            lines.push_back(head);
            const auto dash = std::string(column + style.list_offset, ' ') + "-" + std::string(style.dash_gap - 1, ' ');
            for (const auto& each : value) lines.push_back(dash + in_braces(each));
        } else if (fits_in_braces(value)) {
            lines.push_back(head + " " + in_braces(value));
        } else {
            lines.push_back(head);
            add(block_members(value, column + style.step, style));
        }
    }
    return lines;
}

std::string flow_value(const yaml_value& value) {
    if (!value.is_structured()) return value.dump();
    std::string out;
    for (const auto& [key, part] : value.items()) {
        if (!out.empty()) out += ", ";
        if (value.is_object()) out += yaml_value(key).dump() + ": ";
        out += flow_value(part);
    }
    return value.is_object() ? "{" + out + "}" : "[" + out + "]";
}

}  // namespace outrider::tools
