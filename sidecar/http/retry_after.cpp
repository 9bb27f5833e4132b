#include "sidecar/http/retry_after.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace outrider::http {
namespace {

using std::chrono::seconds;

constexpr seconds longest{86'400};
constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// `count` digits at `at`; -1 when they are none.
int digits(std::string_view text, std::size_t at, std::size_t count) {
    int out = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (text[i] < '0' || text[i] > '9') return -1;
        out = out * 10 + (text[i] - '0');
    }
    return out;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<std::chrono::sys_seconds> parse_fixdate(std::string_view text) {
    using namespace std::chrono;
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[7] != ' ' ||
        text[11] != ' ' || text[16] != ' ' || text[19] != ':' || text[22] != ':')
        return std::nullopt;
    auto month = std::find(months.begin(), months.end(), text.substr(8, 3)) - months.begin() + 1;
    auto d = digits(text, 5, 2), y = digits(text, 12, 4);
    auto h = digits(text, 17, 2), m = digits(text, 20, 2), s = digits(text, 23, 2);
    if (d < 1 || y < 0 || h < 0 || h > 23 || m < 0 || m > 59 || s < 0 || s > 60) return std::nullopt;
    year_month_day date{year{y}, std::chrono::month{static_cast<unsigned>(month)}, day{static_cast<unsigned>(d)}};
    if (!date.ok()) return std::nullopt;
    return sys_days{date} + hours{h} + minutes{m} + seconds{s};
}

}  // namespace

std::optional<seconds> parse_retry_after(std::string_view value, std::chrono::system_clock::time_point now) {
    if (value.empty()) return std::nullopt;
    if (value.find_first_not_of("0123456789") == std::string_view::npos) {
        if (value.size() > 5) return longest;
        int count = 0;
        std::from_chars(value.data(), value.data() + value.size(), count);
        return std::min(seconds{count}, longest);
    }
    auto date = parse_fixdate(value);
    if (!date) return std::nullopt;
    return std::clamp(std::chrono::ceil<seconds>(*date - now), seconds{0}, longest);
}

}  // namespace outrider::http
