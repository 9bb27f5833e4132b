#include "sidecar/export/retry.hpp"

#include <algorithm>
#include <charconv>
#include <string>

#include <time.h>

namespace outrider::exporting {
namespace {

constexpr std::chrono::milliseconds longest_wait = std::chrono::minutes(10);

std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text) {
    for (const char* form : {"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"}) {
        std::tm fields{};
        const char* end = ::strptime(text.c_str(), form, &fields);
        if (end && *end == '\0') return std::chrono::system_clock::from_time_t(::timegm(&fields));
    }
    return std::nullopt;
}

}  // namespace

bool retryable_status(unsigned status) { return status == 429 || status == 502 || status == 503 || status == 504; }

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                           std::chrono::system_clock::time_point now) {
    using std::chrono::milliseconds;
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
    if (value.empty()) return std::nullopt;
    if (value.find_first_not_of("0123456789") == std::string_view::npos) {
        std::uint64_t seconds = 0;
        const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), seconds);
        if (ec != std::errc{} || seconds > 600) return longest_wait;
        return milliseconds(seconds * 1000);
    }
    const auto date = parse_http_date(std::string(value));
    if (!date) return std::nullopt;
    // Rounded up: a fraction of a millisecond early is still before the date.
    return std::clamp(std::chrono::ceil<milliseconds>(*date - now), milliseconds(0), longest_wait);
}

backoff::backoff(std::chrono::milliseconds first, std::chrono::milliseconds longest, std::uint64_t seed)
    : first_(first), longest_(longest), step_(first), random_(static_cast<std::minstd_rand::result_type>(seed)) {}

std::chrono::milliseconds backoff::next() {
    std::uniform_int_distribution<std::int64_t> draw(step_.count() / 2, step_.count());
    step_ = std::min(step_ * 2, longest_);
    return std::chrono::milliseconds(draw(random_));
}

}  // namespace outrider::exporting
