#include "governance/path_template.hpp"

#include <algorithm>

namespace outrider::governance {
namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Decodes an escape of one character into `out`, but for the slash: an encoded one is part of its segment.
std::size_t copy_character(std::string_view path, std::size_t at, std::string& out) {
    if (path[at] == '%' && at + 2 < path.size()) {
        int high = hex_value(path[at + 1]), low = hex_value(path[at + 2]);
        if (high >= 0 && low >= 0 && high * 16 + low != '/') {
            out.push_back(static_cast<char>(high * 16 + low));
            return 3;
        }
    }
    out.push_back(path[at]);
    return 1;
}

/// A literal segment as it stands in a normal path.
std::string decoded(std::string_view segment) {
    std::string out;
    for (std::size_t at = 0; at < segment.size();) at += copy_character(segment, at, out);
    return out;
}

/// Drops the segment that begins at `start` when it is empty or ".", and the one before as well when it is "..".
void resolve_dots(std::string& out, std::size_t start) {
    auto segment = std::string_view{out}.substr(start);
    bool up = segment == "..";
    if (!up && segment != "." && !segment.empty()) return out.push_back('/');
    out.resize(start);
    if (!up || start < 2) return;
    auto before = out.rfind('/', start - 2);
    out.resize(before == std::string::npos ? 1 : before + 1);
}

bool is_normal(std::string_view path) {
    if (path.empty() || path.front() != '/') return false;
    char before = 0;
    for (char c : path) {
        if (c == '%' || (before == '/' && (c == '/' || c == '.'))) return false;
        before = c;
    }
    return true;
}

bool is_name(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

/// Names the parts of "{name}" and "{name...}"; false for a literal.
bool read_parameter(std::string_view text, path_template::segment& out) {
    if (text.size() < 3 || text.front() != '{' || text.back() != '}') return false;
    auto name = text.substr(1, text.size() - 2);
    bool rest = name.size() > 3 && name.substr(name.size() - 3) == "...";
    if (rest) name.remove_suffix(3);
    out.is = rest ? path_template::segment::kind::rest : path_template::segment::kind::parameter;
    out.text = name;
    return true;
}

}  // namespace

std::string_view next_segment(std::string_view& rest) {
    auto slash = rest.find('/');
    auto segment = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash + 1);
    return segment;
}

std::string_view normal_path(std::string_view path, std::string& scratch) {
    if (is_normal(path)) return path;
    scratch.assign(1, '/');
    std::size_t start = 1;
    for (std::size_t at = path.empty() || path.front() != '/' ? 0 : 1; at < path.size();) {
        if (path[at] == '/') {
            resolve_dots(scratch, start);
            start = scratch.size();
            ++at;
        } else {
            at += copy_character(path, at, scratch);
        }
    }
    if (scratch.size() > start) {
        resolve_dots(scratch, start);
        if (scratch.size() > 1 && scratch.back() == '/' && path.back() != '/') scratch.pop_back();
    }
    return scratch;
}

path_template path_template::parse(std::string_view text) {
    path_template out;
    if (!text.empty()) text.remove_prefix(1);
    while (!text.empty()) {
        auto part = next_segment(text);
        if (part.empty()) continue;
        segment made{segment::kind::literal, decoded(part)};
        read_parameter(part, made);
        out.segments.push_back(std::move(made));
    }
    return out;
}

std::string check_path_template(std::string_view text) {
    if (text.empty() || text.front() != '/') return "begins with '/'";
    std::string scratch;
    if (auto normal = normal_path(text, scratch); normal != text)
        return "is written without escapes, empty and dot segments: '" + std::string{normal} + "'";
    std::vector<std::string> names;
    auto rest = text.substr(1);
    while (!rest.empty()) {
        auto part = next_segment(rest);
        path_template::segment found;
        if (!read_parameter(part, found)) {
            if (part.find_first_of("{}*") != std::string_view::npos)
                return "has whole segments as parameters: '{name}' for one, '{name...}' for the rest, no '*'";
            continue;
        }
        if (!is_name(found.text)) return "names parameters by letters, digits, '_' and '-'";
        if (std::find(names.begin(), names.end(), found.text) != names.end())
            return "names the parameter '" + found.text + "' twice";
        names.push_back(found.text);
        if (found.is == path_template::segment::kind::rest && !rest.empty())
            return "has '{" + found.text + "...}' at its end only";
    }
    return {};
}

}  // namespace outrider::governance
