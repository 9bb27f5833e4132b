#include "sidecar/net/http_client.hpp"

#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>

#include "sidecar/net/http_connection.hpp"

namespace outrider::net {

struct http_client::state {
    explicit state(http_client_options options) : connection(context, std::move(options)) {}
    asio::io_context context{1};
    http_connection connection;
};

http_client::http_client(http_client_options options) : state_(std::make_unique<state>(std::move(options))) {}
http_client::~http_client() = default;
http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;

http_result http_client::request(const http_request& request, std::chrono::milliseconds timeout) {
    std::optional<http_result> answer;
    asio::co_spawn(state_->context, state_->connection.send(request, std::chrono::steady_clock::now() + timeout),
                   [&](std::exception_ptr error, http_result result) {
                       if (error) std::rethrow_exception(error);
                       answer = std::move(result);
                   });
    state_->context.restart();
    while (!answer) state_->context.run_one();
    return std::move(*answer);
}

std::string_view http_response::header(std::string_view name) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    for (const auto& [field, value] : headers) {
        if (field.size() != name.size()) continue;
        std::size_t i = 0;
        while (i < name.size() && lower(field[i]) == lower(name[i])) ++i;
        if (i == name.size()) return value;
    }
    return {};
}

}  // namespace outrider::net
