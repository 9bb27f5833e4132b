#include "governance/time_budget.hpp"

#include <algorithm>
#include <cstdint>

namespace outrider::governance {
namespace {

constexpr milliseconds longest{std::chrono::hours(1)};
constexpr std::size_t most_digits = 8;  // of gRPC's TimeoutValue; more than a day in milliseconds

/// One to eight decimal digits and nothing else: no sign, no space, so that it cannot overflow either.
std::optional<std::int64_t> parse_digits(std::string_view digits) {
    if (digits.empty() || digits.size() > most_digits) return std::nullopt;
    std::int64_t out = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9') return std::nullopt;
        out = out * 10 + (c - '0');
    }
    return out;
}

std::optional<nanoseconds> unit_of(char letter) {
    switch (letter) {
        case 'H':
            return std::chrono::hours(1);
        case 'M':
            return std::chrono::minutes(1);
        case 'S':
            return std::chrono::seconds(1);
        case 'm':
            return std::chrono::milliseconds(1);
        case 'u':
            return std::chrono::microseconds(1);
        case 'n':
            return std::chrono::nanoseconds(1);
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<milliseconds> parse_timeout_ms(std::string_view value) {
    const auto count = parse_digits(value);
    if (!count) return std::nullopt;
    return std::min(milliseconds(*count), longest);
}

std::optional<milliseconds> parse_grpc_timeout(std::string_view value) {
    if (value.empty()) return std::nullopt;
    const auto unit = unit_of(value.back());
    const auto count = parse_digits(value.substr(0, value.size() - 1));
    if (!unit || !count) return std::nullopt;
    if (*count > longest / *unit) return longest;  // 99999999H is more nanoseconds than 63 bits hold
    return std::chrono::ceil<milliseconds>(*count * *unit);
}

std::string timeout_ms_text(nanoseconds left) {
    const auto whole = std::chrono::floor<milliseconds>(std::clamp(left, nanoseconds{0}, nanoseconds{longest}));
    return std::to_string(whole.count());
}

std::string grpc_timeout_text(nanoseconds left) {
    left = std::min(left, nanoseconds{longest});
    if (left <= nanoseconds{0}) return "0n";
    if (left < std::chrono::microseconds(1)) return std::to_string(left.count()) + 'n';
    if (left < milliseconds(1)) return std::to_string(left / std::chrono::microseconds(1)) + 'u';
    return std::to_string(left / milliseconds(1)) + 'm';
}

}  // namespace outrider::governance
