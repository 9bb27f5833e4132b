#pragma once

#include <chrono>
#include <ctime>
#include <string>

namespace outrider::net {

/// A moment as RFC 3339 has it, in UTC, to the second that it lies in: "2026-11-27T10:00:00Z".
inline std::string utc_text_of_seconds(std::chrono::system_clock::time_point when) {
    const auto seconds =
        static_cast<std::time_t>(std::chrono::floor<std::chrono::seconds>(when).time_since_epoch().count());
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

/// The same to the millisecond: "2026-11-27T10:00:00.042Z".
inline std::string utc_text(std::chrono::system_clock::time_point when) {
    using std::chrono::milliseconds;
    const auto part = std::chrono::floor<milliseconds>(when) - std::chrono::floor<std::chrono::seconds>(when);
    auto out = utc_text_of_seconds(when);
    out.back() = '.';
    return out + std::to_string(1'000 + part.count()).substr(1) + "Z";
}

}  // namespace outrider::net
