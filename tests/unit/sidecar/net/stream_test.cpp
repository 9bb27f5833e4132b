#include "sidecar/net/stream.hpp"

#include <array>
#include <string>
#include <vector>

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include "sidecar/net/event.hpp"
#include "sidecar/net/task_group.hpp"
#include "tests/unit/sidecar/net/on_context.hpp"

namespace outrider::net {
namespace {

std::string pattern(std::size_t size) {
    std::string out(size, '\0');
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 131 >> 3);
    return out;
}

awaitable<std::string> read_all(stream& from, std::size_t piece = 4'096) {
    std::string out;
    std::vector<char> buffer(piece);
    while (true) {
        auto [ec, n] = co_await from.read_some(asio::buffer(buffer));
        if (ec) {
            EXPECT_EQ(ec, asio::error::eof) << ec.message();
            co_return out;
        }
        out.append(buffer.data(), n);
    }
}

awaitable<void> write_and_close(stream& to, std::string_view what, event& ended) {
    auto ec = co_await to.write(asio::buffer(what));
    EXPECT_FALSE(ec) << ec.message();
    to.shutdown_send();
    ended.set();
}

TEST(Stream, CarriesBytesBothWaysAndAHalfClose) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        auto [a, b] = connected_pair(c.get_executor());
        EXPECT_FALSE(co_await a.write(asio::buffer("ping", 4)));
        a.shutdown_send();
        EXPECT_EQ(co_await read_all(b), "ping");
        EXPECT_FALSE(co_await b.write(asio::buffer("pong", 4))) << "the other direction is still open";
        b.shutdown_send();
        EXPECT_EQ(co_await read_all(a), "pong");
    };
    on.run(test(on));
}

TEST(Stream, WritesMoreThanTheSocketHoldsWhileTheOtherSideReads) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        auto [a, b] = connected_pair(c.get_executor());
        auto what = pattern(5'000'000);
        task_group tasks{c.get_executor()};
        event ended{c.get_executor()};
        tasks.spawn(write_and_close(a, what, ended));
        EXPECT_TRUE(co_await read_all(b) == what);
        co_await ended.wait();
        EXPECT_EQ(tasks.escaped(), 0U);
    };
    on.run(test(on));
}

TEST(Stream, WaitsWhenTheOtherSideDoesNotRead) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        auto [a, b] = connected_pair(c.get_executor());
        auto what = pattern(5'000'000);
        task_group tasks{c.get_executor()};
        event ended{c.get_executor()};
        tasks.spawn(write_and_close(a, what, ended));
        steady_timer pause{c.get_executor(), std::chrono::milliseconds{20}};
        co_await pause.async_wait(use_tuple);
        EXPECT_FALSE(ended.is_set()) << "backpressure: nobody reads";
        EXPECT_TRUE(co_await read_all(b) == what);
        co_await ended.wait();
    };
    on.run(test(on));
}

TEST(Stream, WritesWhatGoesAtOnceAndTheRestLater) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        auto [a, b] = connected_pair(c.get_executor());
        std::string one = pattern(700'000), none, two = pattern(900'001), three = "end";
        std::array<asio::const_buffer, 4> parts{asio::buffer(one), asio::buffer(none), asio::buffer(two),
                                                asio::buffer(three)};
        error_code ec;
        auto done = a.write_now(parts, ec);
        EXPECT_FALSE(ec);
        EXPECT_GT(done, 0U);
        EXPECT_LT(done, one.size() + two.size());
        std::string seen;
        struct rest {
            static awaitable<void> write(stream& to, std::span<const asio::const_buffer> what, std::size_t from,
                                         event& ended) {
                EXPECT_FALSE(co_await to.write_rest(what, from));
                to.shutdown_send();
                ended.set();
            }
        };
        task_group tasks{c.get_executor()};
        event ended{c.get_executor()};
        tasks.spawn(rest::write(a, parts, done, ended));
        EXPECT_TRUE(co_await read_all(b) == one + two + three);
        co_await ended.wait();
    };
    on.run(test(on));
}

TEST(Stream, SaysNothingButWritesNothingWhenTheSocketIsFull) {
    on_context on;
    auto [a, b] = connected_pair(on.get_executor());
    auto what = pattern(1'000'000);
    asio::const_buffer part = asio::buffer(what);
    error_code ec;
    while (a.write_now({&part, 1}, ec) > 0) {
    }
    EXPECT_FALSE(ec) << "a full socket is no failure";
}

TEST(Stream, ReportsAPeerThatIsGoneWithoutASignal) {
    on_context on;
    auto [a, b] = connected_pair(on.get_executor());
    b.close();
    asio::const_buffer part = asio::buffer("x", 1);
    error_code ec;
    EXPECT_EQ(a.write_now({&part, 1}, ec), 0U);
    EXPECT_EQ(ec, asio::error::broken_pipe);
}

awaitable<void> expect_aborted_read(stream& from, event& ended) {
    char byte;
    auto [ec, n] = co_await from.read_some(asio::buffer(&byte, 1));
    EXPECT_EQ(ec, asio::error::operation_aborted);
    ended.set();
}

TEST(Stream, EndsWhatIsPendingWhenCancelled) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        auto [a, b] = connected_pair(c.get_executor());
        task_group tasks{c.get_executor()};
        event ended{c.get_executor()};
        tasks.spawn(expect_aborted_read(a, ended));
        steady_timer pause{c.get_executor(), std::chrono::milliseconds{5}};
        co_await pause.async_wait(use_tuple);
        a.cancel();
        co_await ended.wait();
        EXPECT_FALSE(co_await b.write(asio::buffer("x", 1)));
        char byte = 0;
        auto [ec, n] = co_await a.read_some(asio::buffer(&byte, 1));
        EXPECT_FALSE(ec) << "it goes on after a cancel";
        EXPECT_EQ(byte, 'x');
    };
    on.run(test(on));
}

TEST(Stream, TellsAQuietConnectionFromOneThatSpokeOrClosed) {
    on_context on;
    auto [a, b] = connected_pair(on.get_executor());
    EXPECT_TRUE(a.quiet_and_open());
    asio::const_buffer part = asio::buffer("x", 1);
    error_code ec;
    b.write_now({&part, 1}, ec);
    EXPECT_FALSE(a.quiet_and_open());
    auto [c, d] = connected_pair(on.get_executor());
    d.close();
    EXPECT_FALSE(c.quiet_and_open());
}

awaitable<void> nothing() { co_return; }
awaitable<void> fails() {
    throw std::runtime_error("escapes");
    co_return;
}

TEST(TaskGroup, KnowsWhenItIsEmptyAndWhatEscaped) {
    on_context on;
    task_group tasks{on.get_executor()};
    int empty = 0;
    tasks.when_empty([&] { ++empty; });
    EXPECT_EQ(empty, 1) << "at once when nothing runs";
    tasks.spawn(nothing());
    tasks.spawn(fails());
    EXPECT_EQ(tasks.running(), 2U);
    tasks.when_empty([&] { ++empty; });
    on.context.run();
    EXPECT_EQ(empty, 2);
    EXPECT_EQ(tasks.running(), 0U);
    EXPECT_EQ(tasks.escaped(), 1U);
}

}  // namespace
}  // namespace outrider::net
