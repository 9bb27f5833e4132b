#include "sidecar/collector/collector_routes.hpp"

#include "sidecar/collector/collector_metrics.hpp"

namespace outrider::collector {

using net::server_request;
using net::server_response;

namespace {

constexpr std::string_view index_text =
    "outrider collect " OUTRIDER_VERSION
    "\n\n"
    "/                                            the dashboard, to a browser\n"
    "POST /v1/traces                              OTLP/HTTP, protobuf or JSON\n"
    "POST /v1/sidecars                            what sidecars tell of themselves\n"
    "/api/traces/{id}                             the chain that a trace is part of, Jaeger's JSON; ?raw=true\n"
    "/api/traces?service=...                      the last ones of a service\n"
    "/api/services                                services seen\n"
    "/api/services/{service}/operations           their operations\n"
    "/api/chains?key=order=4711&stuck=true        chains in short\n"
    "/api/chains/{id}                             one chain, OTLP/JSON; ?as=rows, ?as=flow\n"
    "/api/topology?since=15m                      who talks to whom\n"
    "/api/history?since=15m                       how much and how fast, by service, for charts\n"
    "/api/sidecars                                health, policies and rates of every sidecar that sends here\n"
    "/api/flows                                   expected flows, and what is not as expected\n"
    "/api/flows/{name}/runs/{run}                 one run of a flow\n"
    "/livez /readyz /metrics                      of this collector\n";

server_response text(std::string_view body) { return {200, "text/plain; charset=utf-8", std::string{body}, {}}; }

}  // namespace

collector_routes::collector_routes(trace_store& store, chain_pipeline& pipeline, const route_options& options,
                                   query_api::clock now, const span_log* log, const chain_forwarder* forward,
                                   const flow_watch* flows)
    : store_(store),
      pipeline_(pipeline),
      log_(log),
      forward_(forward),
      ingest_(pipeline, options.request_bytes, options.decoded_bytes),
      queries_(store, options.answer_bytes, now),
      chains_(store, pipeline.digests(), options.answer_bytes, now,
              {[&pipeline](std::chrono::nanoseconds since) { return pipeline.topology(since); },
               [&pipeline](std::chrono::nanoseconds since) { return pipeline.history(since); }}),
      sidecars_([&pipeline] { return pipeline.steady_ns(); }, now),
      expected_(flows),
      flows_(flows, now),
      hosts_(options.listen_host, options.hosts),
      guarded_(net::is_loopback_host(options.listen_host)) {}

server_response collector_routes::handle(const server_request& request) {
    if (request.path == "/v1/traces") return ingest_.handle(request);
    if (request.path == "/v1/sidecars") return sidecars_.push(request);
    if (request.path == "/v1/metrics" || request.path == "/v1/logs")
        return net::problem(404, "this collector takes traces only, at /v1/traces");
    if (request.method != "GET" && request.method != "HEAD") return net::method_not_allowed("GET, HEAD");
    return read(request);
}

/// The chains are of the same version while no span, no decision and no fate has come.
server_response collector_routes::chains(const server_request& request) {
    return answers_.answer(request, pipeline_.version(), [&] { return chains_.handle(request); });
}

server_response collector_routes::read(const server_request& request) {
    const bool page = dashboard_.serves(request);
    if (request.path == "/" && !page) return text(index_text);
    if (request.path == "/livez") return text("alive\n");
    if (request.path == "/readyz") return text("ready\n");
    if (request.path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", metrics(), {}};
    // Someone else's page must not read traces off this machine by rebinding its name to 127.0.0.1.
    if (guarded_ && !hosts_.allows(request.host))
        return net::problem(403, "Host '" + request.host + "' is not allowed here; --host lists further names");
    if (page) return dashboard_.handle(request);
    if (request.path == "/api/sidecars")
        return answers_.answer(request, sidecars_.version(), [&] { return sidecars_.cards(); });
    if (flow_api::serves(request.path))
        return answers_.answer(request, flows_.version(), [&] { return flows_.handle(request); });
    return chain_api::serves(request.path) ? chains(request) : queries_.handle(request);
}

std::string collector_routes::metrics() const {
    std::string out;
    append_store_metrics(out, store_.counters());
    append_ingest_metrics(out, ingest_.counters());
    append_pipeline_metrics(out, pipeline_.counters());
    append_sidecar_metrics(out, sidecars_.by_state(), sidecars_.counters());
    if (log_ != nullptr) append_log_metrics(out, log_->counters());
    if (forward_ != nullptr) append_forward_metrics(out, forward_->read());
    if (expected_ != nullptr) out += expected_->metrics();
    return out;
}

}  // namespace outrider::collector
