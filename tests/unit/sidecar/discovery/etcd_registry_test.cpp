// Against a real etcd.
#include "sidecar/discovery/etcd_registry.hpp"

#include <gtest/gtest.h>

#include "sidecar/discovery/etcd_members.hpp"
#include "tests/support/etcd_server.hpp"
#include "tests/unit/sidecar/discovery/listening.hpp"
#include "tracing/base64.hpp"

namespace outrider::discovery {
namespace {

using clock = std::chrono::steady_clock;
using names = listening::names;
using test::etcd_server;

std::string base64(const std::string& text) { return tracing::encode_base64(text); }

class EtcdRegistry : public testing::Test {
  protected:
    void SetUp() override {
        server = etcd_server::start();
        ASSERT_TRUE(server) << "etcd is not installed; ./test installs it";
    }

    etcd_options options(std::chrono::milliseconds ttl = 5s) const {
        etcd_options out;
        out.endpoints = {server->url()};
        out.self = {"stock", "", at("10.0.0.1", 8080)};
        out.ttl = ttl;
        return out;
    }

    json told() const { return read_json(server->get("/outrider/stock/10.0.0.1:8080")).value_or(json()); }
    bool tells_ready(bool ready, std::chrono::milliseconds patience = 1s) const {
        return comes_true([&] { return flag_of(told(), "ready") == ready; }, patience);
    }

    std::unique_ptr<etcd_server> server;
};

TEST_F(EtcdRegistry, RegistersTellsEachVerdictWithinASecondAndWithdraws) {
    const auto registry = make_etcd(options());
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({}));
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}, 1s));
    EXPECT_EQ(text_of(told(), "address"), "10.0.0.1:8080");
    EXPECT_TRUE(comes_true([&] { return registry->look().registered; }));
    registry->publish({false, "the database is away"});
    ASSERT_TRUE(caller.sees({}, 1s));
    EXPECT_EQ(text_of(told(), "why"), "the database is away") << "people see why";
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}, 1s));
    registry->withdraw(2s);
    EXPECT_TRUE(told().is_null()) << "gone when withdraw() returns";
    EXPECT_TRUE(caller.sees({}, 1s));
    EXPECT_FALSE(registry->look().registered);
    registry->publish({true, ""});
    std::this_thread::sleep_for(300ms);
    EXPECT_TRUE(told().is_null()) << "who has left stays away";
    EXPECT_TRUE(caller.failures().empty());
}

TEST_F(EtcdRegistry, AVerdictThatFlapsIsToldInItsNewestFormAndNotEachTime) {
    const auto registry = make_etcd(options());
    for (int i = 0; i < 500; ++i) {
        registry->publish({i % 2 == 0, std::to_string(i)});
        std::this_thread::sleep_for(1ms);
    }
    ASSERT_TRUE(comes_true([&] { return text_of(told(), "why") == "499"; }, 1s));
    const auto answer = server->call("/kv/range", {{"key", base64("/outrider/stock/10.0.0.1:8080")}});
    EXPECT_LE(*number_of(answer["kvs"][0], "version"), 20u) << "ten a second";
}

TEST_F(EtcdRegistry, KeepsTheLeaseAlive) {
    const auto registry = make_etcd(options(1s));  // etcd makes at least two seconds of it
    registry->publish({true, ""});
    ASSERT_TRUE(tells_ready(true));
    const auto until = clock::now() + 5s;
    while (clock::now() < until) {
        ASSERT_FALSE(told().is_null());
        std::this_thread::sleep_for(50ms);
    }
    EXPECT_EQ(registry->look().failures, 0u);
}

TEST_F(EtcdRegistry, WithoutItsSidecarTheInstanceVanishesWithTheLease) {
    auto registry = make_etcd(options(1s));
    registry->publish({true, ""});
    ASSERT_TRUE(tells_ready(true));
    registry.reset();
    EXPECT_FALSE(told().is_null());
    EXPECT_TRUE(comes_true([&] { return told().is_null(); }, 8s));
}

TEST_F(EtcdRegistry, RegistersAnewWhenTheLeaseIsLost) {
    const auto registry = make_etcd(options(3s));
    registry->publish({true, ""});
    ASSERT_TRUE(tells_ready(true));
    const auto kept = server->call("/kv/range", {{"key", base64("/outrider/stock/10.0.0.1:8080")}});
    server->call("/lease/revoke", {{"ID", kept["kvs"][0]["lease"]}});
    ASSERT_TRUE(told().is_null());
    EXPECT_TRUE(tells_ready(true, 3s)) << "with the next keepalive";
    EXPECT_TRUE(comes_true([&] { return registry->look().registered; }));
}

