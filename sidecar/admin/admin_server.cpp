#include "sidecar/admin/admin_server.hpp"

namespace outrider::admin {

namespace {

std::string_view setting_of(admin_surface surface) { return surface == admin_surface::full ? "admin" : "probes"; }

const admin_options& checked(const admin_options& options) {
    if (options.surface == admin_surface::full && options.token.empty() && !net::is_loopback_host(options.listen.host))
        throw unguarded_admin("admin listens on " + options.listen.host +
                              ", which is not loopback: set admin_token, or use --probes for health and metrics");
    return options;
}

access_rules rules_of(const admin_options& options) {
    return {options.surface, options.token, options.listen.host, options.hosts};
}

net::http_server_options server_options(const admin_options& options) {
    net::http_server_options server;
    server.listen = options.listen;
    server.setting = setting_of(options.surface);
    server.thread_name = setting_of(options.surface);
    server.connections = 64;
    server.head_bytes = 16'384;
    server.body_bytes = 16'384;
    server.idle = std::chrono::seconds{120};  // beyond Prometheus' usual scrape interval
    return server;
}

}  // namespace

admin_server::admin_server(const admin_options& options, admin_sources sources)
    : routes_(std::move(sources), rules_of(checked(options))),
      server_(server_options(options), [this](const net::server_request& request) { return routes_.handle(request); }) {
}

}  // namespace outrider::admin
