#include "sidecar/net/address.hpp"

#include <cstring>
#include <stdexcept>

namespace outrider::net {
std::string text_of(const tcp_endpoint& where) {
    auto address = where.address().to_string();
    auto port = std::to_string(where.port());
    return where.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

std::optional<asio::ip::address> literal_address(const std::string& host) {
    error_code ec;
    auto address = asio::ip::make_address(host, ec);
    if (ec) return std::nullopt;
    return address;
}

tcp_endpoint loopback_like(const tcp_endpoint& where) {
    if (where.address().is_v6()) return {asio::ip::address_v6::loopback(), where.port()};
    return {asio::ip::address_v4::loopback(), where.port()};
}

tcp_endpoint endpoint_in(const sockaddr_storage& raw, socklen_t size) {
    tcp_endpoint where;
    if (raw.ss_family != AF_INET && raw.ss_family != AF_INET6) return where;
    std::memcpy(where.data(), &raw, size);
    where.resize(size);
    return where;
}

tcp_endpoint local_end(int descriptor) {
    sockaddr_storage raw{};
    socklen_t size = sizeof raw;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&raw), &size) != 0) return {};
    return endpoint_in(raw, size);
}

std::vector<tcp_endpoint> resolve_now(const config::endpoint& where) {
    if (auto literal = literal_address(where.host)) return {tcp_endpoint{*literal, where.port}};
    asio::io_context context;
    asio::ip::tcp::resolver resolver{context};
    error_code ec;
    auto found = resolver.resolve(where.host, std::to_string(where.port), asio::ip::tcp::resolver::numeric_service, ec);
    if (ec) throw std::runtime_error("cannot resolve '" + where.host + "': " + ec.message());
    std::vector<tcp_endpoint> all;
    for (const auto& entry : found) all.push_back(entry.endpoint());
    return all;
}

}  // namespace outrider::net
