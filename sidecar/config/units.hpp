#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outrider::config {

/// "250ms", "3s", "1.5m", "1h"; a bare "0". Whole milliseconds, rounded down.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest form that parses back to the same: "90s", "1h", "250ms", "0s".
std::string duration_text(std::chrono::milliseconds value);

/// "1024", "64KiB", "5MiB", "2GiB", also "64kB", "5MB", "2GB" as powers of ten. Bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);
/// The shortest form that parses back to the same: "64KiB", "1000".
std::string size_text(std::uint64_t value);

/// Decimal digits only.
std::optional<std::uint64_t> parse_count(std::string_view text);

/// "0.25" or "25%" is 0.25. Finite and not negative.
std::optional<double> parse_share(std::string_view text);
std::string share_text(double value);

/// Decodes %XX, and '+' as a space when `plus_is_space`; nothing when an escape is malformed.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

std::string_view trim(std::string_view text);

}  // namespace outrider::config
