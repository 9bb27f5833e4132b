#include "sidecar/net/socket.hpp"

#include <array>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sidecar/net/event.hpp"
#include "sidecar/net/task_group.hpp"
#include "sidecar/net/tcp.hpp"
#include "tests/unit/sidecar/net/on_context.hpp"

namespace outrider::net {
namespace {

using std::chrono::milliseconds;

/// A TCP connection over loopback: one end is the socket under test, the other a plain descriptor.
struct connected {
    explicit connected(executor ex) : ours(ex) {
        int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in where{};
        where.sin_family = AF_INET;
        where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof where;
        auto* address = reinterpret_cast<sockaddr*>(&where);
        if (::bind(listening, address, size) != 0 || ::listen(listening, 1) != 0) throw std::runtime_error("listen");
        ::getsockname(listening, address, &size);
        peer = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (::connect(peer, address, size) != 0) throw std::runtime_error("connect");
        ours.assign(asio::generic::stream_protocol(AF_INET, IPPROTO_TCP), ::accept(listening, nullptr, nullptr));
        ours.non_blocking(true);
        set_tcp_options(ours.native_handle(), {asio::ip::address_v4::loopback(), 0});
        ::close(listening);
    }
    ~connected() {
        if (peer >= 0) ::close(peer);
    }
    void send(std::string_view what, int flags = 0) const {
        ASSERT_EQ(::send(peer, what.data(), what.size(), flags), static_cast<ssize_t>(what.size()));
    }

    socket ours;
    int peer = -1;
};

/// What one read gave; `ec` when it failed.
struct got {
    std::string bytes;
    error_code ec;
};

awaitable<got> read(socket& from, std::size_t most = 4'096) {
    std::string buffer(most, '\0');
    auto [ec, n] = co_await from.async_read_some(asio::buffer(buffer), use_tuple);
    buffer.resize(n);
    co_return got{std::move(buffer), ec};
}

awaitable<void> read_into(socket& from, got& into, event& ended) {
    into = co_await read(from);
    ended.set();
}

awaitable<void> pause(executor ex, milliseconds how_long) {
    steady_timer timer{ex, how_long};
    co_await timer.async_wait(use_tuple);
}

/// Whatever is there to be done at once is done then, and no timer has run out.
awaitable<void> ten_turns(executor ex) {
    for (int turn = 0; turn < 10; ++turn) co_await asio::post(ex, asio::deferred);
}

TEST(Socket, ReadsWhatIsThereAndWaitsForTheRest) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        connected pair{c.get_executor()};
        for (int i = 0; i < 5; ++i) {
            pair.send("abc");
            EXPECT_EQ((co_await read(pair.ours)).bytes, "abc");
            task_group tasks{c.get_executor()};
            event ended{c.get_executor()};
            got later;
            tasks.spawn(read_into(pair.ours, later, ended));
            co_await pause(c.get_executor(), milliseconds{i * 60});  // before, at and after the late look
            EXPECT_FALSE(ended.is_set());
            pair.send("def");
            co_await ended.wait();
            EXPECT_EQ(later.bytes, "def");
        }
    };
    on.run(test(on));
}

TEST(Socket, TellsWhetherTheReactorHasHeardOfAnything) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        for (bool ends : {false, true}) {
            connected pair{c.get_executor()};
            EXPECT_TRUE(pair.ours.may_have_news()) << "nothing was read yet";
            task_group tasks{c.get_executor()};
            event ended{c.get_executor()};
            got first;
            tasks.spawn(read_into(pair.ours, first, ended));
            pair.send("abc");
            co_await ended.wait();
            EXPECT_FALSE(pair.ours.may_have_news());
            if (ends)
                ::shutdown(pair.peer, SHUT_WR);
            else
                pair.send("unasked");
            for (int i = 0; i < 1'000 && !pair.ours.may_have_news(); ++i)
                co_await pause(c.get_executor(), milliseconds{1});
            EXPECT_TRUE(pair.ours.may_have_news());
            auto next = co_await read(pair.ours);
            EXPECT_EQ(next.bytes, ends ? "" : "unasked");
        }
    };
    on.run(test(on));
}

TEST(Socket, NoticesAnEndThatCameTogetherWithTheBytes) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        connected pair{c.get_executor()};
        pair.send("abc");
        ::shutdown(pair.peer, SHUT_WR);
        co_await pause(c.get_executor(), milliseconds{5});
        EXPECT_EQ((co_await read(pair.ours)).bytes, "abc");
        auto since = steady_clock::now();
        EXPECT_EQ((co_await read(pair.ours)).ec, asio::error::eof);
        EXPECT_LT(steady_clock::now() - since, milliseconds{2'000});
        EXPECT_EQ((co_await read(pair.ours)).ec, asio::error::eof) << "and again";
    };
    on.run(test(on));
}

