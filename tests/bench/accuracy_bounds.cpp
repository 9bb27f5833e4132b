#include "tests/bench/accuracy_bounds.hpp"

#include <array>
#include <cstdio>
#include <map>

namespace outrider::test {
namespace {

constexpr std::array<accuracy_bound, 4> everywhere{{{98.5, 98}, {98, 98}, {85, 80}, {68, 65}}};

struct exception {
    std::array<accuracy_bound, 4> bounds;
    std::string reason;
};

const std::map<std::string, exception>& exceptions() {
    static const std::map<std::string, exception> all{};
    return all;
}

}  // namespace

std::size_t load_index(double in_flight) {
    constexpr std::array<double, 3> between{3, 6, 11};
    std::size_t out = 0;
    while (out < between.size() && in_flight > between[out]) ++out;
    return out;
}

accuracy_bound bounds_of(const std::string& kind, std::size_t load_index) {
    const auto found = exceptions().find(kind);
    return (found == exceptions().end() ? everywhere : found->second.bounds)[load_index];
}

std::vector<std::string> reasons_of(const std::string& kind) {
    const auto found = exceptions().find(kind);
    if (found == exceptions().end()) return {};
    return {found->second.reason};
}

std::string short_number(double value) {
    char out[32];
    std::snprintf(out, sizeof out, "%.4g", value);
    return out;
}

}  // namespace outrider::test
