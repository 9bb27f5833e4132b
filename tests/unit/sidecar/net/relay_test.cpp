#include "sidecar/net/relay.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

#include "sidecar/net/event.hpp"
#include "tests/unit/sidecar/net/on_context.hpp"

namespace outrider::net {
namespace {

class counting_watch final : public relay_watch {
  public:
    void waits() override { ++waits_; }
    void passed(bool back, std::size_t bytes) override { (back ? received : sent) += bytes; }
    bool over() const override { return over_; }

    std::size_t sent = 0, received = 0, waits_ = 0;
    bool over_ = false;
};

/// client <-> [one | relay | other] <-> server
struct relayed {
    explicit relayed(on_context& on)
        : tasks(on.get_executor()),
          ended(on.get_executor()),
          down(connected_pair(on.get_executor())),
          up(connected_pair(on.get_executor())) {}
    stream& client() { return down.first; }
    stream& server() { return up.first; }

    block_pool blocks;
    task_group tasks;
    event ended;
    std::pair<stream, stream> down, up;
    counting_watch watch;
    bool orderly = false;
};

awaitable<void> run(relayed& r, executor ex, std::string_view read_before) {
    lent_buffer from_client{r.blocks}, from_server{r.blocks};
    from_client.bytes().append(read_before);
    relay_side one{r.down.second, from_client}, other{r.up.second, from_server};
    r.orderly = co_await relay(ex, r.tasks, one, other, r.watch);
    r.ended.set();
}

awaitable<void> send(stream& to, std::string text, bool then_end) {
    auto ec = co_await to.write(asio::buffer(text));
    EXPECT_FALSE(ec) << ec.message();
    if (then_end) to.shutdown_send();
}

awaitable<std::string> read_all(stream& from) {
    std::string out;
    std::array<char, 5'000> piece;
    while (true) {
        auto [ec, n] = co_await from.read_some(asio::buffer(piece));
        if (ec) co_return out;
        out.append(piece.data(), n);
    }
}

TEST(Relay, CarriesBothWaysAndPassesHalfClosesOn) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        relayed r{c};
        r.tasks.spawn(run(r, c.get_executor(), "read before, "));
        r.tasks.spawn(send(r.client(), "question", true));
        auto asked = co_await read_all(r.server());
        EXPECT_EQ(asked, "read before, question");
        EXPECT_FALSE(r.ended.is_set()) << "the answer may still come";
        const std::string answer(300'000, 'x');
        r.tasks.spawn(send(r.server(), answer, true));
        auto got = co_await read_all(r.client());
        EXPECT_EQ(got, answer);
        co_await r.ended.wait();
        EXPECT_TRUE(r.orderly);
        EXPECT_EQ(r.watch.sent, asked.size());
        EXPECT_EQ(r.watch.received, answer.size());
    };
    on.run(test(on));
}

TEST(Relay, EndsBothWaysWhenOneBreaks) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        relayed r{c};
        r.tasks.spawn(run(r, c.get_executor(), ""));
        r.server().close();
        co_await send(r.client(), "nobody reads this", false);
        co_await r.ended.wait();
        EXPECT_FALSE(r.orderly);
    };
    on.run(test(on));
}

TEST(Relay, EndsWhenItIsOverBesidesACancel) {
    on_context on;
    auto test = [](on_context& c) -> awaitable<void> {
        relayed r{c};
        r.tasks.spawn(run(r, c.get_executor(), ""));
        steady_timer later{c.get_executor(), std::chrono::milliseconds{20}};
        later.async_wait([&r](error_code) {
            r.watch.over_ = true;
            r.down.second.cancel();
            r.up.second.cancel();
        });
        co_await r.ended.wait();
        EXPECT_FALSE(r.orderly);
        EXPECT_GE(r.watch.waits_, 2U) << "each way says that it waits";
    };
    on.run(test(on));
}

}  // namespace
}  // namespace outrider::net
