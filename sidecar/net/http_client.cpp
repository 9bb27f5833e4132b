#include "sidecar/net/http_client.hpp"

#include <atomic>
#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "sidecar/net/http_connection.hpp"

namespace outrider::net {

struct http_client::state {
    explicit state(http_client_options options) : connection(context, std::move(options)) {}
    http_result wait(awaitable<http_result> work);

    asio::io_context context{1};
    http_connection connection;
    std::atomic<bool> cancelled{false};
};

http_result http_client::state::wait(awaitable<http_result> work) {
    if (cancelled) return http_error{http_failure::cancelled, "cancelled"};
    std::optional<http_result> answer;
    asio::co_spawn(context, std::move(work), [&](std::exception_ptr error, http_result result) {
        if (error) std::rethrow_exception(error);
        answer = std::move(result);
    });
    context.restart();
    while (!answer) {
        context.run_one();
        // After each handler, because the one that cancel() posts may run before the request has begun.
        if (cancelled && !answer) connection.cancel();
    }
    return std::move(*answer);
}

http_client::http_client(http_client_options options) : state_(std::make_unique<state>(std::move(options))) {}
http_client::~http_client() = default;
http_client::http_client(http_client&&) noexcept = default;
http_client& http_client::operator=(http_client&&) noexcept = default;

http_result http_client::request(const http_request& request, std::chrono::milliseconds timeout) {
    return state_->wait(state_->connection.send(request, std::chrono::steady_clock::now() + timeout));
}

http_result http_client::stream(const http_request& request, const http_sink& to, const stream_timeouts& timeouts) {
    return state_->wait(state_->connection.stream(request, to, timeouts));
}

void http_client::cancel() {
    state_->cancelled = true;
    asio::post(state_->context, [] {});
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
