#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace shop {

struct request {
    std::string method;
    std::vector<std::string> path;  // "/orders/4711/charge" is {"orders", "4711", "charge"}
    nlohmann::json body;
};

struct answer {
    unsigned status = 200;
    nlohmann::json body;
};

/// Answers a request; nothing means that the caller gets no answer.
using handler = std::function<std::optional<answer>(const request&)>;

/// Serves JSON over HTTP/1.1 on 127.0.0.1, a thread per connection, for ever.
void serve(std::uint16_t port, const handler& handle);

}  // namespace shop
