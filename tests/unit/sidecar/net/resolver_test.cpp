#include "sidecar/net/resolver.hpp"

#include <boost/asio/error.hpp>
#include <gtest/gtest.h>

#include "sidecar/net/event.hpp"
#include "sidecar/net/task_group.hpp"
#include "tests/unit/sidecar/net/on_context.hpp"

namespace outrider::net {
namespace {

using namespace std::chrono_literals;

awaitable<void> ask(resolver& from, std::string host, steady_clock::time_point deadline, resolver::answer& into) {
    into = co_await from.resolve(host, 8080, deadline);
}

/// Two who ask for the same name at once.
awaitable<void> ask_twice(resolver& from, steady_clock::time_point until, resolver::answer& first,
                          resolver::answer& second) {
    auto ex = co_await asio::this_coro::executor;
    task_group tasks{ex};
    event ended{ex};
    tasks.spawn(ask(from, "localhost", until, second));
    tasks.when_empty([&ended] { ended.set(); });
    co_await ask(from, "localhost", until, first);
    co_await ended.wait();
}

class Resolver : public testing::Test {
  protected:
    resolver::answer answer_for(const std::string& host, steady_clock::time_point deadline = steady_clock::now() + 8s) {
        resolver::answer out;
        on.run(ask(names, host, deadline, out));
        return out;
    }
    on_context on;
    resolver names{on.get_executor()};
};

TEST_F(Resolver, TakesALiteralAsItIs) {
    auto v4 = answer_for("192.0.2.7", {});
    ASSERT_EQ(v4.addresses.size(), 1U);
    EXPECT_EQ(text_of(v4.addresses[0]), "192.0.2.7:8080");
    auto v6 = answer_for("2001:db8::7", {});
    ASSERT_EQ(v6.addresses.size(), 1U);
    EXPECT_EQ(text_of(v6.addresses[0]), "[2001:db8::7]:8080");
}

TEST_F(Resolver, FindsLocalhost) {
    auto found = answer_for("localhost");
    ASSERT_FALSE(found.addresses.empty()) << found.error.message();
    for (const auto& one : found.addresses) {
        EXPECT_TRUE(one.address().is_loopback());
        EXPECT_EQ(one.port(), 8080);
    }
    auto again = answer_for("localhost", {});
    EXPECT_EQ(again.addresses, found.addresses) << "kept: a deadline in the past does not matter";
}

TEST_F(Resolver, SaysWhyANameHasNoAddress) {
    auto none = answer_for("no-such-host.invalid");
    EXPECT_TRUE(none.addresses.empty());
    EXPECT_TRUE(none.error);
}

TEST_F(Resolver, EndsAtTheDeadlineEvenWhenTheLookupDoesNot) {
    // The lookup runs on another thread; a deadline that has passed ends the wait at the next turn of the loop.
    auto late = answer_for("still-looking.invalid", steady_clock::now() - 1s);
    EXPECT_TRUE(late.addresses.empty());
    EXPECT_TRUE(late.error);
}

TEST_F(Resolver, AnswersTwoWhoAskForTheSameNameAtOnce) {
    resolver::answer one, two;
    auto until = steady_clock::now() + 8s;
    on.run(ask_twice(names, until, one, two));
    EXPECT_FALSE(one.addresses.empty());
    EXPECT_EQ(one.addresses, two.addresses);
}

}  // namespace
}  // namespace outrider::net
