#include "sidecar/net/name_lookup.hpp"

#include <cstring>
#include <mutex>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <netdb.h>

namespace outrider::net {
namespace {

using time_point = std::chrono::steady_clock::time_point;

found_addresses look_up(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* found = nullptr;
    if (const int rc = ::getaddrinfo(host.c_str(), nullptr, &hints, &found); rc != 0) return {{}, ::gai_strerror(rc)};
    found_addresses out;
    for (const auto* a = found; a; a = a->ai_next) {
        asio::ip::tcp::endpoint endpoint;
        if (a->ai_addrlen > endpoint.capacity()) continue;
        endpoint.resize(a->ai_addrlen);
        std::memcpy(endpoint.data(), a->ai_addr, a->ai_addrlen);
        endpoint.port(port);
        out.addresses.push_back(endpoint);
    }
    ::freeaddrinfo(found);
    return out;
}

/// What the thread brings back: through the io_context, which may be gone by then, so `wanted` is checked under the
/// lock.
struct answer {
    std::mutex mutex;
    bool wanted = true;
    bool done = false;
    found_addresses found;
};

/// Nobody waits any more once it is destroyed.
struct while_waiting {
    answer& of;
    ~while_waiting() {
        const std::lock_guard lock(of.mutex);
        of.wanted = false;
    }
};

}  // namespace

awaitable<found_addresses> name_lookup::find(const std::string& host, std::uint16_t port, time_point deadline) {
    cancelled_ = false;
    found_addresses out;
    error_code ec;
    if (const auto address = asio::ip::make_address(host, ec); !ec) {
        out.addresses.emplace_back(address, port);
        co_return out;
    }
    const auto got = std::make_shared<answer>();
    const auto wake = std::make_shared<timer>(context_, deadline);
    waiting_ = wake;
    if (!thread_) thread_.emplace("resolver");
    thread_->post([got, host, port, weak = std::weak_ptr(wake), &io = context_] {
        auto found = look_up(host, port);
        const std::lock_guard lock(got->mutex);
        if (!got->wanted) return;
        got->found = std::move(found);
        got->done = true;
        asio::post(io, [weak] {
            if (const auto w = weak.lock()) w->cancel();
        });
    });
    const while_waiting guard{*got};
    while (true) {
        {
            const std::lock_guard lock(got->mutex);
            if (got->done) co_return got->found;
        }
        if (cancelled_ || std::chrono::steady_clock::now() >= deadline) break;
        co_await wake->async_wait(use_tuple);
    }
    thread_->stop(std::chrono::milliseconds(0));  // it hangs: left behind
    thread_.reset();
    out.why = "no answer in time";
    co_return out;
}

void name_lookup::cancel() {
    cancelled_ = true;
    if (waiting_) waiting_->cancel();
}

}  // namespace outrider::net
