#include "sidecar/kafka/session.hpp"

#include "sidecar/kafka/broker_connector.hpp"
#include "sidecar/kafka/governed_request.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::kafka {
namespace {

/// A frame that was begun must move on; Kafka's own clients give a request up after 30 s.
constexpr std::chrono::seconds frame_patience{60};
/// What is kept of requests under way has a bound; librdkafka's clients have hundreds, others five.
constexpr std::size_t most_owed = 1'000;

net::awaitable<void> answers_until_end(session& of, net::event& ended) {
    co_await pump_answers(of);
    // What the broker ends is ended for the client as well.
    of.abort();
    ended.set();
}

/// The node that the client means: by the address it came to, or by the port.
std::optional<node_key> node_meant(const cluster& of, net::stream& client) {
    auto local = net::local_end(client.lower().native_handle());
    if (local.port() == of.listener_port() && !of.by_loopback()) return std::nullopt;
    if (!of.by_loopback()) return of.plan.node_of_port(local.port());
    if (!local.address().is_v4()) return std::nullopt;
    return of.plan.node_of(local.address().to_v4().to_uint());
}

}  // namespace

session::session(cluster_path& owner, net::stream accepted, const net::tcp_endpoint& from,
                 std::optional<broker_address> to)
    : path(owner),
      client(std::move(accepted)),
      broker(owner.worker.get_executor()),
      peer(net::text_of(from)),
      to_(std::move(to)) {
    path.metrics.connections_open.add();
    talk.peer_address = from.address().to_string();
    index = path.sessions_.size();
    path.sessions_.push_back(this);
}

session::~session() {
    path.metrics.connections_open.subtract();
    path.sessions_.back()->index = index;
    std::swap(path.sessions_[index], path.sessions_.back());
    path.sessions_.pop_back();
}

const address_plan& session::plan() const {
    static const auto own = address_plan::own();
    return to_ ? own : path.cluster.plan;
}

net::awaitable<bool> session::connect() {
    broker_connector connector{path, broker, over};
    auto node = to_ ? std::nullopt : node_meant(path.cluster, client);
    broker_connector::outcome made;
    if (to_) {
        made = co_await connector.to_address(to_->who, to_->where);
    } else if (node) {
        made = co_await connector.to_node(*node);
    } else {
        made = co_await connector.to_bootstrap();
    }
    if (!made.error.empty()) {
        path.metrics.connections_failed.add();
        note_unreachable(path, talk);
        spdlog::warn("Kafka cluster '{}': {} is turned away: {}", path.cluster.name, peer, made.error);
        co_return false;
    }
    provisional = made.provisional;
    talk.server_address = std::move(made.where.host);
    talk.server_port = static_cast<std::uint16_t>(made.where.port);
    co_return true;
}

net::awaitable<void> session::serve() {
    bool connected = co_await connect();
    if (!connected || over) co_return client.close();
    net::event ended{path.worker.get_executor()};
    answering_ = true;
    path.worker.tasks().spawn(answers_until_end(*this, ended));
    co_await pump_requests(*this);
    broker.shutdown_send();
    // The answers that are owed still come, but not for ever: the client may be gone altogether.
    requests_ended_ = true;
    frame_moves();
    if (at_rest()) abort();
    co_await ended.wait();
    for (auto& each : talk.expected)
        if (each.exchange) each.exchange->unanswered(broker_lost);
    client.close();
    broker.close();
}

void session::drain() {
    if (at_rest()) abort();
}

net::awaitable<void> session::last_answers() {
    drain();
    co_await pause(net::steady_clock::time_point::max());
}

bool session::is_full() const { return talk.expected.size() >= most_owed; }

net::awaitable<void> session::wait_for_room() {
    net::steady_timer timer{path.worker.get_executor(), net::steady_clock::time_point::max()};
    waiting_ = &timer;
    // The client is not read meanwhile, so only the look tells when it, or the broker, is gone without a word.
    while (!over && is_full()) {
        frame_moves();
        co_await timer.async_wait(net::use_tuple);
    }
    frame_ends();
    waiting_ = nullptr;
}

net::awaitable<void> session::pause(net::steady_clock::time_point until) {
    net::steady_timer timer{path.worker.get_executor(), until};
    pausing_ = &timer;
    while (!over && net::steady_clock::now() < until) co_await timer.async_wait(net::use_tuple);
    pausing_ = nullptr;
    frame_moves();
}

net::awaitable<void> session::pause_while_sick(net::steady_clock::time_point until) {
    net::steady_timer timer{path.worker.get_executor(), until};
    pausing_ = &timer;
    while (!over && path.cluster.pauses() && net::steady_clock::now() < until)
        co_await timer.async_wait(net::use_tuple);
    pausing_ = nullptr;
    frame_moves();
}

void session::abort() {
    over = true;
    answer_passed();
    look_again();
    client.cancel();
    broker.cancel();
}

void session::look(net::steady_clock::time_point now) {
    if (path.draining() && at_rest()) return abort();
    if (path.policies.of(governance::traffic::produce).breakers)
        for (auto& each : talk.expected)
            if (each.exchange) each.exchange->look(now);
    if (frame_since_ == net::steady_clock::time_point::max() || now - frame_since_ < frame_patience) return;
    refuse(requests_ended_ ? "its last answers did not come within 60 s" : "a frame did not move on for 60 s");
}

void session::refuse(std::string_view why) {
    spdlog::warn("Kafka cluster '{}': the connection of {} ends: {}", path.cluster.name, peer, why);
    abort();
}

}  // namespace outrider::kafka
