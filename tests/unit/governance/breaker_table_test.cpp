#include "governance/breaker_table.hpp"

#include <barrier>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace outrider::governance {
namespace {

using namespace std::chrono_literals;

constexpr time_point now{1h};

breaker_rule rule() {
    breaker_rule out;
    out.consecutive = 1;
    return out;
}

std::vector<std::string> names_of(const breaker_table& table) {
    std::vector<std::string> out;
    table.each([&](const std::string& name, breaker&) { out.push_back(name); });
    return out;
}

TEST(BreakerTable, GivesEachNameABreakerOfItsOwn) {
    breaker_table table(rule(), now);
    auto& stock = table.of("stock", now);
    auto& pay = table.of("pay", now);
    auto& none = table.of("", now);
    EXPECT_EQ(&table.of("stock", now), &stock);
    EXPECT_EQ(&table.of("", now), &none);
    EXPECT_NE(&stock, &pay);
    stock.report(stock.ask(now), outcome::failure, 1ms, now);
    EXPECT_FALSE(table.of("stock", now).ask(now).granted);
    EXPECT_TRUE(table.of("pay", now).ask(now).granted);
    EXPECT_EQ(names_of(table), (std::vector<std::string>{"stock", "pay", ""}));
}

TEST(BreakerTable, LetsNamesBeyondItsBoundShareOne) {
    breaker_table table(rule(), now);
    std::set<breaker*> own;
    for (std::size_t i = 0; i < breaker_table::most; ++i) own.insert(&table.of("upstream-" + std::to_string(i), now));
    EXPECT_EQ(own.size(), breaker_table::most);
    EXPECT_EQ(names_of(table).size(), breaker_table::most);
    EXPECT_FALSE(table.force("other", breaker_force::open, now));
    auto& shared = table.of("one more", now);
    EXPECT_EQ(own.count(&shared), 0u);
    EXPECT_EQ(&table.of("and another", now), &shared);
    EXPECT_EQ(names_of(table).size(), breaker_table::most + 1);
    EXPECT_EQ(names_of(table).back(), "other");
    for (std::size_t i = 0; i < breaker_table::most; ++i)
        ASSERT_EQ(own.count(&table.of("upstream-" + std::to_string(i), now)), 1u);
    EXPECT_TRUE(table.force("other", breaker_force::open, now));
    EXPECT_FALSE(table.of("a third", now).ask(now).granted);
}

TEST(BreakerTable, ForcesByName) {
    breaker_table table(rule(), now);
    table.of("stock", now);
    EXPECT_FALSE(table.force("stok", breaker_force::open, now));
    EXPECT_TRUE(table.force("stock", breaker_force::open, now));
    EXPECT_FALSE(table.of("stock", now).ask(now).granted);
}

TEST(BreakerTable, LetsALookAskForBreakers) {
    breaker_table table(rule(), now);
    table.of("a", now);
    table.each([&](const std::string& name, breaker& which) { EXPECT_EQ(&table.of(name + "", now), &which); });
    table.each([&](const std::string&, breaker&) { table.of("b", now); });
    EXPECT_EQ(names_of(table).size(), 2u);
}

TEST(BreakerTableThreads, AgreeOnOneBreakerForAName) {
    breaker_table table(rule(), now);
    constexpr std::size_t names = 1'200;
    std::vector<std::vector<breaker*>> found(4, std::vector<breaker*>(names));
    std::barrier together(4);
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < found.size(); ++t)
        threads.emplace_back([&, t] {
            together.arrive_and_wait();
            for (std::size_t i = 0; i < names; ++i) {
                const auto index = t % 2 ? names - 1 - i : i;
                found[t][index] = &table.of(std::to_string(index), now);
            }
        });
    for (auto& each : threads) each.join();
    std::set<breaker*> different(found[0].begin(), found[0].end());
    EXPECT_EQ(different.size(), breaker_table::most + 1);
    for (std::size_t t = 1; t < found.size(); ++t) EXPECT_EQ(found[t], found[0]);
}

}  // namespace
}  // namespace outrider::governance
