#include "tracing/chains/drawn_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include "tracing/terminal_text.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

std::string formatted(const char* format, double number, std::string_view unit) {
    std::array<char, 32> text;
    const auto size = std::snprintf(text.data(), text.size(), format, number);
    return std::string{text.data(), std::min(text.size() - 1, static_cast<std::size_t>(size))}.append(unit);
}

}  // namespace

std::string time_text(std::uint64_t ns, bool ascii) {
    const std::string_view micro = ascii ? "us" : "µs";
    const auto value = static_cast<double>(ns);
    if (ns == 0) return std::string{"0 "}.append(micro);
    if (ns < 999'500) return formatted(ns < 10'000 ? "%.1f " : "%.0f ", value / 1e3, micro);
    if (ns < 999'500'000)
        return formatted(ns < 9'995'000 ? "%.2f " : ns < 99'950'000 ? "%.1f " : "%.0f ", value / 1e6, "ms");
    if (ns < 60'000'000'000) return formatted(ns < 9'995'000'000 ? "%.2f " : "%.1f ", value / 1e9, "s");
    const auto minutes = ns / 60'000'000'000;
    if (minutes < 100) return std::to_string(minutes) + "m " + std::to_string(ns / 1'000'000'000 % 60) + "s";
    const auto hours = minutes / 60;
    if (hours < 100) return std::to_string(hours) + "h " + std::to_string(minutes % 60) + "m";
    return std::to_string(hours / 24) + " d";
}

std::string plural(std::size_t count, std::string_view noun) {
    return std::to_string(count).append(" ").append(noun).append(count == 1 ? "" : "s");
}

std::string rate_text(double per_second) {
    return formatted(per_second < 0.995  ? "%.2f"
                     : per_second < 99.5 ? "%.1f"
                                         : "%.0f",
                     std::min(per_second, 1e15), "/s");
}

std::string share_text(double share) { return formatted("%.2f", std::clamp(share, 0.0, 1.0), ""); }

std::string short_name(std::string_view name, std::size_t most, bool ascii) {
    // Nearly every name is plain and short.
    const auto plain = [](char c) { return c >= 0x20 && c < 0x7f; };
    if (name.size() <= most && std::all_of(name.begin(), name.end(), plain)) return std::string{name};
    std::string start;
    append_utf8(start, name, 4 * most + 4);
    auto text = printable(start, ascii);
    if (columns(text) <= most && start.size() == name.size()) return text;
    text = fit(text, std::min(most, columns(text) + 1), ascii);
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

std::string right_aligned(const std::string& text, std::size_t width) {
    const auto used = columns(text);
    return used >= width ? text : std::string(width - used, ' ') + text;
}

}  // namespace outrider::tracing
