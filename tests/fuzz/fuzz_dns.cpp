// Answers of DNS servers. The first byte chooses what was asked for; what is read is bounded and well formed.
#include <cstdint>
#include <cstdlib>

#include "sidecar/discovery/dns_message.hpp"

using namespace outrider::discovery;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const dns_type types[] = {dns_type::a, dns_type::aaaa, dns_type::srv};
    const auto asked = types[data[0] % 3];
    const auto read = parse_dns_answer({data + 1, size - 1}, asked);
    if (!read) return 0;
    // Each record has 11 bytes at least.
    if (read->addresses.size() + read->services.size() > size / 11 || read->ttl > 0x7fffffff) std::abort();
    for (const auto& each : read->services)
        if (each.target.size() > 255) std::abort();
    for (const auto& each : read->addresses)
        if (each.empty()) std::abort();
    return 0;
}
