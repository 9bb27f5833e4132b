#include "sidecar/kafka/frame_relay.hpp"

#include <gtest/gtest.h>

#include "sidecar/net/worker.hpp"

namespace outrider::kafka {
namespace {

/// A relay between two pairs of streams.
struct relayed {
    net::worker worker{0};
    std::pair<net::stream, net::stream> from = net::connected_pair(worker.get_executor());
    std::pair<net::stream, net::stream> to = net::connected_pair(worker.get_executor());
    frame_memory memory;
    bool over = false;
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
