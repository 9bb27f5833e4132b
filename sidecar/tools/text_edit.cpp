#include "sidecar/tools/text_edit.hpp"

#include <algorithm>
#include <stdexcept>

namespace outrider::tools {
namespace {

/// The edits in order, cuts that touch each other as one.
std::vector<text_edit> merged(std::vector<text_edit> edits) {
    std::stable_sort(edits.begin(), edits.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    std::vector<text_edit> out;
    for (auto& each : edits) {
        const bool cuts = each.text.empty() && !out.empty() && out.back().text.empty();
        if (cuts && each.begin <= out.back().end) {
            out.back().end = std::max(out.back().end, each.end);
            continue;
        }
        if (!out.empty() && each.begin < out.back().end) throw std::logic_error("edits overlap");
        out.push_back(std::move(each));
    }
    return out;
}

bool ends_in_break(std::string_view text) { return text.empty() || text.back() == '\n'; }

/// A cut of lines that leaves the text without its last ones.
bool cuts_the_tail(std::string_view text, const text_edit& edit) {
    return edit.text.empty() && edit.end == text.size() && edit.begin > 0 && edit.begin < edit.end &&
           text[edit.begin - 1] == '\n' && !ends_in_break(text);
}

}  // namespace

std::string apply(std::string_view text, std::vector<text_edit> edits) {
    std::string out;
    std::size_t done = 0;
    for (auto& each : merged(std::move(edits))) {
        if (cuts_the_tail(text, each)) {
            --each.begin;
            if (each.begin > done && text[each.begin - 1] == '\r') --each.begin;
        }
        out += text.substr(done, each.begin - done);
        out += each.text;
        done = each.end;
    }
    out += text.substr(done);
    return out;
}

std::size_t line_begin(std::string_view text, std::size_t offset) {
    const auto found = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
    return found == std::string_view::npos ? 0 : found + 1;
}

std::size_t line_end(std::string_view text, std::size_t offset) {
    const auto found = text.find('\n', offset);
    return found == std::string_view::npos ? text.size() : found + 1;
}

std::string_view line_break(std::string_view text, std::size_t offset) {
    auto found = text.find('\n', offset);
    if (found == std::string_view::npos) found = text.rfind('\n');
    return found != std::string_view::npos && found > 0 && text[found - 1] == '\r' ? "\r\n" : "\n";
}

std::string_view before_in_line(std::string_view text, std::size_t offset) {
    const auto begin = line_begin(text, offset);
    return text.substr(begin, offset - begin);
}

bool only_spaces(std::string_view text) { return text.find_first_not_of(' ') == std::string_view::npos; }

text_edit add_lines(std::string_view text, std::size_t offset, const std::vector<std::string>& lines) {
    const auto nl = line_break(text, offset);
    const bool after = offset == text.size() && !ends_in_break(text);
    std::string added;
    for (const auto& line : lines) {
        if (after) added += nl;
        added += line;
        if (!after) added += nl;
    }
    return {offset, offset, std::move(added)};
}

text_edit cut_lines(std::string_view text, std::size_t begin, std::size_t end) {
    return {line_begin(text, begin), line_end(text, end == 0 ? 0 : end - 1), {}};
}

}  // namespace outrider::tools
