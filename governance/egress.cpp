#include "governance/egress.hpp"

#include <algorithm>
#include <optional>

namespace outrider::governance {
namespace {

using bytes = std::array<std::uint8_t, 16>;

bool is_ipv4(const bytes& a) {
    return std::all_of(a.begin(), a.begin() + 10, [](auto b) { return b == 0; }) && a[10] == 0xff && a[11] == 0xff;
}

bool is_unspecified(const bytes& a) {
    auto from = is_ipv4(a) ? a.begin() + 12 : a.begin();
    return std::all_of(from, a.end(), [](auto b) { return b == 0; });
}

bool is_loopback(const bytes& a) {
    if (is_ipv4(a)) return a[12] == 127;
    return std::all_of(a.begin(), a.end() - 1, [](auto b) { return b == 0; }) && a[15] == 1;
}

bool is_link_local(const bytes& a) {
    if (is_ipv4(a)) return a[12] == 169 && a[13] == 254;
    return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

bool is_multicast(const bytes& a) { return is_ipv4(a) ? a[12] >= 224 : a[0] == 0xff; }

/// Where AWS, Google and Alibaba answer besides 169.254.169.254.
bool is_metadata(const bytes& a) {
    static constexpr bytes aws{0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
    static constexpr bytes google{0xfd, 0x20, 0, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
    static constexpr bytes alibaba{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 100, 100, 100, 200};
    return a == aws || a == google || a == alibaba;
}

/// The IPv4 address that a gateway would make of an IPv6 one.
std::optional<bytes> carried_ipv4(const bytes& a) {
    static constexpr std::array<std::uint8_t, 12> nat64{0, 0x64, 0xff, 0x9b};
    static constexpr std::array<std::uint8_t, 12> compatible{};
    std::size_t at = 0;
    if (std::equal(nat64.begin(), nat64.end(), a.begin())) {
        at = 12;
    } else if (std::equal(compatible.begin(), compatible.end(), a.begin()) && (a[12] != 0 || a[13] != 0)) {
        at = 12;  // not ::1 and its like
    } else if (a[0] == 0x20 && a[1] == 0x02) {
        at = 2;
    } else {
        return std::nullopt;
    }
    bytes out{};
    out[10] = out[11] = 0xff;
    std::copy_n(a.begin() + static_cast<std::ptrdiff_t>(at), 4, out.begin() + 12);
    return out;
}

/// A listener on an unspecified address answers on every local address: at least on loopback, and on any other that the
/// caller adds one by one.
bool reaches(const destination& own, const destination& where) {
    if (own.port != where.port) return false;
    return own.address == where.address || (is_unspecified(own.address) && is_loopback(where.address)) ||
           (is_loopback(own.address) && is_loopback(where.address));
}

}  // namespace

egress_refusal egress_policy::judge(const destination& where) const {
    auto refusal = judge_one(where);
    if (refusal != egress_refusal::none) return refusal;
    auto carried = carried_ipv4(where.address);
    return carried ? judge_one({*carried, where.port}) : egress_refusal::none;
}

egress_refusal egress_policy::judge_one(const destination& where) const {
    if (is_unspecified(where.address)) return egress_refusal::unspecified;
    if (is_link_local(where.address)) return egress_refusal::link_local;
    if (is_metadata(where.address)) return egress_refusal::metadata;
    if (is_multicast(where.address)) return egress_refusal::multicast;
    for (const auto& own : own_)
        if (reaches(own, where)) return egress_refusal::own_listener;
    return egress_refusal::none;
}

const char* describe(egress_refusal why) {
    switch (why) {
        case egress_refusal::none:
            return "";
        case egress_refusal::own_listener:
            return "it is a listener of this sidecar";
        case egress_refusal::link_local:
            return "it is a link-local address";
        case egress_refusal::metadata:
            return "it is a cloud's metadata service";
        case egress_refusal::unspecified:
            return "it is the unspecified address";
        case egress_refusal::multicast:
            return "it is a multicast address";
    }
    return "";
}

}  // namespace outrider::governance
