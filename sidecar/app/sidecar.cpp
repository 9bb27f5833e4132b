#include "sidecar/app/sidecar.hpp"

#include <algorithm>
#include <cstdio>

#include "sidecar/app/own_addresses.hpp"
#include "sidecar/config/print.hpp"
#include "sidecar/config/redis_url.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::app {
namespace {

constexpr std::chrono::milliseconds tick_every{100};
/// A registry that is slow, or gone, does not keep a sidecar from starting.
constexpr std::chrono::milliseconds first_lists_within{1'000};

/// Null where no Redis is named.
std::unique_ptr<fleet::fleet_client> make_fleet_client(const config::fleet& wanted) {
    if (wanted.redis.empty()) return nullptr;
    config::redis_target target;
    if (auto wrong = config::parse_redis_url(wanted.redis, target); !wrong.empty())
        throw std::runtime_error("fleet.redis: " + wrong);
    fleet::fleet_client::settings how;
    how.redis = {target.address.host, target.address.port, target.user, target.password, target.database};
    how.replicas = wanted.replicas;
    how.connect = how.command = wanted.timeout;
    return std::make_unique<fleet::fleet_client>(how);
}

}  // namespace

sidecar::lane::lane(unsigned index, const std::shared_ptr<const http::shared_setup>& shared, bool access_log)
    : worker(index), log(access_log ? std::make_unique<tracing::span_buffer>() : nullptr), tick(worker.get_executor()) {
    path = std::make_unique<http::data_path>(worker, shared, &spans, log.get());
}

sidecar::sidecar(reading start, config::load_input input) : configuration_(*start.configuration) {
    const auto& settings = configuration_.value;
    shared_ = std::make_shared<http::shared_setup>(settings);
    make_lanes();
    fleet_ = make_fleet_client(settings.fleet);
    policies_ = std::make_unique<policy_store>(
        std::move(input), configuration_, std::move(start), [this](const auto& policies) { publish(policies); },
        fleet_.get());
    open_listeners();
    open_clusters();
    open_interception();
    make_monitor();
    std::vector<tracing::span_buffer*> spans, logs;
    for (auto& each : lanes_) {
        spans.push_back(&each->spans);
        if (each->log) logs.push_back(each->log.get());
    }
    exporter_ = std::make_unique<exporting::span_exporter>(settings, std::move(spans));
    if (!logs.empty()) log_writer_ = std::make_unique<log_writer>(settings.access_log.path, std::move(logs));
    shutdown_ = std::make_unique<shutdown>(settings.drain, settings.stop, actions_of_stop());
    open_directory();
    sender_ = card_sender::make(settings.tracing, [this](bool stopped) { return card(stopped); });
    open_admin();
}

sidecar::~sidecar() {
    sender_.reset();     // it asks everybody
    monitor_.reset();    // it tells the directory
    directory_.reset();  // it sends messages to workers
    for (auto& admin : admins_) admin->stop(std::chrono::milliseconds{0});
    for (auto& each : lanes_) each->worker.stop();
}

void sidecar::make_lanes() {
    auto count = configuration_.value.workers > 0 ? configuration_.value.workers : net::default_workers();
    shared_->connections_per_worker = std::max(1U, configuration_.value.limits.connections / count);
    for (unsigned i = 0; i < count; ++i)
        lanes_.push_back(
            std::make_unique<lane>(i, shared_, configuration_.value.access_log.format != config::log_format::none));
}

/// A message to each worker; before they run, it waits for them.
void sidecar::publish(const std::shared_ptr<const governance::policy_set>& policies) {
    for (auto& each : lanes_) {
        auto* path = each->path.get();
        each->worker.post([path, policies] { path->governor.use(policies); });
    }
}

void sidecar::open_listeners() {
    const auto& settings = configuration_.value;
    for (const auto& inbound : settings.inbound) {
        http::listener_role role;
        role.kind = http::listener_kind::inbound;
        role.name = "inbound";
        role.trust = inbound.trust;
        role.trust_forwarded = inbound.trust_forwarded;
        open_listener(inbound.listen, role, "inbound", &inbound.app);
    }
    if (settings.outbound.listen) {
        http::listener_role role;
        role.kind = http::listener_kind::outbound;
        role.name = "outbound";
        open_listener(*settings.outbound.listen, role, "outbound");
    }
    for (const auto& [name, upstream] : settings.upstreams) {
        if (!upstream.listen) continue;
        http::listener_role role;
        role.kind = http::listener_kind::upstream;
        role.name = "upstream:" + name;
        open_listener(*upstream.listen, role, "upstreams." + name + ".listen");
    }
}

/// One socket per worker for the same address; the first finds the port when 0 was asked for.
void sidecar::open_listener(const config::endpoint& where, const http::listener_role& role, const std::string& setting,
                            const config::endpoint* application) {
    auto address = net::resolve_now(where).front();
    bool shared = lanes_.size() > 1;
    // Without SO_REUSEPORT a port that another process holds is refused, so it is tried that way first.
    if (shared && address.port() != 0) net::listening_socket::expect_free(address, setting);
    for (auto& each : lanes_) {
        auto socket = net::listening_socket::open(address, setting, shared);
        address = socket.bound();
        auto& own = *each->roles.emplace_back(std::make_unique<http::listener_role>(role));
        own.bound = address;
        if (role.kind == http::listener_kind::upstream) own.fixed = each->path->router.named(role.name.substr(9));
        if (application) own.fixed = each->path->add_application(*application);
        if (application) own.application = &shared_->applications->named(application->text());
        auto* path = each->path.get();
        const bool inbound = role.direction() == exchange::direction::inbound;
        (inbound ? each->inbound_acceptors : each->acceptors)
            .push_back(std::make_unique<net::acceptor>(each->worker.get_executor(), std::move(socket),
                                                       [path, &own](net::stream client, const net::tcp_endpoint& peer) {
                                                           path->accept(std::move(client), peer, own);
                                                       }));
    }
    guard_own(shared_->egress, address);
    listening_.push_back(role.name + " " + net::text_of(address));
}

void sidecar::open_admin() {
    const auto& settings = configuration_.value;
    admin::admin_sources sources;
    sources.readiness = [this] { return ready(); };
    sources.started = [this] { return started_.load(); };
    sources.metrics = [this] { return metrics_page(); };
    sources.state = [this] { return state_page(); };
    sources.health = [this] { return health_page(); };
    sources.config = [this] { return config::print_json(configuration_); };
    sources.policies = [this] { return policies_->page(); };
    sources.force_breaker = [this](const admin::breaker_order& order) { return policies_->force(order); };
    sources.reload = [this] { return policies_->reload("POST /api/reload"); };
    sources.set_log_level = [](std::string_view name) {
        auto level = spdlog::level::from_str(std::string{name});
        if (level == spdlog::level::off && name != "off") return false;
        spdlog::set_level(level);
        return true;
    };
    auto open = [&](const config::endpoint& where, admin::admin_surface surface, const char* name) {
        admin::admin_options options;
        options.listen = where;
        options.surface = surface;
        options.token = settings.admin_token;
        options.hosts = settings.admin_hosts;
        admins_.push_back(std::make_unique<admin::admin_server>(options, sources));
        listening_.push_back(std::string{name} + " " + admins_.back()->address());
        auto bound = net::resolve_now({where.host, admins_.back()->port()}).front();
        guard_own(shared_->egress, bound);
    };
    if (settings.admin) open(*settings.admin, admin::admin_surface::full, "admin");
    if (settings.probes) open(*settings.probes, admin::admin_surface::probes, "probes");
}

void sidecar::tick(lane& on) {
    on.tick.expires_after(tick_every);
    on.tick.async_wait([&on](net::error_code ec) {
        if (ec) return;
        on.path->housekeeping();
        for (auto& cluster : on.clusters) cluster->housekeeping();
        tick(on);
    });
}

void sidecar::start() {
    if (fleet_) fleet_->start();
    exporter_->start();
    if (log_writer_) log_writer_->start();
    directory_->start();
    if (!directory_->wait_for_news(first_lists_within))
        spdlog::warn("not every registry has answered within {} ms; its upstreams have no endpoints until it does",
                     first_lists_within.count());
    monitor_->start();
    for (auto& each : lanes_) {
        auto* own = each.get();
        own->worker.post([own] {
            for (auto& acceptor : own->inbound_acceptors) acceptor->start(own->worker.tasks());
            for (auto& acceptor : own->acceptors) acceptor->start(own->worker.tasks());
            tick(*own);
        });
        own->worker.start();
    }
    for (const auto& line : listening_) std::printf("listening %s\n", line.c_str());
    std::printf("ready\n");
    std::fflush(stdout);
    started_ = true;
    if (sender_) sender_->start();
}

void sidecar::each_lane(const std::function<void(lane&)>& work, std::chrono::milliseconds deadline) {
    for (auto& each : lanes_) {
        auto* own = each.get();
        own->worker.run_within(deadline, [work, own] { work(*own); });
    }
}

void sidecar::look_at_files() {
    for (auto& cluster : clusters_) {
        cluster->save_if_changed();
        auto error = cluster->tls ? cluster->tls->reload_if_changed() : std::string{};
        if (!error.empty())
            spdlog::error("the TLS files of Kafka cluster '{}' changed but cannot be used, the former stay: {}",
                          cluster->name, error);
    }
    for (const auto& [name, error] : shared_->endpoints.reload_certificates())
        spdlog::error("the TLS files of upstream '{}' changed but cannot be used, the former stay: {}", name, error);
}

}  // namespace outrider::app
