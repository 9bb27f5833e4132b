#include "sidecar/net/peek.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "sidecar/net/event.hpp"
#include "sidecar/net/listener.hpp"
#include "sidecar/net/task_group.hpp"
#include "sidecar/net/tcp.hpp"
#include "tests/unit/sidecar/net/on_context.hpp"

namespace outrider::net {
namespace {

// Not written where they are used: g++ 12 does not keep such a list in a coroutine's frame.
constexpr std::array<std::string_view, 3> pieces{"G", "ET", " /"};
constexpr std::array<std::string_view, 2> beginnings{"", "half"};

/// Two ends of a TCP connection: only TCP wakes a reader from some number of bytes on.
struct tcp_pair {
    explicit tcp_pair(executor ex) : ours(ex), theirs(ex) {}
    stream ours, theirs;
};

awaitable<void> connect_pair(tcp_pair& pair) {
    auto ex = pair.ours.lower().get_executor();
    auto listening = listening_socket::open({asio::ip::address_v4::loopback(), 0}, "test", false);
    const auto where = listening.bound();
    task_group tasks{ex};
    event accepted{ex};
    acceptor listener{ex, std::move(listening), [&](stream made, const tcp_endpoint&) {
                          pair.theirs = std::move(made);
                          accepted.set();
                      }};
    listener.start(tasks);
    auto ec = co_await connect(pair.ours.lower(), where);
    EXPECT_FALSE(ec);
    co_await accepted.wait();
    listener.stop();
    event ended{ex};
    tasks.when_empty([&] { ended.set(); });
    co_await ended.wait();
}

awaitable<std::string> read_once(stream& from) {
    std::array<char, 100> bytes;
    auto [ec, n] = co_await from.read_some(asio::buffer(bytes));
    EXPECT_FALSE(ec) << ec.message();
    co_return std::string(bytes.data(), n);
}

awaitable<void> write_text(stream& to, std::string_view text) {
    auto ec = co_await to.write(asio::buffer(text));
    EXPECT_FALSE(ec) << ec.message();
}

TEST(Peek, SeesWhatComesInPiecesAndLeavesIt) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        tcp_pair pair{c.get_executor()};
        co_await connect_pair(pair);
        std::array<char, 8> seen;
        bool over = false;
        {
            peek look{pair.theirs, seen, over};
            for (const auto piece : pieces) {
                const auto before = look.seen().size();
                co_await write_text(pair.ours, piece);
                bool more = co_await look.more();
                EXPECT_TRUE(more);
                EXPECT_EQ(look.seen().size(), before + piece.size());
            }
            EXPECT_EQ(look.seen(), "GET /");
            co_await write_text(pair.ours, "abcdef");
            bool more = co_await look.more();
            EXPECT_TRUE(more);
            EXPECT_TRUE(look.full());
            EXPECT_EQ(look.seen(), "GET /abc");
            more = co_await look.more();
            EXPECT_FALSE(more);
        }
        auto all = co_await read_once(pair.theirs);
        EXPECT_EQ(all, "GET /abcdef");
        co_await write_text(pair.ours, "x");
        all = co_await read_once(pair.theirs);
        EXPECT_EQ(all, "x") << "one byte wakes a reader again";
    };
    on.run(test(on));
}

TEST(Peek, EndsWithThePeer) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        for (const auto sent : beginnings) {
            tcp_pair pair{c.get_executor()};
            co_await connect_pair(pair);
            std::array<char, 100> seen;
            bool over = false;
            peek look{pair.theirs, seen, over};
            if (!sent.empty()) co_await write_text(pair.ours, sent);
            bool more = sent.empty();
            if (!more) more = co_await look.more();
            EXPECT_TRUE(more);
            pair.ours.shutdown_send();
            more = co_await look.more();
            EXPECT_FALSE(more);
            EXPECT_EQ(look.seen(), sent);
        }
    };
    on.run(test(on));
}

TEST(Peek, EndsWhenItIsOver) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        tcp_pair pair{c.get_executor()};
        co_await connect_pair(pair);
        std::array<char, 100> seen;
        bool over = false;
        peek look{pair.theirs, seen, over};
        steady_timer later{c.get_executor(), std::chrono::milliseconds{20}};
        later.async_wait([&](error_code) {
            over = true;
            pair.theirs.cancel();
        });
        bool more = co_await look.more();
        EXPECT_FALSE(more);
        more = co_await look.more();
        EXPECT_FALSE(more) << "nothing is waited for any more";
    };
    on.run(test(on));
}

TEST(Peek, IsNotKeptBusyByASocketThatWakesTooEarly) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        auto [ours, theirs] = connected_pair(c.get_executor());
        std::array<char, 100> seen;
        bool over = false;
        peek look{theirs, seen, over};
        co_await write_text(ours, "a");
        bool more = co_await look.more();
        EXPECT_TRUE(more);
        steady_timer later{c.get_executor(), std::chrono::milliseconds{40}};
        auto& writer = ours;
        later.async_wait([&writer](error_code) {
            error_code ec;
            asio::const_buffer one{"b", 1};
            writer.write_now({&one, 1}, ec);
        });
        more = co_await look.more();
        EXPECT_TRUE(more);
        EXPECT_EQ(look.seen(), "ab");
    };
    on.run(test(on));
}

}  // namespace
}  // namespace outrider::net
