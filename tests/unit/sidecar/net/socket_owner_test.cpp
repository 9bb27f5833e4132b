#include "sidecar/net/socket_owner.hpp"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sidecar/net/listener.hpp"

namespace outrider::net {
namespace {

TEST(SocketOwner, IsWhoListens) {
    auto listening = listening_socket::open({asio::ip::address_v4::loopback(), 0}, "test", false);
    const auto port = listening.bound().port();
    const auto owners = owners_of_listeners(port);
    EXPECT_EQ(owners, std::vector<std::uint32_t>{::geteuid()});
}

TEST(SocketOwner, IsReadFromTheListenersOfATable) {
    const auto path = ::testing::TempDir() + "tcp-table";
    std::ofstream{path}
        << "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
           "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1001        0 12 1\n"
           "   1: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A "
           "00000000:00000000 00:00000000 00000000     7        0 12 1\n"
           "   2: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     8        0 12 1\n"
           "   3: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     9        0 12 1\n"
           "not a line\n";
    std::vector<std::uint32_t> owners;
    read_owners(path, 8080, owners);
    EXPECT_EQ(owners, (std::vector<std::uint32_t>{1001, 7}));
    read_owners(path + "-that-is-not-there", 8080, owners);
    EXPECT_EQ(owners.size(), 2U);
}

}  // namespace
}  // namespace outrider::net
