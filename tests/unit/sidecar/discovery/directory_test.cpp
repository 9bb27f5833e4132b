#include "sidecar/discovery/directory.hpp"

#include <condition_variable>

#include <gtest/gtest.h>

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;

config::upstream_endpoint member(const std::string& host) { return {{host, 80}, false}; }

/// A registry that says what the test tells it to.
class told_registry final : public registry {
  public:
    class told_watch final : public discovery::watch {
      public:
        explicit told_watch(told_registry& of) : of_(of) {}
        ~told_watch() override {
            const std::lock_guard lock(of_.mutex);
            of_.to.reset();
        }

      private:
        told_registry& of_;
    };
    std::unique_ptr<discovery::watch> watch(const std::string& service, watch_listener listener) override {
        const std::lock_guard lock(mutex);
        asked = service;
        to = std::move(listener);
        return std::make_unique<told_watch>(*this);
    }
    void publish(publication verdict) override { published.push_back(std::move(verdict)); }
    void withdraw(milliseconds within) override {
        if (hangs) std::this_thread::sleep_for(within);
        withdrawn = true;
    }
    registry_status look() const override { return {.reachable = true}; }

    void say(member_list list) {
        const std::lock_guard lock(mutex);
        if (to) to->members(std::move(list));
    }
    void say_none_ready() {
        const std::lock_guard lock(mutex);
        if (to) to->none_ready();
    }
    void fail(const std::string& why) {
        const std::lock_guard lock(mutex);
        if (to) to->failed(why);
    }

    std::mutex mutex;
    std::optional<watch_listener> to;
    std::string asked;
    std::vector<publication> published;
    bool hangs = false;
    std::atomic<bool> withdrawn{false};
};

/// What was handed on, in order.
struct handed_on {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::pair<member_list, std::string>> lists;

    auto sink() {
        return [this](const std::string&, const member_list& list, const std::string& why_none) {
            const std::lock_guard lock(mutex);
            lists.emplace_back(list, why_none);
            changed.notify_all();
        };
    }
    bool wait_for(std::size_t count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 10s, [&] { return lists.size() >= count; });
    }
};

struct fixture {
    std::shared_ptr<told_registry> etcd = std::make_shared<told_registry>();
    handed_on got;
    std::unique_ptr<directory> of;

    explicit fixture(milliseconds stale = 0ms) {
        directory::options options;
        auto& stock = options.upstreams.emplace_back();
        stock.name = "stock";
        stock.registry = etcd;
        stock.registry_name = stock.rules.registry = "etcd";
        stock.asked = stock.rules.service = "goods";
        stock.rules.stale = stale;
        options.registries = {{"etcd", etcd}};
        options.apply = got.sink();
        of = std::make_unique<directory>(std::move(options));
    }
};

TEST(Directory, HandsOnEachListOnce) {
    fixture f;
    f.of->start();
    EXPECT_EQ(f.etcd->asked, "goods");
    EXPECT_FALSE(f.of->wait_for_news(1ms));
    f.etcd->say({member("a")});
    EXPECT_TRUE(f.of->wait_for_news(10s));
    f.etcd->say({member("a")});
    f.etcd->say({member("a"), member("b")});
    ASSERT_TRUE(f.got.wait_for(2));
    f.of->stop();
    ASSERT_EQ(f.got.lists.size(), 2U);
    EXPECT_EQ(f.got.lists[0].first, (member_list{member("a")}));
    EXPECT_EQ(f.got.lists[1].first, (member_list{member("a"), member("b")}));
}

TEST(Directory, MembersThatAreNotReadyGoAtOnce) {
    fixture f;
    f.of->start();
    f.etcd->say({member("a")});
    ASSERT_TRUE(f.got.wait_for(1));
    const auto began = clock::now();
    f.etcd->say_none_ready();
    ASSERT_TRUE(f.got.wait_for(2));
    EXPECT_LT(clock::now() - began, kept_list::believe_empty / 2);
    f.of->stop();
    EXPECT_TRUE(f.got.lists[1].first.empty());
    EXPECT_EQ(f.got.lists[1].second, "none of the members that etcd has of 'goods' is ready");
}

