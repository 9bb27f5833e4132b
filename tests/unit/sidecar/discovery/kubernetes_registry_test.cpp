// Against a server that behaves as Kubernetes' documentation of its API says.
#include "sidecar/discovery/kubernetes_registry.hpp"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>

#include "tests/support/kube_server.hpp"
#include "tests/unit/sidecar/discovery/listening.hpp"

namespace outrider::discovery {
namespace {

using clock = std::chrono::steady_clock;
using names = listening::names;
using nlohmann::json;
using test::http_receiver;
using test::received_request;
using test::reply;

json slice(const std::vector<std::string>& addresses) {
    json endpoints = json::array();
    for (const auto& one : addresses)
        endpoints.push_back({{"addresses", json::array({one})}, {"conditions", {{"ready", true}}}});
    return {{"addressType", "IPv4"},
            {"endpoints", endpoints},
            {"ports", json::array({{{"name", "http"}, {"port", 8080}, {"protocol", "TCP"}}})}};
}

class KubernetesRegistry : public testing::Test {
  protected:
    kubernetes_options options() {
        kubernetes_options out;
        out.server = server.url();
        out.own_namespace = "shop";
        out.tls.ca = ca.certificate();
        return out;
    }
    void write(const std::string& name, const std::string& text) { std::ofstream(folder / name) << text; }
    /// Waits for that many requests at the server.
    bool asked(std::size_t requests) {
        const auto until = clock::now() + 30s;
        while (server.requests().size() < requests && clock::now() < until) std::this_thread::sleep_for(5ms);
        return server.requests().size() >= requests;
    }

    test::temporary_folder folder;
    test::certificate_authority ca{folder, "ca"};
    test::kube_server server{ca.issue("server", "DNS:localhost,IP:127.0.0.1")};
};

TEST_F(KubernetesRegistry, ListsAndSeesChangesWithinASecond) {
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.1"}));
    server.apply("shop", "other", "other-a", slice({"10.9.9.9"}));
    server.apply("elsewhere", "stock", "stock-a", slice({"10.8.8.8"}));
    const auto registry = make_kubernetes(options());
    listening caller, elsewhere;
    const auto watch = registry->watch("stock", caller.listener());
    const auto other = registry->watch("stock.elsewhere:http", elsewhere.listener());
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    ASSERT_TRUE(elsewhere.sees({"10.8.8.8:8080"}));
    server.apply("shop", "stock", "stock-b", slice({"10.0.0.2"}));
    EXPECT_TRUE(caller.sees({"10.0.0.1:8080", "10.0.0.2:8080"}, 1s));
    server.apply("shop", "stock", "stock-a", slice({}));
    EXPECT_TRUE(caller.sees({"10.0.0.2:8080"}, 1s));
    server.remove("shop", "stock-b");
    EXPECT_TRUE(caller.sees({}, 1s));
    EXPECT_EQ(elsewhere.lists().size(), 1u);
    EXPECT_TRUE(caller.failures().empty());
    const auto status = registry->look();
    EXPECT_TRUE(status.reachable);
    EXPECT_FALSE(status.registered);
    registry->publish({true, ""});  // the readiness probe's business
    registry->withdraw(1s);
}

TEST_F(KubernetesRegistry, WatchesOnFromWhereAWatchEnded) {
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.1"}));
    const auto registry = make_kubernetes(options());
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    ASSERT_TRUE(asked(2)) << "a list and a watch";
    std::this_thread::sleep_for(1100ms);  // a watch that ends within a second would be a reason to pause and list
    server.bookmark();
    std::this_thread::sleep_for(50ms);
    server.end_watches();
    ASSERT_TRUE(asked(3)) << "the watch that goes on";
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.2"}));
    ASSERT_TRUE(caller.sees({"10.0.0.2:8080"}));
    std::size_t lists = 0;
    std::string last;
    for (const auto& one : server.requests()) {
        lists += one.target.find("watch=1") == std::string::npos ? 1 : 0;
        last = one.target;
    }
    EXPECT_EQ(lists, 1u) << "nothing is listed twice";
    EXPECT_NE(last.find("resourceVersion=102"), std::string::npos) << "the bookmark's: " << last;
    EXPECT_NE(last.find("allowWatchBookmarks=true"), std::string::npos);
}

TEST_F(KubernetesRegistry, ListsAgainWhenItsVersionIsGone) {
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.1"}));
    const auto registry = make_kubernetes(options());
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    server.forget_history();  // the watch is told 410
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.2"}));
    EXPECT_TRUE(caller.sees({"10.0.0.2:8080"}, 2s));
    EXPECT_TRUE(caller.failures().empty());
}

TEST_F(KubernetesRegistry, ReadsTheTokenAgainWhenItIsReplaced) {
    server.set_token("first");
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.1"}));
    write("token", "first\n");
    auto how = options();
    how.token_file = folder / "token";
    const auto registry = make_kubernetes(how);
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    server.set_token("second");
    server.end_watches();
    ASSERT_TRUE(caller.sees_failures(1));
    EXPECT_NE(caller.failures()[0].find("HTTP 401, Unauthorized"), std::string::npos) << caller.failures()[0];
    EXPECT_EQ(caller.lists().size(), 1u) << "the last list stays";
    write("token", "second\n");
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.2"}));
    EXPECT_TRUE(caller.sees({"10.0.0.2:8080"}));
}

TEST_F(KubernetesRegistry, TakesWhatAPodIsGiven) {
    server.set_token("of the pod");
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.1"}));
    write("token", "of the pod");
    write("namespace", "shop");
    std::ofstream(folder / "ca.crt") << std::ifstream(ca.certificate()).rdbuf();
    ::setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1", 1);
    ::setenv("KUBERNETES_SERVICE_PORT", std::to_string(server.port()).c_str(), 1);
    kubernetes_options how;
    how.account = folder.path();
    const auto registry = make_kubernetes(how);
    ::unsetenv("KUBERNETES_SERVICE_HOST");
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    EXPECT_TRUE(caller.sees({"10.0.0.1:8080"}));
    EXPECT_THROW(make_kubernetes({}), std::runtime_error) << "neither a server nor a pod";
}

TEST_F(KubernetesRegistry, SaysWhatIsWrong) {
    const auto failure = [&](kubernetes_options how, const std::string& service = "stock") {
        const auto registry = make_kubernetes(std::move(how));
        listening caller;
        const auto watch = registry->watch(service, caller.listener());
        EXPECT_TRUE(caller.sees_failures(1));
        EXPECT_TRUE(caller.lists().empty());
        return caller.failures()[0];
    };
    auto stranger = options();
    stranger.tls.ca = "";
    EXPECT_NE(failure(stranger).find("certificate not accepted"), std::string::npos);
    auto without = options();
    without.token_file = folder / "missing";
    EXPECT_EQ(failure(without), "cannot read a token from " + (folder / "missing"));
    EXPECT_NE(failure(options(), "no such name!").find("'no such name!'"), std::string::npos);
    auto nowhere = options();
    nowhere.server = "https://127.0.0.1:1";
    EXPECT_NE(failure(nowhere).find("Connection refused"), std::string::npos);
    server.set_token("x");
    EXPECT_NE(failure(options()).find("HTTP 401"), std::string::npos);
}

TEST_F(KubernetesRegistry, EndsAtOnce) {
    server.apply("shop", "stock", "stock-a", slice({"10.0.0.1"}));
    auto registry = make_kubernetes(options());
    listening caller;
    auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"10.0.0.1:8080"}));
    const auto began = clock::now();
    watch.reset();
    registry.reset();
    EXPECT_LT(clock::now() - began, 300ms);
}

