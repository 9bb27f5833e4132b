// Servers that are no etcd, or one that has gone mad.
#include <atomic>

#include <gtest/gtest.h>

#include "sidecar/discovery/etcd_registry.hpp"
#include "sidecar/discovery/registry_json.hpp"
#include "tests/support/http_receiver.hpp"
#include "tests/unit/sidecar/discovery/listening.hpp"
#include "tracing/base64.hpp"

namespace outrider::discovery {
namespace {

using clock = std::chrono::steady_clock;
using test::http_receiver;
using test::raw_writer;
using test::received_request;
using test::reply;

const std::string chunked_head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& bytes) {
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
    return size + bytes + "\r\n";
}

reply answers(const std::string& body, unsigned status = 200) { return reply{.status = status, .body = body}; }

reply drips(std::function<void(const raw_writer&)> how) {
    reply out;
    out.drip = std::move(how);
    return out;
}

std::string one_member() {
    return R"({"header":{"revision":"7"},"kvs":[{"key":"a2V5","value":")" + tracing::encode_base64("a:80") + R"("}]})";
}

etcd_options towards(const http_receiver& server) {
    etcd_options out;
    out.endpoints = {server.url("/")};
    out.self = {"stock", "", at("10.0.0.1", 8080)};
    out.timeout = 4s;
    return out;
}

/// Why a watch of such a server fails.
std::string failure_with(http_receiver::handler how) {
    http_receiver server(std::move(how));
    const auto registry = make_etcd(towards(server));
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    if (!caller.sees_failures(1, 20s)) return "no failure";
    EXPECT_TRUE(caller.lists().empty());
    EXPECT_GE(registry->look().failures, 1u);
    EXPECT_NE(registry->look().problem, "");
    return caller.failures()[0];
}

TEST(HostileEtcd, AListThatIsNoneIsAFailureWithAReason) {
    const std::pair<reply, std::string> lists[] = {
        {answers("{"), "no JSON object within bounds"},
        {answers("[]"), "no JSON object within bounds"},
        {answers("{}"), "without a usable revision"},
        {answers(std::string(100'000, '[')), "no JSON object within bounds"},
        {answers(R"({"header":{"revision":"7"},"kvs":{"a":1}})"), "whose kvs are none"},
        {answers(R"({"header":{"revision":"7"},"kvs":[{"key":"%%"}]})"), "a key that cannot be read"},
        {answers("<html>welcome</html>", 404), "HTTP 404"},
        {answers(R"({"error":"etcdserver: no leader","code":14})", 503), "no leader"},
        {answers(R"({"error":")" + std::string(500, '\x1b') + R"("})", 500), "HTTP 500"},
        {reply{.status = 302, .headers = {{"Location", "http://127.0.0.1:1/"}}}, "HTTP 302"},
        {reply{.hang = true}, "timed out"},
        {reply{.close = true}, "end of stream"},
        {reply{.raw = "220 mail.example ESMTP\r\n"}, "does not answer in HTTP/1.1"},
    };
    for (const auto& [list, why] : lists) {
        const auto failure = failure_with([list = list](const received_request&) { return list; });
        EXPECT_NE(failure.find(why), std::string::npos) << failure;
        EXPECT_EQ(failure.find('\x1b'), std::string::npos);
    }
}

TEST(HostileEtcd, AListOfMoreThan16MiBOrWithoutEndIsRefused) {
    EXPECT_NE(failure_with([](const received_request&) {
                  return answers(std::string((16 << 20) + 1, ' '));
              }).find("too large"),
              std::string::npos);
    const auto endless = failure_with([](const received_request&) {
        return drips([](const raw_writer& write) {
            write(chunked_head);
            while (write(chunk(std::string(60'000, ' ')))) {
            }
        });
    });
    EXPECT_TRUE(endless.find("too large") != std::string::npos || endless.find("timed out") != std::string::npos)
        << endless;
}

TEST(HostileEtcd, AWatchThatEndsAtOnceIsNotAskedWithoutRest) {
    http_receiver server([](const received_request& asked) {
        return asked.target == "/v3/kv/range" ? answers(one_member()) : answers(R"({"result":{"created":true}})");
    });
    const auto registry = make_etcd(towards(server));
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"a:80"}));
    std::this_thread::sleep_for(2s);
    EXPECT_LT(server.request_count(), 30u) << "the pauses grow";
    EXPECT_EQ(caller.lists().size(), 1u);
}

TEST(HostileEtcd, AWatchThatBeginsBehindACompactionListsAgain) {
    std::atomic<int> lists{0}, watches{0};
    http_receiver server([&](const received_request& asked) {
        if (asked.target == "/v3/kv/range") {
            const auto value = tracing::encode_base64("a:" + std::to_string(80 + lists++));
            return answers(R"({"header":{"revision":"7"},"kvs":[{"key":"a2V5","value":")" + value + R"("}]})");
        }
        if (watches++ != 0) return reply{.hang = true};
        return answers(
            "{\"result\":{\"created\":true}}\n{\"result\":{\"canceled\":true,\"compact_revision\":\"30\"}}\n");
    });
    auto how = towards(server);
    how.timeout = 5s;
    const auto registry = make_etcd(how);
    listening caller;
    const auto watch = registry->watch("stock", caller.listener());
    EXPECT_TRUE(caller.sees({"a:81"}));
    EXPECT_EQ(caller.lists().size(), 2u);
    EXPECT_TRUE(caller.failures().empty());
}

TEST(HostileEtcd, AWatchThatFailsIsSaidAndTheListStays) {
    const std::pair<std::string, std::string> watches[] = {
        {"{\"result\":\n", "no JSON within bounds"},
        {std::string(40, '[') + "\n", "no JSON within bounds"},
        {R"({"error":{"message":"gone mad"}})"
         "\n",
         "gone mad"},
        {R"({"result":{"created":true,"canceled":true,"cancel_reason":"permission denied"}})"
         "\n",
         "permission denied"},
        {R"({"result":{"events":[{"kv":{"key":"%%"}}]}})"
         "\n",
         "a key that cannot be read"},
    };
    for (const auto& [text, why] : watches) {
        http_receiver server([text = text](const received_request& asked) {
            return asked.target == "/v3/kv/range" ? answers(one_member()) : answers(text);
        });
        const auto registry = make_etcd(towards(server));
        listening caller;
        const auto watch = registry->watch("stock", caller.listener());
        // What is broken in form is no failure until the list is: the next one says that all is well.
        EXPECT_TRUE(caller.sees({"a:80"}));
        std::this_thread::sleep_for(300ms);
        for (const auto& each : caller.failures()) EXPECT_NE(each.find(why), std::string::npos) << each;
        EXPECT_LT(server.request_count(), 20u);
    }
}

TEST(HostileEtcd, AnEventWithoutEndIsRefusedAt16MiB) {
    std::atomic<std::size_t> sent{0};
    http_receiver server([&](const received_request& asked) {
        if (asked.target == "/v3/kv/range") return answers(one_member());
        return drips([&](const raw_writer& write) {
            write(chunked_head);
            const auto piece = chunk(std::string(60'000, ' '));
            std::size_t bytes = 0;
            while (bytes < 200'000'000 && write(piece)) bytes += 60'000;
            sent = std::max<std::size_t>(sent, bytes);
        });
    });
    auto registry = make_etcd(towards(server));
    listening caller;
    auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees({"a:80"}));
    ASSERT_TRUE(comes_true([&] { return sent != 0; }, 30s));
    EXPECT_LT(sent, 40'000'000u);
    watch.reset();
}

TEST(HostileEtcd, ChangesWithoutEndAreTakenAtABoundedRate) {
    http_receiver server([&](const received_request& asked) {
        if (asked.target == "/v3/kv/range") return answers(one_member());
        return drips([&](const raw_writer& write) {
            write(chunked_head);
            for (int i = 0;; ++i) {
                const auto value = tracing::encode_base64("a:" + std::to_string(1000 + i % 5000));
                if (!write(chunk(R"({"result":{"events":[{"kv":{"key":"a2V5","value":")" + value + "\"}}]}}\n")))
                    return;
            }
        });
    });
    const auto registry = make_etcd(towards(server));
    listening caller;
    auto watch = registry->watch("stock", caller.listener());
    ASSERT_TRUE(caller.sees_lists(2));
    const auto before = caller.lists().size();
    std::this_thread::sleep_for(1s);
    EXPECT_LE(caller.lists().size() - before, 60u);
    const auto began = clock::now();
    watch.reset();
    EXPECT_LT(clock::now() - began, 500ms);
}

TEST(HostileEtcd, ALeaseThatIsNoneIsAFailureWithAReason) {
    const std::pair<std::string, std::string> leases[] = {
        {"{}", "no usable lease"},
        {R"({"ID":"0","TTL":"5"})", "no usable lease"},
        {R"({"ID":"7","TTL":"99999999999"})", "no usable lease"},
        {R"({"ID":"7","TTL":"-5"})", "no usable lease"},
        {"nonsense", "no JSON object"},
    };
    for (const auto& [text, why] : leases) {
        http_receiver server([text = text](const received_request&) { return answers(text); });
        const auto registry = make_etcd(towards(server));
        registry->publish({true, ""});
        EXPECT_TRUE(comes_true([&] { return registry->look().failures >= 2; }));
        EXPECT_NE(registry->look().problem.find(why), std::string::npos) << registry->look().problem;
        EXPECT_FALSE(registry->look().registered);
        EXPECT_LT(server.request_count(), 20u);
    }
}

TEST(HostileEtcd, IsLeftAtOnce) {
    for (const bool greets : {false, true}) {
        http_receiver server([greets](const received_request&) {
            if (!greets) return reply{.hang = true};
            return drips([](const raw_writer& write) {
                write(chunked_head);
                while (write(chunk(" "))) std::this_thread::sleep_for(5ms);
            });
        });
        auto how = towards(server);
        how.timeout = 30s;
        auto registry = make_etcd(how);
        listening caller;
        auto watch = registry->watch("stock", caller.listener());
        registry->publish({true, ""});
        ASSERT_TRUE(comes_true([&] { return server.request_count() >= 2; }));
        const auto began = clock::now();
        watch.reset();
        registry.reset();
        EXPECT_LT(clock::now() - began, 300ms);
    }
}

}  // namespace
}  // namespace outrider::discovery
