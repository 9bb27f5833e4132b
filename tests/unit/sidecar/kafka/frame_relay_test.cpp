#include "sidecar/kafka/frame_relay.hpp"

#include <array>
#include <csignal>
#include <memory>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "sidecar/net/worker.hpp"

namespace outrider::kafka {
namespace {

/// As `outrider run` does; for every test of this program.
[[maybe_unused]] const auto former_handler = std::signal(SIGPIPE, SIG_IGN);

/// A relay between two pairs of streams.
struct relayed {
    net::worker worker{0};
    std::pair<net::stream, net::stream> from = net::connected_pair(worker.get_executor());
    std::pair<net::stream, net::stream> to = net::connected_pair(worker.get_executor());
    frame_memory memory;
    bool over = false;
    std::size_t unread = 0;  ///< bytes that were passed so
    frame_relay relay{from.second, to.first, memory, over};

    /// Writes until the receiving side's socket takes no more.
    void fill() {
        const std::string bytes(65'536, 'f');
        boost::asio::const_buffer out{bytes.data(), bytes.size()};
        net::error_code ec;
        while (to.first.write_now({&out, 1}, ec) > 0) {
        }
    }
    void run_for(std::chrono::milliseconds time) { worker.get_executor().context().run_for(time); }
};

enum class outcome { none, yes, no };

net::awaitable<void> read_and_flush(relayed& of, outcome& became) {
    bool done = co_await of.relay.read(1);
    of.relay.pass(of.relay.unseen().size());
    if (done) done = co_await of.relay.flush();
    became = done ? outcome::yes : outcome::no;
}

net::awaitable<void> read_and_write(relayed& of, outcome& became) {
    bool done = co_await of.relay.read(1);
    of.relay.pass(of.relay.unseen().size());
    if (done) done = co_await of.relay.write("more");
    became = done ? outcome::yes : outcome::no;
}

net::awaitable<void> read_and_hurry(relayed& of, std::size_t first, std::string_view behind, outcome& became) {
    bool done = co_await of.relay.read(1);
    const auto all = of.relay.unseen().size();
    of.relay.pass(first);
    of.relay.write_ahead(all - first);
    of.relay.write_ahead(all - first);
    of.relay.pass(all - first);
    of.relay.write_ahead();
    if (done && behind.empty()) {
        done = co_await of.relay.flush();
    } else if (done) {
        done = co_await of.relay.write(behind);
    }
    became = done ? outcome::yes : outcome::no;
}

/// What has arrived; takes it.
std::string arrived(net::stream& at) {
    std::string out;
    std::array<char, 65'536> piece;
    for (ssize_t got = 1; got > 0;) {
        got = ::recv(at.lower().native_handle(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (got > 0) out.append(piece.data(), static_cast<std::size_t>(got));
    }
    return out;
}

void send(net::stream& to, std::string_view bytes) {
    boost::asio::const_buffer out{bytes.data(), bytes.size()};
    net::error_code ec;
    EXPECT_EQ(to.write_now({&out, 1}, ec), bytes.size());
}

TEST(FrameRelay, WaitsForNothingOnceItIsOver) {
    // What was read is there when the end is told, so that no pending operation is left to be cancelled.
    for (auto* task : {&read_and_flush, &read_and_write}) {
        relayed of;
        auto became = outcome::none;
        of.fill();
        of.worker.tasks().spawn((*task)(of, became));
        of.worker.get_executor().context().poll();
        send(of.from.first, "bytes");
        of.over = true;
        of.run_for(std::chrono::milliseconds{50});
        EXPECT_EQ(became, outcome::no);
        of.to.first.cancel();
        of.run_for(std::chrono::milliseconds{10});
    }
}

TEST(FrameRelay, WritesWhatGoesAtOnceThoughItIsOver) {
    relayed of;
    auto became = outcome::none;
    of.worker.tasks().spawn(read_and_flush(of, became));
    of.worker.get_executor().context().poll();
    send(of.from.first, "bytes");
    of.over = true;
    of.run_for(std::chrono::milliseconds{10});
    EXPECT_EQ(became, outcome::yes);
}

TEST(FrameRelay, WritesEachByteOnceThatItWroteAhead) {
    for (std::string_view behind : {"", "more"}) {
        for (std::size_t first = 0; first <= 5; ++first) {
            relayed of;
            auto became = outcome::none;
            of.worker.tasks().spawn(read_and_hurry(of, first, behind, became));
            of.worker.get_executor().context().poll();
            send(of.from.first, "bytes");
            of.run_for(std::chrono::milliseconds{10});
            EXPECT_EQ(became, outcome::yes);
            EXPECT_EQ(arrived(of.to.second), "bytes" + std::string{behind}) << first;
            EXPECT_EQ(of.relay.held(), 0U);
        }
    }
}

TEST(FrameRelay, WritesTheRestOfWhatDidNotGoAhead) {
    for (std::string_view behind : {"", "more"}) {
        relayed of;
        auto became = outcome::none;
        of.fill();
        of.worker.tasks().spawn(read_and_hurry(of, 3, behind, became));
        of.worker.get_executor().context().poll();
        send(of.from.first, "bytes");
        of.run_for(std::chrono::milliseconds{10});
        EXPECT_EQ(became, outcome::none);
        auto all = arrived(of.to.second);
        of.run_for(std::chrono::milliseconds{10});
        all += arrived(of.to.second);
        EXPECT_EQ(became, outcome::yes);
        EXPECT_EQ(all.substr(all.find_last_of('f') + 1), "bytes" + std::string{behind});
    }
}

net::awaitable<void> read_and_hurry_some(relayed& of, std::string& early) {
    (void)co_await of.relay.read(1);
    of.relay.write_ahead(3);
    early = arrived(of.to.second);
    of.relay.write_ahead(5);
    early += "|" + arrived(of.to.second);
}

TEST(FrameRelay, WritesAheadOnlyWhereNothingStandsBehind) {
    relayed of;
    std::string early;
    of.worker.tasks().spawn(read_and_hurry_some(of, early));
    of.worker.get_executor().context().poll();
    send(of.from.first, "bytes");
    of.run_for(std::chrono::milliseconds{10});
    EXPECT_EQ(early, "|bytes");
}

TEST(FrameRelay, TellsOfAFailureToWriteAhead) {
    relayed of;
    auto became = outcome::none;
    of.worker.tasks().spawn(read_and_hurry(of, 3, {}, became));
    of.worker.get_executor().context().poll();
    of.to.second.close();
    send(of.from.first, "bytes");
    of.run_for(std::chrono::milliseconds{10});
    EXPECT_EQ(became, outcome::no);
    EXPECT_FALSE(of.relay.source_ended());
}

/// Passes `size` bytes, unread where that can be.
net::awaitable<void> pass_all(relayed& of, std::size_t size, outcome& became) {
    bool more = co_await of.relay.read(1);
    while (more && size > 0) {
        std::size_t gone = 0;
        if (of.relay.unseen().empty()) more = co_await of.relay.pass_unread(size, gone);
        of.unread += gone;
        size -= gone;
        if (gone > 0) continue;
        if (more && of.relay.unseen().empty()) more = co_await of.relay.read(1);
        const auto now = std::min(size, of.relay.unseen().size());
        of.relay.pass(now);
        size -= now;
    }
    if (more) more = co_await of.relay.flush();
    became = more ? outcome::yes : outcome::no;
}

/// What arrives when so many bytes are sent, as fast as the other side takes them.
std::string passed_all(relayed& of, const std::string& bytes, outcome& became) {
    std::string got;
    of.worker.tasks().spawn(pass_all(of, bytes.size(), became));
    for (std::size_t sent = 0; became == outcome::none;) {
        boost::asio::const_buffer rest{bytes.data() + sent, bytes.size() - sent};
        net::error_code ec;
        if (sent < bytes.size()) sent += of.from.first.write_now({&rest, 1}, ec);
        of.worker.get_executor().context().poll();
        got += arrived(of.to.second);
    }
    return got + arrived(of.to.second);
}

std::string numbers(std::size_t size) {
    std::string out;
    while (out.size() < size) out += std::to_string(out.size()) + " ";
    return out;
}

TEST(FrameRelay, PassesBytesUnread) {
    relayed of;
    auto became = outcome::none;
    const auto bytes = numbers(3'000'000);
    EXPECT_EQ(passed_all(of, bytes, became), bytes);
    EXPECT_EQ(became, outcome::yes);
    EXPECT_GT(of.unread, bytes.size() / 2);
    EXPECT_EQ(of.relay.held(), 0U);
}

TEST(FrameRelay, ReadsWhatCannotPassUnread) {
    relayed of;
    auto became = outcome::none;
    std::vector<std::unique_ptr<net::pipe_lease>> all;
    do all.push_back(std::make_unique<net::pipe_lease>(of.memory.pipes));
    while (all.back()->pipe());
    const auto bytes = numbers(1'000'000);
    EXPECT_EQ(passed_all(of, bytes, became), bytes);
    EXPECT_EQ(became, outcome::yes);
    EXPECT_EQ(of.unread, 0U);
}

TEST(FrameRelay, TellsOfAnEndWhileBytesPassUnread) {
    for (bool source : {true, false}) {
        relayed of;
        auto became = outcome::none;
        of.worker.tasks().spawn(pass_all(of, 1000, became));
        of.worker.get_executor().context().poll();
        send(of.from.first, "bytes");
        of.run_for(std::chrono::milliseconds{10});
        EXPECT_EQ(became, outcome::none);
        (source ? of.from.first : of.to.second).close();
        if (!source) send(of.from.first, "more");
        of.run_for(std::chrono::milliseconds{10});
        EXPECT_EQ(became, outcome::no);
        EXPECT_EQ(of.relay.source_ended(), source);
        EXPECT_EQ(of.relay.error() == boost::asio::error::eof, source);
    }
}

TEST(FrameRelay, WaitsWithBytesThatPassUnreadUntilItIsOver) {
    relayed of;
    auto became = outcome::none;
    of.worker.tasks().spawn(pass_all(of, 1000, became));
    of.worker.get_executor().context().poll();
    send(of.from.first, "bytes");
    of.run_for(std::chrono::milliseconds{10});
    of.fill();
    send(of.from.first, "more");
    of.run_for(std::chrono::milliseconds{10});
    EXPECT_EQ(became, outcome::none);
    of.over = true;
    of.to.first.cancel();
    of.run_for(std::chrono::milliseconds{10});
    EXPECT_EQ(became, outcome::no);
    // The pipe that still held something is not used again.
    net::pipe_lease next{of.memory.pipes};
    ASSERT_TRUE(next.pipe());
    EXPECT_EQ(next.pipe()->holds(), 0U);
}

TEST(FrameRelay, KeepsNoBlockBetweenFrames) {
    relayed of;
    auto became = outcome::none;
    of.worker.tasks().spawn(read_and_flush(of, became));
    of.worker.get_executor().context().poll();
    EXPECT_EQ(of.relay.held(), 0U);
    send(of.from.first, "bytes");
    of.run_for(std::chrono::milliseconds{10});
    EXPECT_EQ(became, outcome::yes);
    EXPECT_EQ(of.relay.held(), 0U);
}

}  // namespace
}  // namespace outrider::kafka