TEST_F(EtcdRegistry, WritesAKeyAgainThatSomebodyDeleted) {
    const auto registry = make_etcd(options(3s));
    registry->publish({true, ""});
    ASSERT_TRUE(tells_ready(true));
    server->remove("/outrider/stock/10.0.0.1:8080");
    EXPECT_TRUE(tells_ready(true, 3s));
}

TEST_F(EtcdRegistry, WatchSeesOtherPeoplesChangesWithinASecond) {
    const auto registry = make_etcd(options());
    server->put("/outrider/stock/b", "b:80");
    server->put("/outrider/stocks/x", "x:80");
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"b:80"}));
    server->put("/outrider/stock/a", R"({"address":"a:80","scheme":"https"})");
    EXPECT_TRUE(caller.sees({"https://a:80", "b:80"}, 1s));
    server->put("/outrider/stock/c", "not an %% address");
    EXPECT_TRUE(comes_true([&] { return registry->look().skipped == 1; }, 1s));
    server->remove("/outrider/stock/b");
    EXPECT_TRUE(caller.sees({"https://a:80"}, 1s));
    EXPECT_EQ(caller.lists().size(), 3u) << "only news";
}

TEST_F(EtcdRegistry, TheLastListStaysWhileEtcdIsAwayAndIsTakenUpWhenItIsBack) {
    const auto registry = make_etcd(options());
    server->put("/outrider/stock/a", "a:80");
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"a:80"}));
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080", "a:80"}, 1s));
    server->kill();
    ASSERT_TRUE(caller.sees_failures(1));
    std::this_thread::sleep_for(1s);
    EXPECT_EQ(caller.failures().size(), 1u) << "told once";
    EXPECT_EQ(caller.lists().back(), (names{"10.0.0.1:8080", "a:80"})) << "no list is told";
    auto status = registry->look();
    EXPECT_FALSE(status.reachable);
    EXPECT_NE(status.problem.find("Connection refused"), std::string::npos) << status.problem;
    const auto lists = caller.lists().size();
    ASSERT_TRUE(server->start_again(true));
    EXPECT_TRUE(caller.sees_lists(lists + 1)) << "that all is well again is news";
    EXPECT_TRUE(comes_true([&] { return registry->look().reachable && registry->look().problem.empty(); }));
    server->put("/outrider/stock/b", "b:80");
    EXPECT_TRUE(caller.sees({"10.0.0.1:8080", "a:80", "b:80"}, 1s));
}

TEST_F(EtcdRegistry, RegistersAnewWithAnEtcdThatLostItsData) {
    const auto registry = make_etcd(options());
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    registry->publish({true, ""});
    for (int i = 0; i < 20; ++i) server->put("/else", "x");  // its revisions were higher than they will be
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    ASSERT_TRUE(server->start_again(false));
    EXPECT_TRUE(comes_true([&] { return flag_of(told(), "ready") == true; }));
    EXPECT_TRUE(caller.sees({"10.0.0.1:8080"}));
    registry->publish({false, "x"});
    EXPECT_TRUE(caller.sees({}));
}

TEST_F(EtcdRegistry, AHistoryThatIsCompactedAndAWatchThatIsSilentLoseNothing) {
    auto how = options();
    how.silence = 300ms;  // then it lists anew
    const auto registry = make_etcd(how);
    server->put("/outrider/stock/a", "a:80");
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"a:80"}));
    for (int i = 0; i < 5; ++i) {
        server->put("/outrider/stock/b", "b:" + std::to_string(80 + i));
        const auto put = server->call("/kv/put", {{"key", base64("/x")}, {"value", ""}});
        server->call("/kv/compaction", {{"revision", put["header"]["revision"]}});
        ASSERT_TRUE(caller.sees({"a:80", "b:" + std::to_string(80 + i)}, 1s));
    }
    std::this_thread::sleep_for(700ms);
    server->put("/outrider/stock/b", "c:80");
    EXPECT_TRUE(caller.sees({"a:80", "c:80"}, 1s));
    EXPECT_TRUE(caller.failures().empty());
}

TEST_F(EtcdRegistry, GoesOnWithAnotherMember) {
    auto how = options();
    how.endpoints = {"http://127.0.0.1:1", server->url()};
    const auto registry = make_etcd(how);
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    registry->publish({true, ""});
    EXPECT_TRUE(caller.sees({"10.0.0.1:8080"}, 2s));
    EXPECT_TRUE(caller.failures().empty());
    EXPECT_EQ(registry->look().problem, "");
}

TEST_F(EtcdRegistry, EverythingEndsInTimeWhenEtcdHangs) {
    auto registry = make_etcd(options());
    listening caller;
    auto watch = registry->watch("stock", caller.listener());
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    server->suspend();
    registry->publish({false, "x"});
    std::this_thread::sleep_for(100ms);
    auto began = clock::now();
    registry->withdraw(300ms);
    EXPECT_LT(clock::now() - began, 500ms);
    began = clock::now();
    watch.reset();
    registry.reset();
    EXPECT_LT(clock::now() - began, 300ms);
    server->resume();
}

