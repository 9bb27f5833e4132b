#include "sidecar/fleet/key_names.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include <openssl/evp.h>

namespace outrider::fleet {
namespace {

using digest = std::array<unsigned char, 32>;

digest sha256(std::string_view text) {
    digest out{};
    ::EVP_Digest(text.data(), text.size(), out.data(), nullptr, ::EVP_sha256(), nullptr);
    return out;
}

/// Lengths are written too, so that no two rules read the same.
void add(std::string& to, std::string_view text) { to += std::to_string(text.size()) + ':' + std::string(text) + ','; }

void add(std::string& to, double number) {
    std::array<char, 32> text{};
    const auto* const end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    add(to, std::string_view(text.data(), static_cast<std::size_t>(end - text.data())));
}

}  // namespace

governance::fleet_limiter::key_name name_of_key(std::string_view key) {
    const auto whole = sha256(key);
    governance::fleet_limiter::key_name out{};
    std::copy_n(whole.begin(), out.size(), out.begin());
    return out;
}

std::string prefix_of(std::string_view policy, std::size_t index, const governance::limit_rule& rule) {
    std::string text;
    add(text, static_cast<double>(index));
    add(text, rule.rate.per_second);
    add(text, rule.burst.value_or(-1));
    add(text, static_cast<double>(rule.of));
    add(text, static_cast<double>(rule.key.from));
    add(text, rule.key.name);
    for (const auto& [value, rate] : rule.overrides) {
        add(text, value);
        add(text, rate.per_second);
    }
    std::string out = "outrider:limit:" + std::string(policy) + ':';
    constexpr std::string_view digits = "0123456789abcdef";
    const auto hash = sha256(text);
    for (std::size_t i = 0; i < 8; ++i) {
        out += digits[hash[i] >> 4];
        out += digits[hash[i] & 15];
    }
    return out + ':';
}

}  // namespace outrider::fleet
