#include "sidecar/http/data_path.hpp"

#include <algorithm>
#include <ctime>

#include "sidecar/http/server_connection.hpp"
#include "sidecar/http/server_exchange.hpp"
#include "sidecar/net/short_hash.hpp"

namespace outrider::http {
namespace {

/// Spare exchanges that are never given up.
constexpr std::size_t kept_spare = 8;

/// A short name of this process for Via, the same for both directions: not the host's own name, which is nobody's
/// business.
std::string instance_token(const config::settings& settings) {
    return "outrider-" + net::short_hash(settings.service + "/" + settings.instance);
}

net::awaitable<void> serve(std::unique_ptr<server_connection> connection) { co_await connection->serve(); }

}  // namespace

shared_setup::shared_setup(const config::settings& from)
    : settings(from),
      heads{from.limits.head_bytes, from.limits.target_bytes, from.limits.fields},
      tracing(settings),
      endpoints(settings) {
    auto token = instance_token(settings);
    via_in_token = token + "-in";
    via_out_token = token + "-out";
    via_in = "1.1 " + via_in_token;
    via_out = "1.1 " + via_out_token;
    targets.push_back("app");
    for (const auto& [name, target] : settings.upstreams) targets.push_back(name);
    dynamic_target = static_cast<exchange::target_index>(targets.size());
    targets.push_back("dynamic");
    local_target = static_cast<exchange::target_index>(targets.size());
    targets.push_back("none");
    for (const auto& inbound : settings.inbound) (void)applications->named(inbound.app.text());
}

std::shared_ptr<net::tls_context> shared_setup::dynamic_tls() const {
    std::call_once(dynamic_tls_once_,
                   [this] { dynamic_tls_ = std::make_shared<net::tls_context>(config::tls_client{}); });
    return dynamic_tls_;
}

data_path::data_path(net::worker& on, std::shared_ptr<const shared_setup> setup, tracing::span_buffer* spans,
                     tracing::span_buffer* log_sink)
    : worker(on),
      shared(*setup),
      settings(setup->settings),
      metrics(setup->targets.size()),
      tracer(setup->tracing, spans),
      log(setup->settings, log_sink),
      open_inbound(setup->tracing.inbound->next()),
      resolver(on.get_executor()),
      router(*setup),
      owned_(std::move(setup)) {}

data_path::~data_path() = default;

std::shared_ptr<upstream> data_path::add_application(const config::endpoint& where) {
    config::upstream made;
    made.endpoints.push_back({where, false});
    return applications_.emplace_back(
        std::make_shared<upstream>(shared.targets.front(), exchange::target_index{0}, made, nullptr));
}

void data_path::accept(net::stream client, const net::tcp_endpoint& peer, const listener_role& role,
                       std::shared_ptr<upstream> to) {
    if (connections_.size() >= shared.connections_per_worker) {
        metrics.connections_refused.add();
        return client.reset();
    }
    worker.tasks().spawn(
        serve(std::make_unique<server_connection>(*this, role, std::move(client), peer, std::move(to))));
}

void data_path::drain_inbound() {
    inbound_draining_ = true;
    for (auto* connection : connections_)
        if (draining(connection->role)) connection->drain();
}

void data_path::drain() {
    draining_ = true;
    for (auto* connection : connections_) connection->drain();
}

void data_path::abort() {
    draining_ = true;
    for (auto* connection : connections_) connection->abort();
}

void data_path::housekeeping() {
    tracer.flush();
    log.flush();
    if (++ticks_ % 10 != 0) return;
    trim_spare();
    auto now = net::steady_clock::now();
    router.close_idle(now);
    for (auto& application : applications_) application->close_idle(now, settings.timeouts.upstream_idle);
    if (warm > 0)
        for (auto* connection : connections_) connection->cool_down(now);
}

std::string_view data_path::date() {
    auto now = std::time(nullptr);
    if (now == date_second_) return date_;
    date_second_ = now;
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[40];
    date_.assign(text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts));
    return date_;
}

std::unique_ptr<server_exchange> data_path::take_exchange() {
    if (spare_.empty()) return std::make_unique<server_exchange>(*this);
    auto taken = std::move(spare_.back());
    spare_.pop_back();
    fewest_spare_ = std::min(fewest_spare_, spare_.size());
    return taken;
}

void data_path::give_back(std::unique_ptr<server_exchange> spare) {
    spare->rest();
    spare_.push_back(std::move(spare));
}

/// Gives up the exchanges that nobody has needed since the last time.
void data_path::trim_spare() {
    // The front of the pile, which has lain there longest.
    if (fewest_spare_ > kept_spare)
        spare_.erase(spare_.begin(), spare_.begin() + static_cast<std::ptrdiff_t>(fewest_spare_ - kept_spare));
    fewest_spare_ = spare_.size();
}

}  // namespace outrider::http
