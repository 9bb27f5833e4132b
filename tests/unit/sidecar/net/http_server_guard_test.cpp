#include "sidecar/net/http_server_guard.hpp"

#include <gtest/gtest.h>

namespace outrider::net {
namespace {

TEST(HostGuard, AllowsLocalNamesTheListenAddressAndConfiguredNamesWithAnyPort) {
    const host_guard guard{"10.0.0.7", {"orders.internal", "other:80"}};
    for (const auto* host : {"localhost", "LocalHost:7900", "127.0.0.1:1", "[::1]", "[::1]:7900", "::1",
                             "10.0.0.7:7900", "orders.internal:7900", "other"})
        EXPECT_TRUE(guard.allows(host)) << host;
}

TEST(HostGuard, RefusesEveryOtherName) {
    const host_guard guard{"127.0.0.1", {}};
    for (const auto* host : {"", ":7900", "evil.example", "evil.example:7900", "localhost.evil.example",
                             "127.0.0.1.evil.example", "10.0.0.8", "[", "[]", "[::2]", "localhost@evil.example"})
        EXPECT_FALSE(guard.allows(host)) << host;
}

TEST(HostGuard, AllowsAnyLiteralAddressWhereEveryAddressIsListenedOn) {
    for (const auto* everywhere : {"0.0.0.0", "::"}) {
        const host_guard guard{everywhere, {}};
        EXPECT_TRUE(guard.allows("10.1.2.3:7900"));
        EXPECT_TRUE(guard.allows("[fd00::7]:7900"));
        EXPECT_FALSE(guard.allows("evil.example"));
    }
}

TEST(IsLoopbackHost, KnowsNamesAndLiterals) {
    for (const auto* host : {"localhost", "127.0.0.1", "127.8.9.1", "::1"}) EXPECT_TRUE(is_loopback_host(host)) << host;
    for (const auto* host : {"0.0.0.0", "::", "10.0.0.1", "example.org", ""})
        EXPECT_FALSE(is_loopback_host(host)) << host;
}

TEST(EqualInConstantTime, ComparesAllBytes) {
    EXPECT_TRUE(equal_in_constant_time("secret", "secret"));
    EXPECT_TRUE(equal_in_constant_time("", ""));
    EXPECT_FALSE(equal_in_constant_time("secret", "secres"));
    EXPECT_FALSE(equal_in_constant_time("secret", "secret2"));
}

}  // namespace
}  // namespace outrider::net
