#include "governance/match_specificity.hpp"

#include <algorithm>

#include "governance/glob.hpp"
#include "governance/path_template.hpp"

namespace outrider::governance {
namespace {

/// 0 where nothing is named, 1 for a glob, 2 for a name.
std::uint32_t weight(const std::string& text) { return text.empty() || text == "*" ? 0 : is_glob(text) ? 1 : 2; }

}  // namespace

std::uint32_t specificity(const match& by) {
    std::uint32_t literals = 0, parameters = 0, headers = 0;
    for (const auto& segment : path_template::parse(by.path).segments)
        ++(segment.is == path_template::segment::kind::literal ? literals : parameters);
    for (const auto& [name, value] : by.headers) headers += 1 + weight(value);
    std::uint32_t names =
        weight(by.host) + weight(by.upstream) + weight(by.cluster) + weight(by.group) + weight(by.client);
    std::uint32_t out = std::min(literals, 31U) << 27U;
    out |= std::min(parameters, 15U) << 23U;
    out |= (by.method.empty() ? 0U : 1U) << 22U;
    out |= weight(by.topic) << 20U;
    out |= std::min(headers, 31U) << 12U;
    return out | std::min(names, 31U) << 4U | (by.kind ? 1U : 0U);
}

}  // namespace outrider::governance
