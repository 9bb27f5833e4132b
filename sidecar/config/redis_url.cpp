#include "sidecar/config/redis_url.hpp"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "sidecar/config/units.hpp"
#include "sidecar/config/value_type.hpp"

namespace outrider::config {
namespace {

constexpr std::string_view scheme = "redis://";
constexpr std::string_view default_port = ":6379";
constexpr std::uint64_t most_databases = 1'000'000;

complaint read_user(std::string_view text, redis_target& out) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) return "a user without a password; write redis://user:password@host:port";
    const auto user = percent_decode(text.substr(0, colon));
    const auto password = percent_decode(text.substr(colon + 1));
    if (!user || !password) return "user or password have a '%' that is not followed by two hex digits; write %25";
    out.user = *user;
    out.password = *password;
    return {};
}

/// "/3", "/" or nothing.
complaint read_database(std::string_view text, redis_target& out) {
    out.database = 0;
    if (text.empty() || text == "/") return {};
    const auto number = parse_count(text.substr(1));
    if (!number || *number >= most_databases) return "the path of a Redis URL is the number of a database, such as /0";
    out.database = static_cast<std::uint32_t>(*number);
    return {};
}

bool has_port(std::string_view address) {
    const auto colon = address.rfind(':');
    return colon != std::string_view::npos && address.find(']', colon) == std::string_view::npos;
}

class redis_url_type final : public value_type {
  public:
    complaint parse(std::string_view text, void* target) const override {
        redis_target ignored;
        if (auto wrong = parse_redis_url(text, ignored); !wrong.empty()) return wrong;
        *static_cast<std::string*>(target) = text;
        return {};
    }
    std::string print(const void* value) const override {
        return hidden_redis_url(*static_cast<const std::string*>(value));
    }
    std::string phrase() const override { return "a URL such as redis://redis:6379"; }
    nlohmann::json schema() const override { return {{"type", "string"}, {"pattern", "^redis://"}}; }
};

}  // namespace

complaint parse_redis_url(std::string_view text, redis_target& out) {
    if (text.starts_with("rediss://")) return "Redis over TLS is not spoken; write redis://host:port";
    if (!text.starts_with(scheme)) return "not a URL of Redis; write redis://host:port";
    text.remove_prefix(scheme.size());
    const auto unprintable = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7F'; };
    if (std::any_of(text.begin(), text.end(), unprintable)) return "a URL holds no spaces; write %20";
    if (text.find_first_of("?#") != std::string_view::npos)
        return "a Redis URL ends with the number of its database; a '?' or '#' of a password is written %3F or %23";
    out = {};
    const auto at = text.rfind('@');
    if (at != std::string_view::npos) {
        if (auto wrong = read_user(text.substr(0, at), out); !wrong.empty()) return wrong;
        text.remove_prefix(at + 1);
    }
    const auto slash = std::min(text.find('/'), text.size());
    std::string address{text.substr(0, slash)};
    if (!has_port(address)) address += default_port;
    if (auto wrong = parse_target(address, out.address); !wrong.empty()) return wrong;
    return read_database(text.substr(slash), out);
}

std::string hidden_redis_url(const std::string& url) {
    const auto at = url.rfind('@');
    if (at == std::string::npos || !url.starts_with(scheme)) return url;
    const auto colon = url.find(':', scheme.size());
    if (colon == std::string::npos || colon > at) return url;
    return url.substr(0, colon + 1) + "(hidden)" + url.substr(at);
}

type_of<std::string> redis_url() { return {std::make_shared<redis_url_type>()}; }

}  // namespace outrider::config
