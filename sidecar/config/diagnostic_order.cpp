#include "sidecar/config/diagnostic_order.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace outrider::config {

void put_in_order(diagnostics& findings, const std::vector<std::string>& files) {
    std::map<std::string, std::size_t> order;
    for (const auto& file : files) order.emplace(file, order.size());
    const auto place = [&](const diagnostic& d) {
        const auto known = order.find(d.file);
        return std::tuple{known == order.end() ? order.size() : known->second, d.line, d.column};
    };
    std::stable_sort(findings.begin(), findings.end(), [&](auto& a, auto& b) { return place(a) < place(b); });
    findings.erase(std::unique(findings.begin(), findings.end()), findings.end());
}

}  // namespace outrider::config
