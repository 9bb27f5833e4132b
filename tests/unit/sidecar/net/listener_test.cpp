#include "sidecar/net/listener.hpp"

#include <atomic>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sidecar/net/worker.hpp"

namespace outrider::net {
namespace {

using namespace std::chrono_literals;

const tcp_endpoint loopback{asio::ip::address_v4::loopback(), 0};

int connected_to(const tcp_endpoint& where) {
    auto descriptor = ::socket(where.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::connect(descriptor, where.data(), static_cast<socklen_t>(where.size())) == 0) return descriptor;
    ::close(descriptor);
    return -1;
}

std::string failure_of(const tcp_endpoint& where, const std::string& setting, bool shared = false) {
    try {
        listening_socket::open(where, setting, shared);
    } catch (const std::runtime_error& error) {
        return error.what();
    }
    return {};
}

TEST(Address, IsWrittenWithItsPort) {
    EXPECT_EQ(text_of({asio::ip::make_address("192.0.2.7"), 80}), "192.0.2.7:80");
    EXPECT_EQ(text_of({asio::ip::make_address("2001:db8::7"), 80}), "[2001:db8::7]:80");
}

TEST(Address, IsALiteralOrAName) {
    EXPECT_TRUE(literal_address("192.0.2.7"));
    EXPECT_TRUE(literal_address("::1"));
    for (auto name : {"", "localhost", "192.0.2", "192.0.2.256", "0x7f.0.0.1", "[::1]", "1", "127.1"})
        EXPECT_FALSE(literal_address(name)) << name;
}

TEST(Address, OfAConfiguredPlaceIsLookedUpOrRefusedWithItsName) {
    EXPECT_EQ(text_of(resolve_now({"127.0.0.1", 81})[0]), "127.0.0.1:81");
    EXPECT_FALSE(resolve_now({"localhost", 81}).empty());
    try {
        resolve_now({"no-such-host.invalid", 81});
        FAIL();
    } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string{error.what()}.find("no-such-host.invalid"), std::string::npos);
    }
}

TEST(Address, OfADescriptorThatIsNoSocketIsEmpty) { EXPECT_EQ(local_end(-1).port(), 0); }

TEST(ListeningSocket, SaysWhoseSettingNamesAPortThatIsTaken) {
    auto first = listening_socket::open(loopback, "inbound.listen", false);
    auto why = failure_of(first.bound(), "admin");
    EXPECT_NE(why.find(text_of(first.bound())), std::string::npos) << why;
    EXPECT_NE(why.find("'admin'"), std::string::npos) << why;
    EXPECT_NE(why.find("another process listens there"), std::string::npos) << why;
}

TEST(ListeningSocket, SaysWhenNoInterfaceHasTheAddress) {
    auto why = failure_of({asio::ip::make_address("192.0.2.7"), 0}, "inbound.listen");
    EXPECT_NE(why.find("no interface of this machine has that address"), std::string::npos) << why;
}

TEST(ListeningSocket, IsExpectedToBeFreeOfOthersThatShareItToo) {
    auto port = [] {
        auto shared = listening_socket::open(loopback, "inbound.listen", true);
        EXPECT_THROW(listening_socket::expect_free(shared.bound(), "inbound.listen"), std::runtime_error);
        return shared.bound();
    }();
    listening_socket::expect_free(port, "inbound.listen");
    auto everywhere = listening_socket::open_loopback(0, "kafka.main.listen", true);
    EXPECT_THROW(listening_socket::expect_free_loopback(everywhere.bound().port(), "kafka.main.listen"),
                 std::runtime_error);
}

TEST(ListeningSocket, IsSharedByWorkersThatAskForIt) {
    auto first = listening_socket::open(loopback, "inbound.listen", true);
    auto second = listening_socket::open(first.bound(), "inbound.listen", true);
    EXPECT_EQ(first.bound(), second.bound());
}

TEST(Worker, RunsWhatOthersPostAndSaysWhenItIsTooLate) {
    worker one{3};
    EXPECT_EQ(one.index(), 3U);
    one.start();
    std::thread::id ran;
    EXPECT_TRUE(one.run_within(5s, [&] { ran = std::this_thread::get_id(); }));
    EXPECT_NE(ran, std::this_thread::get_id());

    auto gate = std::make_shared<std::promise<void>>();
    one.post([gate] { gate->get_future().wait(); });
    EXPECT_FALSE(one.run_within(10ms, [] {})) << "the worker is busy";
    gate->set_value();
    one.stop();
}

TEST(Worker, CountIsBetweenOneAndTwoByDefault) {
    EXPECT_GE(default_workers(), 1U);
    EXPECT_LE(default_workers(), 2U);
}

TEST(Acceptor, HandsConnectionsToItsWorkerAndTakesThoseThatWaitWhenItStops) {
    worker one{0};
    auto listening = listening_socket::open(loopback, "inbound.listen", true);
    auto where = listening.bound();
    std::vector<int> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(connected_to(where));  // they wait in the kernel's queue
    std::atomic<int> accepted{0};
    acceptor from{one.get_executor(), std::move(listening), [&](stream, const tcp_endpoint&) { ++accepted; }};
    one.start();
    one.run_within(5s, [&] { from.start(one.tasks()); });
    std::promise<void> empty;
    auto drained = empty.get_future();
    // More than one bounded round of accepting is needed: stop only after the first has run.
    while (accepted < 100) one.run_within(5s, [] {});
    one.post([&] {
        from.stop();
        one.tasks().when_empty([&] { empty.set_value(); });
    });
    EXPECT_EQ(drained.wait_for(5s), std::future_status::ready) << "its task has ended";
    EXPECT_EQ(accepted, 100);
    EXPECT_EQ(connected_to(where), -1) << "nobody listens any more";
    for (auto client : clients) ::close(client);
    one.stop();
    EXPECT_EQ(one.tasks().escaped(), 0U);
}

TEST(Acceptor, ResetsNobodyWhoWaitsWhenItStopsAtOnce) {
    worker one{0};
    auto listening = listening_socket::open(loopback, "inbound.listen", true);
    std::vector<int> clients;
    for (int i = 0; i < 100; ++i) clients.push_back(connected_to(listening.bound()));
    std::atomic<int> accepted{0};
    acceptor from{one.get_executor(), std::move(listening), [&](stream, const tcp_endpoint&) { ++accepted; }};
    one.start();
    one.run_within(5s, [&] {
        from.start(one.tasks());
        from.stop();
    });
    EXPECT_EQ(accepted, 100);
    for (auto client : clients) ::close(client);
    one.stop();
}

}  // namespace
}  // namespace outrider::net
