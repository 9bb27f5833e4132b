// Intercepted connections, in the text that Prometheus reads.

#include "sidecar/app/metrics_page.hpp"

namespace outrider::app {

using admin::metric_type;

namespace {

/// One counter of many that differ by a label; the help goes with the first.
template <typename Counters, typename Names>
void add_each(page& out, const char* metric, const char* help, const labels& where, const char* label,
              const Counters& counters, const Names& names) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        auto all = where;
        all.emplace_back(label, std::string{names[i]});
        out.add(metric, i == 0 ? help : "", metric_type::counter, std::move(all), counters[i].value());
    }
}

void add_direction(page& out, const std::string& direction, const intercept::direction_metrics& m) {
    const labels where{{"direction", direction}};
    add_each(out, "outrider_intercepted_connections_total", "Intercepted connections, by who took them over.", where,
             "protocol", m.connections, intercept::protocol_names);
    add_each(out, "outrider_intercept_refused_total", "Intercepted connections that were closed at once, by reason.",
             where, "reason", m.refused, intercept::refusal_names);
    out.add("outrider_tcp_connections_total", "Connections carried as TCP tunnels.", metric_type::counter, where,
            m.tunnels.value());
    out.add("outrider_tcp_connections_open", "TCP tunnels open now.", metric_type::gauge, where,
            m.tunnels_open.value());
    auto bytes = [&](const char* way, std::uint64_t value) {
        out.add("outrider_tcp_bytes_total", "Bytes carried by TCP tunnels, from the client and back to it.",
                metric_type::counter, {{"direction", direction}, {"way", way}}, value);
    };
    bytes("sent", m.bytes_sent.value());
    bytes("received", m.bytes_received.value());
    add_each(out, "outrider_tcp_failures_total", "TCP tunnels that failed, by reason.", where, "reason", m.failures,
             intercept::tunnel_failure_names);
}

}  // namespace

void add_intercepted(page& out, const intercept::metrics& m) {
    for (const auto which : {exchange::direction::inbound, exchange::direction::outbound})
        add_direction(out, std::string{exchange::name_of(which)}, m[static_cast<std::size_t>(which)]);
}

}  // namespace outrider::app
