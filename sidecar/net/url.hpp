#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace outrider::net {

/// Why a text is no URL that we connect to.
enum class url_error {
    scheme,     ///< neither http:// nor https://
    user_info,  ///< user:password@ is not supported: secrets belong into headers read from files
    host,       ///< no host, or a character that no host has
    port,       ///< not a number from 1 to 65535
    character,  ///< a blank or a control character
};
const char* describe(url_error error);

/// An absolute http or https URL, split. A fragment is dropped.
struct url {
    bool tls = false;
    std::string host;  ///< name, IPv4, or IPv6 without brackets
    std::uint16_t port = 80;
    std::string target = "/";  ///< path and query, as in a request line

    /// "host", with ":port" unless it is the scheme's own; IPv6 in brackets: what a Host field carries.
    std::string authority() const;
    /// The whole URL again.
    std::string text() const;
    bool operator==(const url&) const = default;
};

boost::system::result<url, url_error> parse_url(std::string_view text);

}  // namespace outrider::net
