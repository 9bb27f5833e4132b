#include "sidecar/net/socket_owner.hpp"

#include <fstream>
#include <sstream>

namespace outrider::net {
namespace {

constexpr const char* listening = "0A";

/// One line: slot, local and remote address, state, queues, timer, retransmissions, user, ...
struct table_line {
    std::string local, state;
    std::uint32_t user = 0;
};

bool read_line(const std::string& text, table_line& out) {
    std::istringstream in{text};
    std::string ignored;
    return static_cast<bool>(in >> ignored >> out.local >> ignored >> out.state >> ignored >> ignored >> ignored >>
                             out.user);
}

bool has_port(const std::string& address, std::uint16_t port) {
    const auto colon = address.rfind(':');
    return colon != std::string::npos && std::strtoul(address.c_str() + colon + 1, nullptr, 16) == port;
}

}  // namespace

void read_owners(const std::string& table, std::uint16_t port, std::vector<std::uint32_t>& out) {
    std::ifstream in{table};
    std::string text;
    std::getline(in, text);  // the heading
    table_line line;
    // Listeners come first; what may be a hundred thousand connections is not read.
    while (std::getline(in, text) && read_line(text, line) && line.state == listening)
        if (has_port(line.local, port)) out.push_back(line.user);
}

std::vector<std::uint32_t> owners_of_listeners(std::uint16_t port) {
    std::vector<std::uint32_t> out;
    read_owners("/proc/self/net/tcp", port, out);
    read_owners("/proc/self/net/tcp6", port, out);
    return out;
}

}  // namespace outrider::net
