#include "tracing/flows/patterns.hpp"

#include <algorithm>

namespace outrider::flows {
namespace {

/// Takes what stands before the next slash off.
std::string_view next_segment(std::string_view& rest) {
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(segment.size() + 1, rest.size()));
    return segment;
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

}  // namespace

bool matches_glob(std::string_view pattern, std::string_view text) {
    std::size_t p = 0, t = 0, star = std::string_view::npos, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool matches_path(std::string_view pattern, std::string_view path) {
    if (!pattern.starts_with('/') || !path.starts_with('/')) return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    for (;;) {
        const bool last = pattern.find('/') == std::string_view::npos;
        const bool path_ends = path.find('/') == std::string_view::npos;
        const auto wanted = next_segment(pattern);
        if (is_parameter(wanted) && wanted.ends_with("...}")) return true;
        const auto is = next_segment(path);
        if (is_parameter(wanted) ? is.empty() : wanted != is) return false;
        if (last || path_ends) return last && path_ends;
    }
}

std::string_view path_of_url(std::string_view url) {
    if (!url.starts_with('/')) {
        const auto authority = url.find("://");
        if (authority == std::string_view::npos) return {};
        url.remove_prefix(authority + 3);
        const auto slash = url.find_first_of("/?#");
        if (slash == std::string_view::npos || url[slash] != '/') return "/";
        url.remove_prefix(slash);
    }
    return url.substr(0, url.find_first_of("?#"));
}

}  // namespace outrider::flows
