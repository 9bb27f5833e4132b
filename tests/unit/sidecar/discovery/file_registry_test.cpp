#include "sidecar/discovery/file_registry.hpp"

#include <condition_variable>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/test_files.hpp"

namespace outrider::discovery {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

config::upstream_endpoint member(const std::string& host) { return {{host, 80}, false}; }

struct heard {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<member_list> lists;
    std::vector<std::string> failures;

    watch_listener listener() {
        return {[this](member_list list) {
                    const std::lock_guard lock(mutex);
                    lists.push_back(std::move(list));
                    changed.notify_all();
                },
                [this](const std::string& why) {
                    const std::lock_guard lock(mutex);
                    failures.push_back(why);
                    changed.notify_all();
                }};
    }
    bool wait_for(std::size_t list_count, std::size_t failure_count = 0) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, 10s,
                                [&] { return lists.size() >= list_count && failures.size() >= failure_count; });
    }
};

class FileRegistry : public testing::Test {
  protected:
    void write(const std::string& name, const std::string& text) const { place.write(name, text); }

    const test::temporary_folder place;
    const fs::path folder = place.path();
    heard got;
};

TEST_F(FileRegistry, TellsTheListAndEachChangeOfIt) {
    write("stock.yaml", "[a:80]");
    file_registry files{{}};
    auto watch = files.watch(folder / "stock.yaml", got.listener());
    ASSERT_TRUE(got.wait_for(1));
    EXPECT_EQ(got.lists[0], (member_list{member("a")}));
    write("new.yaml", "- b:80\n");
    fs::rename(folder / "new.yaml", folder / "stock.yaml");
    ASSERT_TRUE(got.wait_for(2));
    EXPECT_EQ(got.lists[1], (member_list{member("b")}));
    EXPECT_TRUE(files.look().reachable);
}

TEST_F(FileRegistry, FollowsTheLinksOfAMountedConfigMap) {
    write("v1/stock.yaml", "[a:80]");
    write("v2/stock.yaml", "[b:80]");
    fs::create_directory_symlink("v1", folder / "..data");
    fs::create_symlink("..data/stock.yaml", folder / "stock.yaml");
    file_registry files{{}};
    auto watch = files.watch(folder / "stock.yaml", got.listener());
    ASSERT_TRUE(got.wait_for(1));
    fs::create_directory_symlink("v2", folder / "..new");
    fs::rename(folder / "..new", folder / "..data");
    ASSERT_TRUE(got.wait_for(2));
    EXPECT_EQ(got.lists[1], (member_list{member("b")}));
}

TEST_F(FileRegistry, ABadFileIsToldOnceAndTheNextGoodOneToo) {
    file_registry files{{}};
    auto watch = files.watch(folder / "stock.yaml", got.listener());
    ASSERT_TRUE(got.wait_for(0, 1));
    EXPECT_NE(got.failures[0].find("No such file"), std::string::npos);
    EXPECT_FALSE(files.look().reachable);
    write("stock.yaml", "- a:80\n- b\n- c:x\n");
    ASSERT_TRUE(got.wait_for(0, 2));
    EXPECT_TRUE(got.failures[1].starts_with((folder / "stock.yaml").string() + ":3:3: ")) << got.failures[1];
    write("stock.yaml", "[a:80]");
    ASSERT_TRUE(got.wait_for(1, 2));
    EXPECT_TRUE(files.look().reachable);
    EXPECT_EQ(files.look().failures, 2U);
}

TEST_F(FileRegistry, SaysNothingToOneThatWatchesNoLonger) {
    write("stock.yaml", "[a:80]");
    file_registry files{{}};
    heard other;
    auto watch = files.watch(folder / "stock.yaml", got.listener());
    auto second = files.watch(folder / "stock.yaml", other.listener());
    ASSERT_TRUE(got.wait_for(1) && other.wait_for(1));
    watch.reset();
    write("stock.yaml", "[b:80, c:80]");
    ASSERT_TRUE(other.wait_for(2));
    EXPECT_EQ(got.lists.size(), 1U);
}

nlohmann::json content(const fs::path& file) {
    std::ifstream in{file};
    return nlohmann::json::parse(in);
}

TEST_F(FileRegistry, WritesTheVerdictAsAWhole) {
    file_registry::options who;
    who.verdict = folder / "verdict.json";
    who.service = "orders";
    who.instance = "orders-1";
    who.address = "10.0.0.7:8080";
    file_registry files{who};
    files.publish({true, ""});
    while (!files.look().registered) std::this_thread::sleep_for(1ms);
    auto said = content(who.verdict);
    EXPECT_TRUE(said["at"].get<std::string>().ends_with("Z"));
    said.erase("at");
    EXPECT_EQ(said, nlohmann::json::parse(R"({"service": "orders", "instance": "orders-1", "address": "10.0.0.7:8080",
                                              "ready": true, "reasons": []})"));
    files.publish({false, "draining"});
    while (content(who.verdict)["ready"] == true) std::this_thread::sleep_for(1ms);
    EXPECT_EQ(content(who.verdict)["reasons"], nlohmann::json({"draining"}));
    EXPECT_FALSE(fs::exists(folder / "verdict.json.new"));
    files.withdraw(5s);
    EXPECT_FALSE(fs::exists(who.verdict));
    files.publish({false, "draining"});
    std::this_thread::sleep_for(50ms);
    EXPECT_FALSE(fs::exists(who.verdict)) << "who has withdrawn stays away";
    EXPECT_FALSE(files.look().registered);
}

TEST_F(FileRegistry, SaysWhenTheVerdictCannotBeWritten) {
    file_registry::options who;
    who.verdict = folder / "missing" / "verdict.json";
    file_registry files{who};
    files.publish({true, ""});
    while (files.look().failures == 0) std::this_thread::sleep_for(1ms);
    EXPECT_NE(files.look().problem.find("verdict.json.new': No such file"), std::string::npos) << files.look().problem;
}

TEST(Verdict, TellsWhyAnApplicationIsNotReady) {
    const auto text = verdict_text({"", "o", "o-1", ""}, {false, "port 9000: \xff refused"}, {});
    const auto said = nlohmann::json::parse(text);
    EXPECT_TRUE(said["address"].is_null());
    EXPECT_EQ(said["at"], "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(said["reasons"].size(), 1U);
}

}  // namespace
}  // namespace outrider::discovery
