#include "sidecar/net/try_connect.hpp"

#include <chrono>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/net/own_mark.hpp"
#include "tests/support/redis_server.hpp"

namespace outrider::net {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// Somebody who listens, and never accepts.
struct deaf {
    deaf() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(socket, reinterpret_cast<sockaddr*>(&at), sizeof at);
        ::listen(socket, 4);
        where = {"127.0.0.1", local_end(socket).port()};
    }
    ~deaf() { ::close(socket); }
    int socket;
    config::endpoint where;
};

TEST(ConnectNow, GivesASocketThatBlocksAndIsKeptFromOtherPrograms) {
    const deaf peer;
    const auto made = connect_now(peer.where, 5s);
    ASSERT_TRUE(made) << made.error();
    EXPECT_EQ(::fcntl(*made, F_GETFL) & O_NONBLOCK, 0);
    EXPECT_NE(::fcntl(*made, F_GETFD) & FD_CLOEXEC, 0);
    ::close(*made);
}

TEST(ConnectNow, MarksItAsOneOfOurOwn) {
    constexpr std::uint32_t mark = 0x539;
    if (const auto why = mark_own_connections(mark); !why.empty()) GTEST_SKIP() << why;
    const deaf peer;
    const auto made = connect_now(peer.where, 5s);
    (void)mark_own_connections(0);
    ASSERT_TRUE(made) << made.error();
    std::uint32_t found = 0;
    socklen_t size = sizeof found;
    EXPECT_EQ(::getsockopt(*made, SOL_SOCKET, SO_MARK, &found, &size), 0);
    EXPECT_EQ(found, mark);
    ::close(*made);
}

TEST(ConnectNow, SaysWhyNot) {
    EXPECT_EQ(connect_now({"127.0.0.1", test::free_port()}, 5s).error(), "Connection refused");
    EXPECT_THAT(connect_now({"nobody.invalid", 1}, 5s).error(), HasSubstr("cannot resolve 'nobody.invalid'"));
}

}  // namespace
}  // namespace outrider::net
