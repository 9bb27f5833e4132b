#include "sidecar/collector/collector_routes.hpp"

namespace outrider::collector {

using net::server_request;
using net::server_response;

namespace {

constexpr std::string_view index_text = "outrider collect " OUTRIDER_VERSION
                                        "\n\n"
                                        "POST /v1/traces                              OTLP/HTTP, protobuf or JSON\n"
                                        "/api/traces/{id}                             one trace, Jaeger's JSON\n"
                                        "/api/traces?service=...                      the last traces of a service\n"
                                        "/api/services                                services seen\n"
                                        "/api/services/{service}/operations           their operations\n"
                                        "/livez /readyz /metrics                      of this collector\n";

server_response text(std::string_view body) { return {200, "text/plain; charset=utf-8", std::string{body}, {}}; }

/// Appends one family in Prometheus' text format; `labelled` are complete label sets or empty.
void append_family(std::string& out, std::string_view name, std::string_view type, std::string_view help,
                   std::initializer_list<std::pair<std::string_view, std::uint64_t>> labelled) {
    out.append("# HELP ")
        .append(name)
        .append(" ")
        .append(help)
        .append("\n# TYPE ")
        .append(name)
        .append(" ")
        .append(type);
    for (const auto& [labels, value] : labelled)
        out.append("\n").append(name).append(labels).append(" ").append(std::to_string(value));
    out += '\n';
}

}  // namespace

collector_routes::collector_routes(trace_store& store, const route_options& options, query_api::clock now)
    : store_(store),
      ingest_(store, options.request_bytes, options.decoded_bytes),
      queries_(store, options.answer_bytes, std::move(now)),
      hosts_(options.listen_host, options.hosts),
      guarded_(net::is_loopback_host(options.listen_host)) {}

server_response collector_routes::handle(const server_request& request) {
    if (request.path == "/v1/traces") return ingest_.handle(request);
    if (request.path == "/v1/metrics" || request.path == "/v1/logs")
        return net::problem(404, "this collector takes traces only, at /v1/traces");
    if (request.method != "GET" && request.method != "HEAD") return net::method_not_allowed("GET, HEAD");
    return read(request);
}

server_response collector_routes::read(const server_request& request) const {
    if (request.path == "/") return text(index_text);
    if (request.path == "/livez") return text("alive\n");
    if (request.path == "/readyz") return text("ready\n");
    if (request.path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", metrics(), {}};
    // Someone else's page must not read traces off this machine by rebinding its name to 127.0.0.1.
    if (guarded_ && !hosts_.allows(request.host))
        return net::problem(403, "Host '" + request.host + "' is not allowed here; --host lists further names");
    return queries_.handle(request);
}

std::string collector_routes::metrics() const {
    const auto spans = store_.counters();
    const auto& requests = ingest_.counters();
    std::string out;
    append_family(out, "outrider_collector_spans_total", "counter",
                  "Spans by what became of them; stored ones are outrider_collector_spans.",
                  {{"{state=\"received\"}", spans.received},
                   {"{state=\"replaced\"}", spans.replaced},
                   {"{state=\"evicted\"}", spans.evicted},
                   {"{state=\"dropped\"}", spans.dropped},
                   {"{state=\"rejected\"}", requests.rejected_spans.load()}});
    append_family(out, "outrider_collector_spans", "gauge", "Spans held now.", {{"", spans.stored}});
    append_family(out, "outrider_collector_traces", "gauge", "Traces held now.", {{"", spans.traces}});
    append_family(out, "outrider_collector_traces_evicted_total", "counter", "Traces that made room for newer ones.",
                  {{"", spans.evicted_traces}});
    append_family(out, "outrider_collector_bytes", "gauge", "Memory of the traces held now.", {{"", spans.bytes}});
    append_family(
        out, "outrider_collector_requests_total", "counter", "OTLP requests by outcome.",
        {{"{outcome=\"accepted\"}", requests.accepted.load()}, {"{outcome=\"refused\"}", requests.refused.load()}});
    return out;
}

}  // namespace outrider::collector