class EtcdUsers : public EtcdRegistry {
  protected:
    void SetUp() override {
        EtcdRegistry::SetUp();
        const auto grant = [&](const char* user, const char* role) {
            server->call("/auth/user/add", {{"name", user}, {"password", "secret of " + std::string(user)}});
            server->call("/auth/role/add", {{"name", role}});
            server->call("/auth/user/grant", {{"user", user}, {"role", role}});
        };
        grant("root", "root");
        grant("sidecar", "services");
        grant("stranger", "nothing");
        const json keys{{"permType", "READWRITE"}, {"key", base64("/outrider/")}, {"range_end", base64("/outrider0")}};
        server->call("/auth/role/grant", {{"name", "services"}, {"perm", keys}});
        server->call("/auth/enable", json::object());
    }

    std::string token() const {
        return text_of(server->call("/auth/authenticate", {{"name", "root"}, {"password", "secret of root"}}), "token");
    }
    etcd_options as(const std::string& user, const std::string& password) const {
        auto out = options(3s);
        out.user = user;
        out.password = password;
        return out;
    }
};

TEST_F(EtcdUsers, RegisterAndWatchWithAPasswordAndANewTokenWhenTheOldOneIsUnknown) {
    const auto registry = make_etcd(as("sidecar", "secret of sidecar"));
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    registry->publish({true, ""});
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}, 2s));
    ASSERT_TRUE(server->start_again(true)) << "it forgets its tokens";
    registry->publish({false, "x"});
    EXPECT_TRUE(caller.sees({}));
    registry->publish({true, ""});
    EXPECT_TRUE(caller.sees({"10.0.0.1:8080"}));
    EXPECT_TRUE(comes_true([&] { return registry->look().problem.empty(); }));
    registry->withdraw(2s);
    EXPECT_EQ(server->get("/outrider/stock/10.0.0.1:8080", token()), "");
}

TEST_F(EtcdUsers, AWrongPasswordAndMissingRightsAreSaid) {
    const std::tuple<std::string, std::string, std::string> users[] = {
        {"sidecar", "wrong", "authentication failed"},
        {"stranger", "secret of stranger", "permission denied"},
        {"", "", "user name is empty"},
    };
    for (const auto& [user, password, why] : users) {
        const auto registry = make_etcd(as(user, password));
        listening caller;
        const auto watch = registry->watch("stock", caller.listener());
        registry->publish({true, ""});
        ASSERT_TRUE(caller.sees_failures(1)) << user;
        EXPECT_NE(caller.failures()[0].find(why), std::string::npos) << caller.failures()[0];
        EXPECT_TRUE(comes_true([&, w = why] {
            return registry->look().problem.find("registration: ") != std::string::npos &&
                   registry->look().problem.find(w) != std::string::npos;
        })) << registry->look().problem;
        EXPECT_TRUE(caller.lists().empty());
    }
}

TEST(EtcdTls, IsSpokenAndVerified) {
    test::temporary_folder folder;
    test::certificate_authority ca{folder, "ca"};
    const auto server = etcd_server::start(ca.issue("server", "IP:127.0.0.1"), ca.certificate());
    ASSERT_TRUE(server) << "etcd is not installed; ./test installs it";
    etcd_options how;
    how.endpoints = {server->url()};
    how.self = {"stock", "one", at("stock-1", 8080)};
    how.tls.ca = ca.certificate();
    {
        const auto registry = make_etcd(how);
        listening caller;
        const auto watch = registry->watch("stock", caller.listener());
        registry->publish({true, ""});
        EXPECT_TRUE(caller.sees({"stock-1:8080"}));
    }
    how.tls.ca = "";
    const auto registry = make_etcd(how);
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees_failures(1));
    EXPECT_NE(caller.failures()[0].find("certificate not accepted"), std::string::npos) << caller.failures()[0];
}

TEST(EtcdOptions, ThatCannotBeUsedAreSaid) {
    const auto why = [](std::vector<std::string> endpoints) -> std::string {
        etcd_options how;
        how.endpoints = std::move(endpoints);
        try {
            make_etcd(how);
        } catch (const std::runtime_error& error) {
            return error.what();
        }
        return {};
    };
    EXPECT_NE(why({}).find("no endpoints"), std::string::npos);
    EXPECT_NE(why({"etcd:2379"}).find("'etcd:2379'"), std::string::npos);
    EXPECT_EQ(why({"http://etcd:2379"}), "");
}

}  // namespace
}  // namespace outrider::discovery
