#include "sidecar/config/yaml_complaint.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sidecar/config/utf8.hpp"

namespace outrider::config {
namespace {

/// libfyaml's words for the commonest mistakes, and what they mean to who made them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 5> advices{{
    {"invalid multiline plain key",
     "a value goes on where a key was expected; check the indentation of this line and the next"},
    {"wrongly indented double-quoted scalar", "the quote that opens here is not closed"},
    {"wrongly indented single-quoted scalar", "the quote that opens here is not closed"},
    {"invalid value after mapping", "text after a closing '}'; put quotes around the value if it is meant as text"},
    {"invalid value after sequence", "text after a closing ']'; put quotes around the value if it is meant as text"},
}};

std::string_view line_of(std::string_view bytes, unsigned number) {
    for (unsigned i = 1; i < number && !bytes.empty(); ++i) {
        const auto end = bytes.find('\n');
        bytes = end == std::string_view::npos ? std::string_view{} : bytes.substr(end + 1);
    }
    return bytes.substr(0, bytes.find('\n'));
}

}  // namespace

diagnostic at_offset(std::string_view bytes, std::size_t offset, const std::string& name, std::string text) {
    const auto before = bytes.substr(0, offset);
    const auto lines = static_cast<unsigned>(std::count(before.begin(), before.end(), '\n'));
    const auto start = before.rfind('\n');
    const auto column = characters(start == std::string_view::npos ? before : before.substr(start + 1));
    return {name, lines + 1, static_cast<unsigned>(column) + 1, std::move(text)};
}

diagnostic explain_syntax_error(std::string_view bytes, const std::string& name,
                                const std::optional<diagnostic>& complaint, const origin* open) {
    auto found = complaint.value_or(diagnostic{"", 1, 1, "not YAML"});
    found.file = name;
    for (const unsigned number : {found.line, found.line + 1}) {
        const auto text = line_of(bytes, number);
        const auto first = text.find_first_not_of(" ");
        if (first == std::string_view::npos || text[first] != '\t') continue;
        return {name, number, static_cast<unsigned>(first) + 1, "a tab cannot indent in YAML; use spaces"};
    }
    std::string text = "not valid YAML: " + found.text;
    for (const auto& [words, advice] : advices) {
        if (found.text == words) text = "not valid YAML: " + std::string{advice};
    }
    if (open != nullptr) {
        text += "; the bracket opened at " + std::to_string(open->line) + ":" + std::to_string(open->column) +
                " is not closed";
    }
    found.text = std::move(text);
    return found;
}

}  // namespace outrider::config
