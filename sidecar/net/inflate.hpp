#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <boost/system/result.hpp>

namespace outrider::net {

enum class inflate_error {
    damaged,    ///< not gzip or zlib, truncated, or with bytes behind its end
    too_large,  ///< it holds more than was allowed; nothing beyond that was unpacked
};

/// Unpacks gzip (also several members in a row) or zlib.
/// @param most  how many bytes may come out: a few hundred bytes can hold gigabytes
boost::system::result<std::string, inflate_error> inflate(std::string_view packed, std::size_t most);

}  // namespace outrider::net
