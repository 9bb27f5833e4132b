#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/settings.hpp"

namespace outrider::config {

/// What a redis:// URL says (IANA's registration of the scheme): redis://[[user]:password@]host[:port][/database].
struct redis_target {
    endpoint address;      ///< port 6379 by default
    std::string user;      ///< decoded; empty: Redis' `default` user
    std::string password;  ///< decoded; empty: no AUTH
    std::uint32_t database = 0;
};

/// Complaints never quote the URL: it may hold a password.
complaint parse_redis_url(std::string_view text, redis_target& out);

/// The URL with its password hidden; reads as a URL again.
std::string hidden_redis_url(const std::string& url);

}  // namespace outrider::config