/// Without a look at the clock.
TEST(Socket, NoticesAnEndThatCameTogetherWithTheBytesAtOnce) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        connected pair{c.get_executor()};
        task_group tasks{c.get_executor()};
        event first{c.get_executor()}, second{c.get_executor()};
        got bytes, end;
        tasks.spawn(read_into(pair.ours, bytes, first));
        co_await pause(c.get_executor(), milliseconds{5});  // it waits for an edge
        pair.send("abc");
        ::shutdown(pair.peer, SHUT_WR);
        co_await first.wait();
        EXPECT_EQ(bytes.bytes, "abc");
        tasks.spawn(read_into(pair.ours, end, second));
        co_await ten_turns(c.get_executor());
        EXPECT_TRUE(second.is_set()) << "ten turns of the loop are enough, without a wait";
        co_await second.wait();
        EXPECT_EQ(end.ec, asio::error::eof);
    };
    on.run(test(on));
}

/// One that did not ask, and is told to expect something.
TEST(Socket, FindsAnEndThatItIsToldToExpectAtOnce) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        connected pair{c.get_executor()};
        pair.send("abc");
        ::shutdown(pair.peer, SHUT_WR);
        co_await pause(c.get_executor(), milliseconds{5});
        std::string buffer(100, '\0');
        auto [ec, n] = co_await pair.ours.async_read_some(asio::buffer(buffer), use_tuple, false);
        EXPECT_EQ(n, 3U) << ec.message();
        EXPECT_FALSE(pair.ours.may_have_news()) << "it was not asked for";
        pair.ours.expect_news();
        task_group tasks{c.get_executor()};
        event second{c.get_executor()};
        got end;
        tasks.spawn(read_into(pair.ours, end, second));
        co_await ten_turns(c.get_executor());
        EXPECT_TRUE(second.is_set()) << "ten turns of the loop are enough, without a wait";
        co_await second.wait();
        EXPECT_EQ(end.ec, asio::error::eof);
    };
    on.run(test(on));
}

TEST(Socket, NoticesAResetThatCameTogetherWithTheBytes) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        connected pair{c.get_executor()};
        pair.send("abc");
        linger hard{1, 0};
        ::setsockopt(pair.peer, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
        ::close(std::exchange(pair.peer, -1));
        co_await pause(c.get_executor(), milliseconds{5});
        auto first = co_await read(pair.ours);
        if (!first.ec) first = co_await read(pair.ours);  // the kernel may hand out the bytes first
        EXPECT_EQ(first.ec, asio::error::connection_reset);
    };
    on.run(test(on));
}

TEST(Socket, NoticesAnEndThatComesLater) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        for (auto wait : {milliseconds{0}, milliseconds{150}}) {
            connected pair{c.get_executor()};
            pair.send("abc");
            EXPECT_EQ((co_await read(pair.ours)).bytes, "abc");
            task_group tasks{c.get_executor()};
            event ended{c.get_executor()};
            got last;
            tasks.spawn(read_into(pair.ours, last, ended));
            co_await pause(c.get_executor(), wait);
            ::close(std::exchange(pair.peer, -1));
            co_await ended.wait();
            EXPECT_EQ(last.ec, asio::error::eof);
        }
    };
    on.run(test(on));
}

TEST(Socket, FindsBytesBehindUrgentData) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        connected pair{c.get_executor()};
        pair.send("ab");
        pair.send("!", MSG_OOB);  // a read stops short of it, whatever follows
        pair.send("cd");
        co_await pause(c.get_executor(), milliseconds{5});
        EXPECT_EQ((co_await read(pair.ours)).bytes, "ab");
        EXPECT_EQ((co_await read(pair.ours)).bytes, "cd");
    };
    on.run(test(on));
}

