#include "sidecar/kafka/broker_connector.hpp"

#include <algorithm>

#include "sidecar/kafka/api_versions.hpp"
#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/rewrite.hpp"
#include "sidecar/net/log.hpp"
#include "sidecar/net/tcp.hpp"
#include "sidecar/net/tls_layer.hpp"

namespace outrider::kafka {
namespace {

/// Ends what is done with a stream when the time for it has passed: also what is begun only then, because a read may
/// have come to its end at the very moment.
class time_limit {
  public:
    time_limit(net::timer_wheel& wheel, net::stream& what, std::chrono::milliseconds patience)
        : what_(what), deadline_(wheel, &expire, this) {
        deadline_.arm(net::steady_clock::now() + patience);
    }
    bool passed() const { return deadline_.expired(); }

  private:
    static void expire(void* self) {
        auto& what = static_cast<time_limit*>(self)->what_;
        what.cancel();
        net::error_code not_connected;
        what.lower().shutdown(net::socket::shutdown_both, not_connected);
    }
    net::stream& what_;
    net::deadline deadline_;
};

/// Metadata with a cluster id and without topics; 8 is the last classic version.
constexpr std::int16_t lowest_metadata = 2, highest_metadata = 8;
constexpr std::int32_t own_correlation = -1;
constexpr std::size_t most_own_answer = 4U << 20;

void begin_request(wire_writer& out, api key, std::int16_t version) {
    out.int32(0);  // the size, known at the end
    out.int16(static_cast<std::int16_t>(key));
    out.int16(version);
    out.int32(own_correlation);
    out.string("outrider", encoding::classic);
}

std::string finished(std::string request) {
    wire_writer{request}.int32_at(0, static_cast<std::int32_t>(request.size() - 4));
    return request;
}

std::string api_versions_request() {
    std::string request;
    wire_writer out{request};
    begin_request(out, api::api_versions, 0);
    return finished(std::move(request));
}

std::string metadata_request(std::int16_t version) {
    std::string request;
    wire_writer out{request};
    begin_request(out, api::metadata, version);
    out.array(0, encoding::classic);       // no topics
    if (version >= 4) out.boolean(false);  // nothing is created
    if (version >= 8) {
        out.boolean(false);  // no authorized operations
        out.boolean(false);
    }
    return finished(std::move(request));
}

/// The version of Metadata that both understand; -1 when there is none.
std::int16_t metadata_version(std::string_view answer) {
    auto versions = decode_api_versions(answer, 0);
    const auto* range = versions ? versions->find(static_cast<std::int16_t>(api::metadata)) : nullptr;
    if (!range || range->lowest > highest_metadata || range->highest < lowest_metadata) return -1;
    return std::min(range->highest, highest_metadata);
}

}  // namespace

void broker_connector::renew() {
    into_.close();
    into_ = net::stream{path_.worker.get_executor()};
}

net::awaitable<std::string> broker_connector::secure(const std::string& host) {
    auto session = path_.cluster.tls->new_connection(host);
    if (!session) co_return "no TLS session could be made";
    auto layer = std::make_unique<net::tls_layer>(std::move(session));
    if (auto ec = co_await layer->handshake(into_.lower()))
        co_return layer->reason().empty() ? ec.message() : layer->reason();
    into_.set_layer(std::move(layer));
    co_return std::string{};
}

net::awaitable<std::string> broker_connector::connect(const host_port& to) {
    auto text = to.host + ":" + std::to_string(to.port);
    auto end = net::steady_clock::now() + path_.cluster.settings.connect;
    auto found = co_await path_.resolver.resolve(to.host, static_cast<std::uint16_t>(to.port), end);
    if (found.addresses.empty())
        co_return "broker " + text + " cannot be resolved" + (found.error ? ": " + found.error.message() : "");
    auto why = co_await connect_to_one(to, found.addresses);
    co_return why;
}

net::awaitable<std::string> broker_connector::connect_to_one(const host_port& to,
                                                             const std::vector<net::tcp_endpoint>& addresses) {
    auto text = to.host + ":" + std::to_string(to.port);
    std::string why = "the session is over";
    for (const auto& address : addresses) {
        if (over_) break;
        renew();
        time_limit limit{path_.worker.wheel(), into_, path_.cluster.settings.connect};
        auto ec = co_await net::connect(into_.lower(), address);
        if (!ec && path_.on_broker_connected) path_.on_broker_connected(into_);
        if (!ec && !path_.cluster.tls) co_return std::string{};
        if (!ec) {
            why = co_await secure(to.host);
            if (why.empty()) co_return why;
            why = "TLS with broker " + text + " failed: " + (limit.passed() ? "it took too long" : why);
            continue;
        }
        why = "broker " + text + " cannot be connected to: " + (limit.passed() ? "it took too long" : ec.message());
    }
    co_return why;
}

net::awaitable<broker_connector::outcome> broker_connector::to_bootstrap() {
    const auto& brokers = path_.cluster.settings.brokers;
    outcome made;
    made.error = "the session is over";
    for (std::size_t i = 0; i < brokers.size() && !over_; ++i) {
        const auto& broker = brokers[(path_.next_bootstrap + i) % brokers.size()];
        made.where = {broker.host, broker.port};
        made.error = co_await connect(made.where);
        if (made.error.empty()) co_return made;
        spdlog::debug("Kafka cluster '{}': {}", path_.cluster.name, made.error);
    }
    // The one that failed is not tried first by everybody.
    ++path_.next_bootstrap;
    co_return made;
}

net::awaitable<broker_connector::outcome> broker_connector::to_known(node_key node, const host_port& but_not) {
    outcome made;
    auto known = path_.cluster.map.view();
    const auto* where = known->find(node);
    if (!where) {
        made.error = "node " + std::to_string(node.id) + " is not part of the cluster";
    } else if (*where != but_not) {
        made.where = *where;
        made.error = co_await connect(made.where);
    }
    co_return made;
}

net::awaitable<broker_connector::outcome> broker_connector::to_node(node_key node) {
    outcome before;
    const host_port nowhere;
    if (path_.cluster.map.view()->find(node)) {
        before = co_await to_known(node, nowhere);
        if (before.error.empty()) co_return before;
    }
    auto made = co_await to_bootstrap();
    if (!made.error.empty()) co_return made;
    if (co_await ask_for_nodes()) {
        made = co_await to_known(node, before.where);
        // It is where it was, and could not be reached there.
        if (made.where.host.empty() && made.error.empty()) made = std::move(before);
        co_return made;
    }
    // It may want to know who asks. Then the client's own Metadata will tell.
    made = co_await to_bootstrap();
    made.provisional = true;
    co_return made;
}

net::awaitable<broker_connector::outcome> broker_connector::to_address(const host_port& who, net::tcp_endpoint where) {
    outcome made;
    made.where = who;
    const std::vector<net::tcp_endpoint> only{where};
    made.error = co_await connect_to_one(made.where, only);
    co_return made;
}

net::awaitable<bool> broker_connector::ask(const std::string& request, std::string& answer) {
    if (co_await into_.write(boost::asio::buffer(request))) co_return false;
    answer.clear();
    std::size_t size = 4;
    std::array<char, 4096> piece;
    while (answer.size() < size) {
        auto [ec, n] = co_await into_.read_some(boost::asio::buffer(piece));
        if (ec) co_return false;
        answer.append(piece.data(), n);
        if (answer.size() >= 4) size = 4 + static_cast<std::uint32_t>(wire_reader{answer}.int32());
        if (size > most_own_answer) co_return false;
    }
    answer.erase(0, 4);
    co_return true;
}

net::awaitable<bool> broker_connector::ask_for_nodes() {
    time_limit limit{path_.worker.wheel(), into_, path_.cluster.settings.connect};
    std::string answer;
    auto request = api_versions_request();
    if (!co_await ask(request, answer)) co_return false;
    auto version = metadata_version(answer);
    if (version < 0) co_return false;
    request = metadata_request(version);
    if (!co_await ask(request, answer)) co_return false;
    learned facts;
    std::string rewritten;
    if (rewrite_answer(api::metadata, version, answer, path_.cluster.plan, facts, rewritten) ==
        rewrite_outcome::malformed)
        co_return false;
    path_.cluster.learn(facts);
    co_return !facts.nodes.empty();
}

}  // namespace outrider::kafka
