#include "tests/support/dns_server.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace outrider::test {
namespace {

constexpr std::size_t header_size = 12;

std::string int16(std::uint16_t value) { return {static_cast<char>(value >> 8), static_cast<char>(value & 0xff)}; }

std::string int32(std::uint32_t value) {
    return int16(static_cast<std::uint16_t>(value >> 16)) + int16(static_cast<std::uint16_t>(value & 0xffff));
}

std::string address_data(int family, const std::string& text) {
    std::string out(family == AF_INET6 ? 16 : 4, '\0');
    if (::inet_pton(family, text.c_str(), out.data()) != 1) throw std::runtime_error("not an address: " + text);
    return out;
}

std::string lower(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return text;
}

/// The name and the type of a message's question.
std::pair<std::string, std::uint16_t> question_of(const std::string& message) {
    std::string name;
    std::size_t at = header_size;
    while (at < message.size() && message[at] != 0) {
        const auto length = static_cast<std::uint8_t>(message[at]);
        name += (name.empty() ? "" : ".") + message.substr(at + 1, length);
        at += length + 1U;
    }
    if (at + 3 > message.size()) return {};
    const auto type = static_cast<std::uint8_t>(message[at + 1]) << 8 | static_cast<std::uint8_t>(message[at + 2]);
    return {lower(name), static_cast<std::uint16_t>(type)};
}

int open_socket(int type, std::uint16_t port) {
    const int made = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    where.sin_port = htons(port);
    if (::bind(made, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0) return made;
    ::close(made);
    return -1;
}

std::uint16_t port_of(int socket) {
    sockaddr_in where{};
    socklen_t size = sizeof where;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&where), &size);
    return ntohs(where.sin_port);
}

}  // namespace

std::string dns_name(const std::string& name) {
    std::string out;
    for (std::size_t at = 0; at < name.size();) {
        const auto dot = std::min(name.find('.', at), name.size());
        out += static_cast<char>(dot - at) + name.substr(at, dot - at);
        at = dot + 1;
    }
    return out + '\0';
}

dns_record a_record(const std::string& name, const std::string& address, std::uint32_t ttl) {
    return {name, 1, ttl, address_data(AF_INET, address)};
}

dns_record aaaa_record(const std::string& name, const std::string& address, std::uint32_t ttl) {
    return {name, 28, ttl, address_data(AF_INET6, address)};
}

dns_record cname_record(const std::string& name, const std::string& target, std::uint32_t ttl) {
    return {name, 5, ttl, dns_name(target)};
}

dns_record srv_record_of(const std::string& name, std::uint16_t priority, std::uint16_t port, const std::string& target,
                         std::uint32_t ttl, std::uint16_t weight) {
    return {name, 33, ttl, int16(priority) + int16(weight) + int16(port) + dns_name(target)};
}

std::string dns_message(std::uint16_t id, const std::string& name, std::uint16_t type,
                        const std::vector<dns_record>& records, std::uint16_t header) {
    std::string out = int16(id) + int16(header) + int16(1) + int16(static_cast<std::uint16_t>(records.size())) +
                      int16(0) + int16(0) + dns_name(name) + int16(type) + int16(1);
    for (const auto& each : records)
        // The question's name as a pointer to it, as servers write it.
        out += (each.name == name ? std::string{"\xc0\x0c"} : dns_name(each.name)) + int16(each.type) + int16(1) +
               int32(each.ttl) + int16(static_cast<std::uint16_t>(each.data.size())) + each.data;
    return out;
}

dns_server::dns_server() {
    for (int i = 0; i < 100 && tcp_ < 0; ++i) {
        if (udp_ >= 0) ::close(udp_);
        udp_ = open_socket(SOCK_DGRAM, 0);
        port_ = port_of(udp_);
        tcp_ = open_socket(SOCK_STREAM, port_);
    }
    if (tcp_ < 0) throw std::runtime_error("no port for a DNS server");
    ::listen(tcp_, 16);
    thread_ = std::thread([this] { run(); });
}

dns_server::~dns_server() {
    stopping_ = true;
    thread_.join();
    ::close(udp_);
    ::close(tcp_);
}

void dns_server::set(const std::string& name, std::vector<dns_record> records) {
    const std::lock_guard lock(mutex_);
    names_[name] = std::move(records);
}

void dns_server::spoil_by(std::function<std::string(std::string)> how) {
    const std::lock_guard lock(mutex_);
    spoil_ = std::move(how);
}

void dns_server::forget(const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_.erase(name);
}

std::string dns_server::answer(const std::string& question, bool tcp) {
    const auto [name, type] = question_of(question);
    const auto id = static_cast<std::uint16_t>(static_cast<std::uint8_t>(question[0]) << 8 |
                                               static_cast<std::uint8_t>(question[1]));
    std::vector<dns_record> records;
    bool known = false;
    {
        const std::lock_guard lock(mutex_);
        const auto found = names_.find(name);
        known = found != names_.end();
        if (known)
            for (const auto& each : found->second)
                if (each.type == type || each.type == 5 || each.name != name) records.push_back(each);
    }
    auto code = response_code.load();
    if (code == 0 && !known) code = 3;
    auto header = static_cast<std::uint16_t>(0x8180 | code);
    if (code != 0) records.clear();
    if (truncate && !tcp) {
        header |= 0x0200;
        records.clear();
    }
    auto out = dns_message(id, name, type, records, header);
    const std::lock_guard lock(mutex_);
    return spoil_ ? spoil_(std::move(out)) : out;
}

/// As many questions as come; whoever is slow is left.
void dns_server::serve_tcp(int connection) {
    timeval patience{0, 200'000};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::array<char, 2> size{};
    while (!silent && ::recv(connection, size.data(), 2, MSG_WAITALL) == 2) {
        std::string question(
            static_cast<std::size_t>(static_cast<std::uint8_t>(size[0]) << 8 | static_cast<std::uint8_t>(size[1])),
            '\0');
        const auto n = ::recv(connection, question.data(), question.size(), MSG_WAITALL);
        if (n < static_cast<ssize_t>(header_size)) break;
        ++by_tcp;
        const auto said = answer(question, true);
        const auto framed = int16(static_cast<std::uint16_t>(said.size())) + said;
        (void)!::send(connection, framed.data(), framed.size(), MSG_NOSIGNAL);
    }
    ::close(connection);
}

void dns_server::run() {
    std::string question(4'096, '\0');
    while (!stopping_) {
        std::array<pollfd, 2> waiting{{{udp_, POLLIN, 0}, {tcp_, POLLIN, 0}}};
        if (::poll(waiting.data(), waiting.size(), 20) <= 0) continue;
        if (waiting[1].revents != 0)
            if (const int connection = ::accept4(tcp_, nullptr, nullptr, SOCK_CLOEXEC); connection >= 0)
                serve_tcp(connection);
        if (waiting[0].revents == 0) continue;
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const auto n = ::recvfrom(udp_, question.data(), question.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
        if (n < static_cast<ssize_t>(header_size)) continue;
        ++by_udp;
        if (silent) continue;
        const auto said = answer(question.substr(0, static_cast<std::size_t>(n)), false);
        (void)!::sendto(udp_, said.data(), said.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
}

}  // namespace outrider::test