TEST(Directory, AFailureKeepsTheLastListAndIsShown) {
    fixture f;
    f.of->start();
    f.etcd->say({member("a")});
    ASSERT_TRUE(f.got.wait_for(1));
    f.etcd->fail("connection refused");
    f.etcd->say({member("b")});
    ASSERT_TRUE(f.got.wait_for(2));
    f.etcd->fail("gone");
    while (f.of->upstreams().front().problem != "gone") std::this_thread::sleep_for(1ms);
    const auto seen = f.of->upstreams().front();
    EXPECT_EQ(seen.members, (member_list{member("b")}));
    EXPECT_EQ(seen.registry, "etcd");
    EXPECT_EQ(f.got.lists.size(), 2U);
}

TEST(Directory, AListAndTheFailureBehindItAreBothTaken) {
    fixture f;
    f.etcd->hangs = false;
    f.of->start();
    for (int i = 0; i < 100; ++i) {
        f.etcd->say({member("h" + std::to_string(i))});
        f.etcd->fail("failure " + std::to_string(i));
    }
    while (f.of->upstreams().front().problem != "failure 99") std::this_thread::sleep_for(1ms);
    EXPECT_EQ(f.of->upstreams().front().members, (member_list{member("h99")}));
}

TEST(Directory, TimePassesWithoutNews) {
    fixture f{20ms};
    f.of->start();
    f.etcd->say({member("a")});
    f.etcd->fail("gone");
    ASSERT_TRUE(f.got.wait_for(2));
    EXPECT_TRUE(f.got.lists[1].first.empty());
    EXPECT_NE(f.got.lists[1].second.find("could not be asked for 20ms"), std::string::npos) << f.got.lists[1].second;
}

TEST(Directory, HearsNothingOnceItIsStopped) {
    fixture f;
    f.of->start();
    f.of->stop();
    f.etcd->say({member("a")});
    EXPECT_EQ(f.got.lists.size(), 0U);
}

TEST(Directory, TellsAllRegistriesAndTakesLeaveOfAllAtOnce) {
    directory::options options;
    auto first = std::make_shared<told_registry>(), second = std::make_shared<told_registry>();
    first->hangs = second->hangs = true;
    options.registries = {{"etcd", first}, {"consul", second}};
    directory of{std::move(options)};
    of.start();
    of.publish({true, ""});
    of.publish({false, "draining"});
    EXPECT_EQ(first->published, (std::vector<publication>{{true, ""}, {false, "draining"}}));
    EXPECT_EQ(second->published.size(), 2U);
    const auto began = clock::now();
    of.withdraw(200ms);
    EXPECT_LT(clock::now() - began, 390ms);
    EXPECT_TRUE(first->withdrawn && second->withdrawn);
    EXPECT_TRUE(of.wait_for_news(0ms)) << "nobody is discovered";
}

TEST(Directory, NamesWhoCameAndWhoWent) {
    EXPECT_EQ(describe_change({member("a"), member("b")}, {member("b"), member("c")}), "came c:80; went a:80");
    EXPECT_EQ(describe_change({}, {member("c")}), "came c:80");
    EXPECT_EQ(describe_change({member("a"), member("b")}, {member("b"), member("a")}), "the same, in another order");
    member_list many;
    for (int i = 10; i < 32; ++i) many.push_back(member("h" + std::to_string(i)));
    EXPECT_EQ(describe_change({}, many),
              "came h10:80, h11:80, h12:80, h13:80, h14:80, h15:80, h16:80, h17:80, h18:80, h19:80 and 12 more");
}

}  // namespace
}  // namespace outrider::discovery
