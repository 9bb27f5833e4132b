#include "sidecar/collector/sidecar_book.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

namespace outrider::collector {
namespace {

using nlohmann::json;
using outcome = sidecar_book::outcome;

constexpr std::int64_t second = 1'000'000'000;

sidecar_card card(const std::string& id, const std::string& service = "orders", bool stopped = false,
                  std::size_t bytes = 20) {
    return {id, service, "i-" + id, stopped,
            R"("service":")" + service + R"(","pad":")" + std::string(bytes, 'x') + "\""};
}

class SidecarBook : public testing::Test {
  protected:
    json cards() { return json::parse(book.json(now, 77))["sidecars"]; }
    outcome take(sidecar_card one) { return book.take(std::move(one), now); }

    std::int64_t now = 1'000 * second;
    sidecar_book book{{3, 2'000, 3'800}};
};

TEST_F(SidecarBook, TellsOfEachSidecarInOrder) {
    take(card("b", "stock"));
    take(card("a", "stock"));
    take(card("c", "orders"));
    now += second;
    const auto all = json::parse(book.json(now, 77));
    EXPECT_EQ(all["nowUnixNano"], "77");
    EXPECT_EQ(all["leftOut"], 0);
    ASSERT_EQ(all["sidecars"].size(), 3u);
    EXPECT_EQ(all["sidecars"][0]["id"], "c");
    EXPECT_EQ(all["sidecars"][1]["id"], "a");
    EXPECT_EQ(all["sidecars"][0]["service"], "orders");
    EXPECT_EQ(all["sidecars"][0]["ageNano"], "1000000000");
    EXPECT_EQ(all["sidecars"][0]["pushes"], 1);
}

TEST_F(SidecarBook, AgesByItsOwnClock) {
    take(card("a"));
    const auto state = [&] { return cards()[0]["state"]; };
    EXPECT_EQ(state(), "fresh");
    now += 7 * second;
    EXPECT_EQ(state(), "stale");
    now += 24 * second;
    EXPECT_EQ(state(), "gone");
    take(card("a"));
    EXPECT_EQ(state(), "fresh");
    EXPECT_EQ(cards()[0]["pushes"], 2);
    take(card("a", "orders", true));
    EXPECT_EQ(state(), "stopped");
    now += 599 * second;
    EXPECT_EQ(state(), "stopped");
    now += 2 * second;
    EXPECT_TRUE(cards().empty()) << "forgotten after ten minutes";
    EXPECT_EQ(book.bytes(), 0u);
}

TEST_F(SidecarBook, NeverPushesOutASidecarThatIsThere) {
    for (const auto* id : {"a", "b", "c"}) EXPECT_EQ(take(card(id)), outcome::taken);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(take(card("d" + std::to_string(i))), outcome::no_room);
    EXPECT_EQ(take(card("b")), outcome::taken) << "a known one goes on";
    EXPECT_EQ(json::parse(book.json(now, 0))["leftOut"], 5);
    now += 7 * second;
    take(card("a"));
    EXPECT_EQ(take(card("d")), outcome::taken) << "what is stale makes room";
    EXPECT_EQ(cards().size(), 3u);
    EXPECT_EQ(cards()[0]["id"], "a");
    EXPECT_EQ(json::parse(book.json(now, 0))["leftOut"], 0);
}

TEST_F(SidecarBook, PrefersToForgetWhoHasStopped) {
    take(card("a"));
    take(card("b"));
    now += second;
    take(card("c", "orders", true));
    EXPECT_EQ(take(card("d")), outcome::taken);
    std::vector<std::string> ids;
    for (const auto& one : cards()) ids.push_back(one["id"]);
    EXPECT_THAT(ids, testing::UnorderedElementsAre("a", "b", "d"));
}

TEST_F(SidecarBook, HasABoundOfBytes) {
    EXPECT_EQ(take(card("a", "orders", false, 3'000)), outcome::too_large);
    EXPECT_EQ(take(card("a", "orders", false, 1'500)), outcome::taken);
    EXPECT_EQ(take(card("b", "orders", false, 1'500)), outcome::taken);
    EXPECT_EQ(take(card("c", "orders", false, 1'500)), outcome::no_room);
    EXPECT_EQ(take(card("a", "orders", false, 1'650)), outcome::no_room) << "nor may a known one grow without end";
    EXPECT_EQ(cards().size(), 2u);
    EXPECT_LE(book.bytes(), 3'800u);
    EXPECT_EQ(take(card("a", "orders", false, 10)), outcome::taken);
    EXPECT_EQ(take(card("c", "orders", false, 1'000)), outcome::taken);
}

TEST_F(SidecarBook, HasAnotherVersionWhenThereIsNews) {
    auto before = book.version(now);
    const auto changed = [&] { return std::exchange(before, book.version(now)) != before; };
    take(card("a"));
    EXPECT_TRUE(changed());
    now += second;
    EXPECT_FALSE(changed());
    now += 7 * second;
    EXPECT_TRUE(changed()) << "it is stale now";
    now += 600 * second;
    EXPECT_TRUE(changed()) << "it is forgotten";
}

}  // namespace
}  // namespace outrider::collector
