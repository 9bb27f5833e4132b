#include "sidecar/fleet/lease_script.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace outrider::fleet {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
/// Numbers travel as text; what is beyond this share of them is no rounding.
constexpr double rounding = 1e-6;

/// Independent of the locale, and back to the same number.
std::string number(double value) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string key_of(const lease_question& question) {
    std::string out(question.prefix);
    for (const auto byte : question.asked.name) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

std::optional<double> read_number(const std::string& text) {
    double value = 0;
    const auto* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || stopped != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

}  // namespace

// What is stored may be anything (pcall, the comparisons that are false for NaN), debts end at an hour's amount, and
// what Lua's tostring() would round is formatted.
std::string_view lease_script() {
    return R"(local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local out = {}
for i = 1, #KEYS do
  local at = (i - 1) * 6
  local rate, burst = ARGV[at + 1] / 1000000, tonumber(ARGV[at + 2])
  local spend, give, want = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  local at_most = tonumber(ARGV[at + 6]) or burst
  local full = tonumber(redis.pcall('GET', KEYS[i]) or '') or now
  if not (full > now) then full = now end
  if full > now + burst / rate + 3600000000 then full = now + burst / rate + 3600000000 end
  local level = math.min(burst - (full - now) * rate - spend + give, burst, at_most)
  local granted = math.max(0, math.min(want, level, math.max(level / 2, 1)))
  level = math.max(level - granted, -3600000000 * rate)
  full = now + (burst - level) / rate
  local left = math.ceil((full - now) / 1000)
  if left > 0 then
    redis.call('SET', KEYS[i], string.format('%.3f', full), 'PX', string.format('%.0f', left))
  else
    redis.call('DEL', KEYS[i])
  end
  out[2 * i - 1] = string.format('%.9g', granted)
  out[2 * i] = string.format('%.9g', level)
end
return out
)";
}

std::vector<std::string> lease_arguments(const std::vector<lease_question>& batch) {
    std::vector<std::string> out{std::to_string(batch.size())};
    for (const auto& question : batch) out.push_back(key_of(question));
    for (const auto& question : batch) {
        const auto& asked = question.asked;
        for (const double value : {asked.per_second, asked.burst, asked.what.spend, asked.what.give, asked.what.want})
            out.push_back(number(value));
        out.push_back(asked.what.at_most ? number(*asked.what.at_most) : "-");
    }
    return out;
}

std::optional<std::vector<governance::lease_grant>> read_grants(const std::vector<lease_question>& batch,
                                                                const std::vector<std::string>& answer) {
    if (answer.size() != 2 * batch.size()) return std::nullopt;
    std::vector<governance::lease_grant> out;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        const auto granted = read_number(answer[2 * i]), left = read_number(answer[2 * i + 1]);
        const auto& asked = batch[i].asked;
        if (!granted || !left) return std::nullopt;
        if (*granted < 0 || *granted > asked.what.want * (1 + rounding)) return std::nullopt;
        if (*left > asked.burst * (1 + rounding)) return std::nullopt;
        out.push_back({*granted, *left});
    }
    return out;
}

}  // namespace outrider::fleet
