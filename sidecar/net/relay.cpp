#include "sidecar/net/relay.hpp"

#include "sidecar/net/event.hpp"

namespace outrider::net {
namespace {

/// Both ways of one relay.
struct both_ways {
    relay_watch& watch;
    bool broken = false;
    bool done() const { return broken || watch.over(); }
    void give_up(relay_side& from, relay_side& to) {
        broken = true;
        from.from.cancel();
        to.from.cancel();
    }
};

awaitable<error_code> write_held(relay_side& from, stream& to, both_ways& ways) {
    const auto size = from.held.size();
    asio::const_buffer bytes{from.held.data().data(), size};
    error_code ec;
    const auto sent = to.write_now({&bytes, 1}, ec);
    if (!ec && sent < size) {
        ways.watch.waits();
        ec = co_await to.write_rest({&bytes, 1}, sent);
    }
    co_return ec;
}

/// One way.
awaitable<void> pump(relay_side from, relay_side to, bool back, both_ways& ways) {
    while (!ways.done()) {
        if (!from.held.empty()) {
            const auto size = from.held.size();
            auto failed = co_await write_held(from, to.from, ways);
            if (failed) co_return ways.give_up(from, to);
            ways.watch.passed(back, size);
            from.held.reset();
            continue;
        }
        ways.watch.waits();
        auto [ec, n] = co_await from.from.read_some(from.held);
        if (ec == asio::error::eof) co_return to.from.shutdown_send();
        if (ec) co_return ways.give_up(from, to);
        from.held.commit(n);
    }
    ways.give_up(from, to);
}

awaitable<void> pump_back(relay_side from, relay_side to, both_ways& ways, event& ended) {
    co_await pump(from, to, true, ways);
    ended.set();
}

}  // namespace

awaitable<bool> relay(executor ex, task_group& tasks, relay_side one, relay_side other, relay_watch& watch) {
    both_ways ways{watch};
    event ended{ex};
    tasks.spawn(pump_back(other, one, ways, ended));
    co_await pump(one, other, false, ways);
    co_await ended.wait();
    co_return !ways.broken;
}

}  // namespace outrider::net
