#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "sidecar/net/http_server.hpp"

namespace outrider::net {

inline server_response echo(const server_request& request) {
    return {200, "text/plain", request.method + " " + request.path + " [" + request.query + "] " + request.body, {}};
}

inline http_server_options loopback() {
    http_server_options options;
    options.listen = {"127.0.0.1", 0};
    return options;
}

inline std::string get(std::string_view target) {
    return "GET " + std::string{target} + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

/// Waits until the server's thread has counted what the test caused.
inline void eventually(const std::function<bool()>& holds) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{5};
    while (!holds() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
    ASSERT_TRUE(holds());
}

}  // namespace outrider::net
