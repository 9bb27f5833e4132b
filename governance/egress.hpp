#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace outrider::governance {

/// An address in network byte order; IPv4 as its IPv4-mapped IPv6 address.
struct destination {
    std::array<std::uint8_t, 16> address{};
    std::uint16_t port = 0;
};

/// Why a destination that an application named is refused.
enum class egress_refusal : std::uint8_t {
    none,
    own_listener,  ///< would loop through this sidecar, or reach its admin interface past its guard
    link_local,    ///< 169.254.0.0/16, fe80::/10: cloud metadata services live there
    metadata,      ///< a cloud's metadata service at another address
    unspecified,   ///< 0.0.0.0 and :: mean "this machine" to the kernel and nothing to anybody else
    multicast,     ///< no TCP there
};

/// Judges the addresses that DNS gave for a host which the application named freely (server-side request forgery:
/// OWASP SSRF prevention). Named upstreams are the operator's word and are not judged.
class egress_policy {
  public:
    /// A listener of our own; an unspecified address stands for every local one.
    void add_own(const destination& listener) { own_.push_back(listener); }
    /// An address that carries an IPv4 one (NAT64, RFC 6052; 6to4, RFC 3056; IPv4-compatible, RFC 4291) is judged as
    /// that one too.
    egress_refusal judge(const destination& where) const;

  private:
    egress_refusal judge_one(const destination& where) const;

    std::vector<destination> own_;
};

/// For the refusal's answer.
const char* describe(egress_refusal why);

}  // namespace outrider::governance
