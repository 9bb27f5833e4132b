#include "sidecar/intercept/intercept_path.hpp"

#include <algorithm>

#include <unistd.h>

#include "sidecar/config/units.hpp"
#include "sidecar/intercept/connection.hpp"
#include "sidecar/net/log.hpp"
#include "sidecar/net/socket_owner.hpp"

namespace outrider::intercept {
namespace {

/// How long it is believed who listens on a port.
constexpr std::chrono::seconds user_known_for{5};

net::awaitable<void> serve(std::unique_ptr<connection> own) { co_await own->serve(); }

}  // namespace

intercept_path::intercept_path(net::worker& on, const config::settings& from, surroundings with)
    : worker(on), settings(from), around(std::move(with)) {
    for (const auto& [port, what] : from.intercept.ports)
        if (const auto number = config::parse_count(port)) declared_.emplace(static_cast<std::uint16_t>(*number), what);
    for (const auto port : from.intercept.ports_in) ports_in_.set(port);
    for (const auto port : from.intercept.loopback) loopback_.set(port);
}

intercept_path::~intercept_path() = default;

void intercept_path::accept(net::stream client, const net::tcp_endpoint& peer, exchange::direction direction) {
    if (connections_.size() >= around.most_connections) {
        metrics[static_cast<std::size_t>(direction)].refused[static_cast<std::size_t>(refusal::too_many)].add();
        return client.reset();
    }
    worker.tasks().spawn(serve(std::make_unique<connection>(*this, std::move(client), peer, direction)));
}

void intercept_path::abort() {
    for (auto* each : connections_) each->abort();
}

const config::intercepted_protocol* intercept_path::declared(std::uint16_t port) const {
    const auto found = declared_.find(port);
    return found == declared_.end() ? nullptr : &found->second;
}

net::tcp_endpoint intercept_path::application_at(const net::tcp_endpoint& original) const {
    if (!loopback_[original.port()]) return original;
    return net::loopback_like(original);
}

bool intercept_path::shares_our_user(std::uint16_t port) {
    if (!settings.intercept.uid) return false;
    auto& known = users_[port];
    const auto now = net::steady_clock::now();
    if (known.at != net::steady_clock::time_point{} && now - known.at < user_known_for) return known.shared;
    const auto owners = net::owners_of_listeners(port);
    if (owners.empty()) return false;  // asked anew next time: who comes then may be another
    const bool shared = std::find(owners.begin(), owners.end(), ::geteuid()) != owners.end();
    if (shared && !known.shared)
        spdlog::error(
            "what listens on port {} runs as this sidecar's own user, {}: connections that it makes would not be seen, "
            "so none is led to it; run it as another user, or set 'intercept.mark' in place of 'intercept.uid'",
            port, ::geteuid());
    known = {shared, now};
    return shared;
}

}  // namespace outrider::intercept
