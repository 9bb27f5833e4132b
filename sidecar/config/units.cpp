#include "sidecar/config/units.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace outrider::config {
namespace {

struct unit {
    std::string_view name;
    std::uint64_t factor;
};

constexpr std::array<unit, 4> durations{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
constexpr std::array<unit, 9> sizes{{{"TiB", 1ULL << 40},
                                     {"GiB", 1ULL << 30},
                                     {"MiB", 1ULL << 20},
                                     {"KiB", 1ULL << 10},
                                     {"GB", 1'000'000'000},
                                     {"MB", 1'000'000},
                                     {"kB", 1'000},
                                     {"KB", 1'000},
                                     {"B", 1}}};

/// Digits with at most one point between them: no sign, no exponent.
std::optional<double> parse_decimal(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789.") != std::string_view::npos) return std::nullopt;
    if (text.front() == '.' || text.back() == '.') return std::nullopt;
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

template <std::size_t N>
std::optional<std::uint64_t> scaled(std::string_view text, const std::array<unit, N>& units) {
    const auto split = text.find_first_not_of("0123456789.");
    if (split == std::string_view::npos) return std::nullopt;
    const auto number = parse_decimal(text.substr(0, split));
    if (!number) return std::nullopt;
    for (const auto& [name, factor] : units) {
        if (text.substr(split) != name) continue;
        const double value = std::floor(*number * static_cast<double>(factor));
        if (value > 9e15) return std::nullopt;  // beyond this a double is no longer exact
        return static_cast<std::uint64_t>(value);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    if (text == "0") return std::chrono::milliseconds{0};
    const auto value = scaled(text, durations);
    if (!value) return std::nullopt;
    return std::chrono::milliseconds{*value};
}

std::string duration_text(std::chrono::milliseconds value) {
    const auto count = static_cast<std::uint64_t>(value.count());
    if (count == 0) return "0s";
    for (const auto& [name, factor] : durations) {
        if (count % factor == 0) return std::to_string(count / factor).append(name);
    }
    return {};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    if (const auto plain = parse_count(text)) return plain;
    return scaled(text, sizes);
}

std::string size_text(std::uint64_t value) {
    for (const auto& [name, factor] : sizes) {
        if (name.size() == 3 && value != 0 && value % factor == 0) return std::to_string(value / factor).append(name);
    }
    return std::to_string(value);
}

std::optional<std::uint64_t> parse_count(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<double> parse_share(std::string_view text) {
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    const auto value = parse_decimal(text);
    if (!value) return std::nullopt;
    return percent ? *value / 100 : *value;
}

std::string share_text(double value) {
    std::array<char, 400> buffer{};
    const auto [end, error] =
        std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed);
    return {buffer.data(), end};
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += plus_is_space && text[i] == '+' ? ' ' : text[i];
            continue;
        }
        unsigned value = 0;
        if (text.size() - i < 3) return std::nullopt;
        const char* digits = text.data() + i + 1;
        const auto [end, error] = std::from_chars(digits, digits + 2, value, 16);
        if (error != std::errc{} || end != digits + 2) return std::nullopt;
        out += static_cast<char>(value);
        i += 2;
    }
    return out;
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace outrider::config
