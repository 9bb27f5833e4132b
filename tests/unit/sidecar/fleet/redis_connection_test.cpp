#include "sidecar/fleet/redis_connection.hpp"

#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/support/redis_server.hpp"

namespace outrider::fleet {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// Accepts one connection and says what it likes.
class strange_server {
  public:
    explicit strange_server(std::function<void(int)> talk) {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        ::bind(listener_, reinterpret_cast<sockaddr*>(&at), size);
        ::listen(listener_, 4);
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
        port_ = ntohs(at.sin_port);
        thread_ = std::thread([this, talk = std::move(talk)] {
            const int peer = ::accept(listener_, nullptr, nullptr);
            talk(peer);
            ::close(peer);
        });
    }
    ~strange_server() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    redis_address address() const { return {"127.0.0.1", port_, "", "", 0}; }

  private:
    int listener_;
    std::uint16_t port_ = 0;
    std::thread thread_;
};

void say(int peer, std::string_view text) { (void)!::send(peer, text.data(), text.size(), MSG_NOSIGNAL); }
/// Until the other side has gone.
void listen_on(int peer) {
    char some[1024];
    while (::recv(peer, some, sizeof some, 0) > 0) continue;
}

redis_error answer_to(std::string_view said, std::chrono::milliseconds patience = 2s) {
    strange_server server([said](int peer) {
        say(peer, said);
        listen_on(peer);
    });
    redis_connection connection;
    EXPECT_TRUE(connection.open(server.address(), 2s, 2s));
    const auto found = connection.call({"PING"}, patience);
    EXPECT_FALSE(found);
    return found ? redis_error::refused : found.error();
}

TEST(RedisConnection, TellsGarbageFromAnAnswer) {
    EXPECT_EQ(answer_to("HTTP/1.1 400 Bad Request\r\n\r\n"), redis_error::garbage);
    EXPECT_EQ(answer_to(":12abc\r\n"), redis_error::garbage);
    EXPECT_EQ(answer_to("$-5\r\n"), redis_error::garbage);
}

TEST(RedisConnection, AllocatesNothingThatIsOnlyAnnounced) {
    EXPECT_EQ(answer_to("*1000000000\r\n"), redis_error::garbage);
    EXPECT_EQ(answer_to("*2147483647\r\n"), redis_error::garbage);
    EXPECT_EQ(answer_to("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"), redis_error::garbage);
}

TEST(RedisConnection, ReadsNoAnswerWithoutEnd) {
    EXPECT_EQ(answer_to("$100000000\r\n" + std::string(2 << 20, 'x'), 10s), redis_error::garbage);
}

TEST(RedisConnection, NoticesThatTheOtherSideLeft) {
    strange_server server([](int) {});
    redis_connection connection;
    ASSERT_TRUE(connection.open(server.address(), 2s, 2s));
    EXPECT_EQ(connection.call({"PING"}, 2s).error(), redis_error::closed);
    EXPECT_FALSE(connection.is_open());
    EXPECT_EQ(connection.call({"PING"}, 2s).error(), redis_error::closed);
}

TEST(RedisConnection, WaitsNoLongerForAPeerThatDrips) {
    strange_server server([](int peer) {
        say(peer, "$1000\r\n");
        char some[1];
        while (::recv(peer, some, 1, MSG_DONTWAIT) != 0) {
            say(peer, "x");
            std::this_thread::sleep_for(5ms);
        }
    });
    redis_connection connection;
    ASSERT_TRUE(connection.open(server.address(), 2s, 2s));
    const auto began = clock::now();
    EXPECT_EQ(connection.call({"PING"}, 50ms).error(), redis_error::timeout);
    EXPECT_LT(clock::now() - began, 1s);
}

TEST(RedisConnection, SaysThatNobodyListens) {
    redis_connection connection;
    EXPECT_EQ(connection.open({"127.0.0.1", test::free_port(), "", "", 0}, 1s, 1s).error(), redis_error::connect);
    EXPECT_EQ(connection.why(), "Connection refused");
}

class RealRedis : public testing::Test {
  protected:
    void start(const std::vector<std::string>& arguments = {}) {
        redis_ = test::redis_server::start(0, arguments);
        const char* const ci = std::getenv("CI");
        if (!redis_ && ci && std::string(ci) == "true") FAIL() << "there is no redis-server";
        if (!redis_) GTEST_SKIP() << "there is no redis-server";
        address_ = {"127.0.0.1", redis_->port(), "", "", 0};
    }
    std::unique_ptr<test::redis_server> redis_;
    redis_address address_;
    redis_connection connection_;
};

TEST_F(RealRedis, ReadsTextsNumbersListsAndNothing) {
    ASSERT_NO_FATAL_FAILURE(start());
    if (!redis_) return;
    ASSERT_TRUE(connection_.open(address_, 5s, 5s));
    EXPECT_EQ(connection_.call({"PING"}, 5s)->text, "PONG");
    EXPECT_EQ(connection_.call({"INCRBY", "n", "42"}, 5s)->text, "42");
    EXPECT_EQ(connection_.call({"GET", "none"}, 5s)->text, "");
    const std::vector<std::string> keys{"n"};
    EXPECT_EQ(connection_.call({"KEYS", "*"}, 5s)->list, keys);
}

TEST_F(RealRedis, IsStillOpenAfterAnErrorOfACommand) {
    ASSERT_NO_FATAL_FAILURE(start());
    if (!redis_) return;
    ASSERT_TRUE(connection_.open(address_, 5s, 5s));
    EXPECT_EQ(connection_.call({"NONSENSE"}, 5s).error(), redis_error::refused);
    EXPECT_TRUE(connection_.why().starts_with("ERR unknown command")) << connection_.why();
    EXPECT_TRUE(connection_.call({"PING"}, 5s));
}

TEST_F(RealRedis, SaysWhoWeAre) {
    ASSERT_NO_FATAL_FAILURE(start({"--requirepass", "secret:word"}));
    if (!redis_) return;
    ASSERT_TRUE(connection_.open(address_, 5s, 5s));
    EXPECT_EQ(connection_.call({"PING"}, 5s).error(), redis_error::refused);
    address_.password = "wrong";
    EXPECT_EQ(connection_.open(address_, 5s, 5s).error(), redis_error::refused);
    EXPECT_FALSE(connection_.is_open());
    address_.password = "secret:word";
    EXPECT_TRUE(connection_.open(address_, 5s, 5s)) << connection_.why();
    address_.user = "default";
    EXPECT_TRUE(connection_.open(address_, 5s, 5s)) << connection_.why();
}

TEST_F(RealRedis, ChoosesItsDatabase) {
    ASSERT_NO_FATAL_FAILURE(start());
    if (!redis_) return;
    address_.database = 3;
    ASSERT_TRUE(connection_.open(address_, 5s, 5s));
    ASSERT_TRUE(connection_.call({"SET", "here", "1"}, 5s));
    address_.database = 0;
    ASSERT_TRUE(connection_.open(address_, 5s, 5s));
    EXPECT_EQ(connection_.call({"GET", "here"}, 5s)->text, "");
    address_.database = 99;
    EXPECT_EQ(connection_.open(address_, 5s, 5s).error(), redis_error::refused);
}

}  // namespace
}  // namespace outrider::fleet