TEST(HostileKubernetes, IsAFailureWithAReasonAndNotAskedWithoutRest) {
    const std::pair<reply, std::string> answers[] = {
        {reply{.body = "{"}, "no JSON within bounds"},
        {reply{.body = std::string(100'000, '[')}, "no JSON within bounds"},
        {reply{.body = "{}"}, "without a resourceVersion"},
        {reply{.body = R"({"metadata":{"resourceVersion":"1"},"items":[7]})"}, "a slice without a name"},
        {reply{.body = std::string((16 << 20) + 1, ' ')}, "too large"},
        {reply{.status = 403, .body = R"({"kind":"Status","message":"endpointslices is forbidden"})"},
         "HTTP 403, endpointslices is forbidden"},
        {reply{.status = 500, .body = "gone\x1b[0m"}, "HTTP 500, gone"},
        {reply{.hang = true}, "timed out"},
    };
    for (const auto& [answer, why] : answers) {
        http_receiver server([answer = answer](const received_request&) { return answer; });
        kubernetes_options how;
        how.server = server.url("");
        how.timeout = answer.hang ? std::chrono::milliseconds{500} : std::chrono::milliseconds{20'000};
        const auto registry = make_kubernetes(how);
        listening caller;
        const auto watch = registry->watch("stock.shop", caller.listener());
        ASSERT_TRUE(caller.sees_failures(1, 20s));
        EXPECT_NE(caller.failures()[0].find(why), std::string::npos) << caller.failures()[0];
    }
}

TEST(HostileKubernetes, AWatchThatEndsAtOnceIsNotBegunWithoutRest) {
    for (const std::string watched :
         {"", "{\"type\":\"ADDED\"}\n", "nonsense\n", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\n"}) {
        http_receiver server([&](const received_request& asked) {
            const bool watch = asked.target.find("watch=1") != std::string::npos;
            return reply{.body = watch ? watched : R"({"metadata":{"resourceVersion":"1"},"items":[]})"};
        });
        kubernetes_options how;
        how.server = server.url("");
        const auto registry = make_kubernetes(how);
        listening caller;
        const auto watch = registry->watch("stock.shop", caller.listener());
        ASSERT_TRUE(caller.sees({}));
        std::this_thread::sleep_for(1s);
        EXPECT_LE(server.request_count(), 16u);
    }
}

}  // namespace
}  // namespace outrider::discovery
