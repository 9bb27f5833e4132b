#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace outrider::discovery {

/// The record types that are asked for (RFC 1035 3.2.2, RFC 3596, RFC 2782).
enum class dns_type : std::uint16_t { a = 1, aaaa = 28, srv = 33 };

/// One SRV record.
struct srv_record {
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::uint16_t port = 0;
    std::string target;  ///< without the dot at the end; empty: the service is decidedly not there (RFC 2782)
    bool operator==(const srv_record&) const = default;
};

/// What an answer says of one question.
struct dns_answer {
    std::vector<std::string> addresses;  ///< numeric, of A and AAAA records
    std::vector<srv_record> services;
    std::uint32_t ttl = 0;  ///< the shortest of the records used, those of aliases included; without any: 0
};

/// Reads the answer section of a DNS message (RFC 1035 4). Nothing when it is malformed: cut off, a name that points
/// forward or in circles, a record longer than the message. Records of other types and classes are passed over, and so
/// is what is beyond 4,096 records.
std::optional<dns_answer> parse_dns_answer(std::span<const std::uint8_t> message, dns_type asked);

}  // namespace outrider::discovery