TEST(Socket, ReadsAStreamOfManyBufferfulsWithoutALateLook) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        connected pair{c.get_executor()};
        std::string what(200'000, 'x');
        pair.send(what);
        ::shutdown(pair.peer, SHUT_WR);
        std::size_t seen = 0;
        auto since = steady_clock::now();
        while (seen < what.size()) {
            auto piece = co_await read(pair.ours, 1'000);
            EXPECT_FALSE(piece.ec);
            if (piece.ec) co_return;
            seen += piece.bytes.size();
        }
        EXPECT_LT(steady_clock::now() - since, milliseconds{5'000}) << "200 late looks would take ten seconds or more";
        EXPECT_EQ((co_await read(pair.ours)).ec, asio::error::eof);
    };
    on.run(test(on));
}

TEST(Socket, EndsAPendingReadWhenCancelledAndGoesOn) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        connected pair{c.get_executor()};
        for (auto wait : {milliseconds{0}, milliseconds{130}}) {
            task_group tasks{c.get_executor()};
            event ended{c.get_executor()};
            got pending;
            tasks.spawn(read_into(pair.ours, pending, ended));
            co_await pause(c.get_executor(), wait);
            pair.ours.cancel();
            co_await ended.wait();
            EXPECT_EQ(pending.ec, asio::error::operation_aborted);
            pair.send("on");
            EXPECT_EQ((co_await read(pair.ours)).bytes, "on");
        }
    };
    on.run(test(on));
}

TEST(Socket, ReadsThatWaitSideBySideEndInAnyOrder) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        std::array<std::unique_ptr<connected>, 5> pairs;
        std::array<got, 5> results;
        std::array<std::unique_ptr<event>, 5> ended;
        task_group tasks{c.get_executor()};
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            pairs[i] = std::make_unique<connected>(c.get_executor());
            ended[i] = std::make_unique<event>(c.get_executor());
            tasks.spawn(read_into(pairs[i]->ours, results[i], *ended[i]));
        }
        for (std::size_t i : {2U, 0U, 4U}) {
            pairs[i]->send("x");
            co_await ended[i]->wait();
            EXPECT_EQ(results[i].bytes, "x");
            co_await pause(c.get_executor(), milliseconds{40});  // so that a tick falls between
        }
        pairs[1]->ours.close();
        co_await ended[1]->wait();
        EXPECT_EQ(results[1].ec, asio::error::operation_aborted);
        pairs[3]->send("x");
        co_await ended[3]->wait();
        EXPECT_EQ(results[3].bytes, "x");
    };
    on.run(test(on));
}

TEST(Socket, LeavesNothingBehindWhenItsContextGoesDown) {
    auto on = std::make_unique<on_context>();
    connected pair{on->get_executor()};
    task_group tasks{on->get_executor()};
    event ended{on->get_executor()};
    got never;
    tasks.spawn(read_into(pair.ours, never, ended));
    on->context.poll();
    EXPECT_FALSE(ended.is_set());
    pair.ours.close();
    on->context.poll();
    EXPECT_EQ(never.ec, asio::error::operation_aborted);
}

TEST(Tcp, SetsWhatAListeningSocketHandsOn) {
    auto option = [](int descriptor) {
        int value = -1;
        socklen_t size = sizeof value;
        ::getsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &value, &size);
        return value;
    };
    on_context on;
    connected pair{on.get_executor()};
    EXPECT_EQ(option(pair.peer), 0);
    set_tcp_options(pair.peer, {asio::ip::make_address("127.0.0.1"), 80});
    EXPECT_NE(option(pair.peer), 0);
    char name[16] = {};
    socklen_t size = sizeof name;
    ASSERT_EQ(::getsockopt(pair.peer, IPPROTO_TCP, TCP_CONGESTION, name, &size), 0);
    EXPECT_FALSE(std::string_view{name}.starts_with("bbr")) << "a pacing congestion control on loopback";
}

TEST(Socket, IsNotReadASecondTimeBeforeItsHandlerHasRun) {
    asio::io_context context{1};
    connected pair{context.get_executor()};
    const std::string filler(1 << 16, 'x');
    while (::send(pair.ours.native_handle(), filler.data(), filler.size(), MSG_DONTWAIT) > 0) {
    }
    std::string first(64, ' ');
    std::size_t size = 0;
    // Both become ready at once: the writer's handler runs first, the reader's waits in the queue behind the late look.
    pair.ours.async_wait(socket::wait_write, [&](error_code) { pair.send("world"); });
    pair.ours.async_read_some(asio::buffer(first), [&](error_code, std::size_t n) { size = n; });
    context.poll();
    std::this_thread::sleep_for(milliseconds{60});
    context.poll();
    std::this_thread::sleep_for(milliseconds{60});
    pair.send("hello");
    pollfd writable{pair.ours.native_handle(), POLLOUT, 0};
    std::string drained(1 << 20, ' ');
    while (::poll(&writable, 1, 0) == 0) ::recv(pair.peer, drained.data(), drained.size(), MSG_DONTWAIT);
    context.poll();
    EXPECT_EQ(first.substr(0, size), "hello");
}

}  // namespace
}  // namespace outrider::net
