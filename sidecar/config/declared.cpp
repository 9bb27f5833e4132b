#include "sidecar/config/declared_capture.hpp"
#include "sidecar/config/declared_discovery.hpp"
#include "sidecar/config/declared_health.hpp"
#include "sidecar/config/declared_intercept.hpp"
#include "sidecar/config/declared_stop.hpp"
#include "sidecar/config/policy_declared.hpp"
#include "sidecar/config/schema.hpp"

// The table of settings, in the order users read them.

namespace outrider::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<setting> inbound_keys() {
    return {
        value("listen", &inbound::listen, listen_address(), "where callers connect").as_required(),
        value("app", &inbound::app, target_address(), "where the application listens").as_required(),
        value("trust", &inbound::trust,
              choice<trust>({{"continue", trust::continue_}, {"link", trust::link}, {"restart", trust::restart}}),
              "what becomes of a caller's trace: continue it, start a new one that links to it, or start anew"),
        value("trust_forwarded", &inbound::trust_forwarded, yes_or_no(),
              "keep and extend the caller's `X-Forwarded-*` and `Forwarded` (true) or replace them (false)"),
    };
}

std::vector<setting> outbound_keys() {
    return {
        value("listen", &outbound::listen, optional_listen_address(),
              "where the application sends its calls: by Host, as HTTP proxy, or with CONNECT"),
        value("unknown_host", &outbound::unknown_host,
              choice<unknown_host>({{"resolve", unknown_host::resolve}, {"refuse", unknown_host::refuse}}),
              "a Host that is no named upstream: look it up in DNS, or refuse; must be refuse when `listen` is not "
              "loopback"),
    };
}

std::vector<setting> upstream_keys() {
    return {
        list("endpoints", &upstream::endpoints, upstream_address(),
             "its members as `host:port`, `http://host[:port]` or `https://host[:port]`; either these or `discover`"),
        value("listen", &upstream::listen, optional_listen_address(),
              "a listener for this upstream alone, for clients that are given a base URL"),
        section("tls", &upstream::tls, tls_keys(), "TLS towards its `https://` endpoints"),
        discover_setting(),
        optional_section("health", &upstream::health, upstream_health_keys(),
                         "probe each of its endpoints, and leave out those that are down"),
    };
}

type_of<record_trace> record_trace_words() {
    return choice<record_trace>({{"none", record_trace::none},
                                 {"derive", record_trace::derive},
                                 {"inject-uncompressed", record_trace::inject_uncompressed},
                                 {"inject-all", record_trace::inject_all}});
}

std::vector<setting> kafka_keys() {
    return {
        value("listen", &kafka_cluster::listen, listen_address(), "where the application's `bootstrap.servers` points")
            .as_required(),
        list("brokers", &kafka_cluster::brokers, target_address(), "bootstrap brokers of the cluster as `host:port`")
            .as_required(),
        value("protocol", &kafka_cluster::protocol,
              choice<broker_protocol>({{"automatic", broker_protocol::automatic},
                                       {"plaintext", broker_protocol::plaintext},
                                       {"tls", broker_protocol::tls}}),
              "what the brokers speak; automatic: TLS when `tls` has a key"),
        section("tls", &kafka_cluster::tls, tls_keys(), "TLS towards the brokers"),
        sections(
            "trace", &kafka_cluster::trace,
            {value("topics", &topic_trace::topics, text(), "names of topics, `*` for any characters").as_required(),
             value("mode", &topic_trace::mode, record_trace_words(),
                   "how their records are traced: not, by batch identity, or by record headers")},
            "how records are traced, by topic; the first that fits counts, and `inject-uncompressed` where none does"),
        value("advertise", &kafka_cluster::advertise, word(),
              "host that brokers are advertised as, at `base_port` plus the node's id, for clients in another network "
              "namespace; by default each broker has a loopback address of its own"),
        value("base_port", &kafka_cluster::base_port, count(0, 65'535), "port of node 0, with `advertise`"),
        value("frame_bytes", &kafka_cluster::frame_bytes, size(1U << 16, 1U << 30), "the largest request or answer"),
        value("inject_bytes", &kafka_cluster::inject_bytes, size(1U << 10, 16U << 20),
              "the largest batch that headers may be added to; the brokers' `max.message.bytes`"),
        value("connect", &kafka_cluster::connect, duration(milliseconds{10}, minutes{10}),
              "TCP and TLS handshake with a broker"),
        optional_section("health", &kafka_cluster::health, broker_health_keys(),
                         "ask its brokers now and then whether they are there"),
        value("pause_when_sick", &kafka_cluster::pause_when_sick, yes_or_no(),
              "while the application is known to be sick its consumers get no records, and stay in their groups"),
    };
}

std::vector<setting> timeout_keys() {
    return {
        value("connect", &timeouts::connect, duration(seconds{0}, minutes{10}),
              "TCP and TLS handshake with an upstream"),
        value("head", &timeouts::head, duration(seconds{0}, hours{1}),
              "from the first byte of a request to the end of its head"),
        value("body", &timeouts::body, duration(seconds{0}, hours{24}),
              "the longest silence within a body, either direction"),
        value("first_byte", &timeouts::first_byte, duration(seconds{0}, hours{24}),
              "from the end of a request to the head of its answer"),
        value("idle", &timeouts::idle, duration(seconds{0}, hours{24}), "a client's connection between two exchanges"),
        value("total", &timeouts::total, duration(seconds{0}, hours{24}), "a whole exchange"),
        value("tunnel", &timeouts::tunnel, duration(seconds{0}, hours{168}), "the longest silence of a tunnel"),
        value("upstream_idle", &timeouts::upstream_idle, duration(seconds{0}, hours{24}),
              "a pooled connection to an upstream; keep it below the upstream's own keep-alive"),
        value("lowest_rate", &timeouts::lowest_rate, size64(0, 1ULL << 30),
              "bytes per second below which a body is cut off, judged after 5 s"),
    };
}

std::vector<setting> limit_keys() {
    return {
        value("head_bytes", &limits::head_bytes, size(1024, 1U << 20), "the head of a request or an answer"),
        value("fields", &limits::fields, count(8, 10'000), "field lines in one head"),
        value("target_bytes", &limits::target_bytes, size(256, 1U << 20), "the target of a request"),
        value("trailer_bytes", &limits::trailer_bytes, size(0, 1U << 20), "the trailers of a message"),
        value("connections", &limits::connections, count(1, 1'000'000), "accepted connections, over all workers"),
        value("pool_per_upstream", &limits::pool_per_upstream, count(0, 100'000),
              "idle connections that a worker keeps for one upstream"),
        value("replay_bytes", &limits::replay_bytes, size64(0, 64ULL << 20),
              "the largest body kept for a second attempt"),
    };
}

setting sampler_setting() {
    return value("sampler", &tracing::sampler,
                 choice<sampler>({{"always_on", sampler::always_on},
                                  {"always_off", sampler::always_off},
                                  {"traceidratio", sampler::traceidratio},
                                  {"parentbased_always_on", sampler::parentbased_always_on},
                                  {"parentbased_always_off", sampler::parentbased_always_off},
                                  {"parentbased_traceidratio", sampler::parentbased_traceidratio},
                                  {"rate_limited", sampler::rate_limited},
                                  {"parentbased_rate_limited", sampler::parentbased_rate_limited}}),
                 "which traces are recorded; `parentbased_*` follows the caller's decision");
}

std::vector<setting> batch_keys() {
    return {
        value("delay", &tracing::batch_delay, duration(milliseconds{10}, minutes{10}),
              "the longest wait for a batch to fill"),
        value("size", &tracing::batch_size, count(1, 100'000), "spans in one export"),
        value("queue", &tracing::queue_size, count(1, 1'000'000),
              "spans that wait in memory; beyond it they go to the spool"),
        value("timeout", &tracing::export_timeout, duration(milliseconds{10}, hours{1}),
              "one export with all its attempts"),
    };
}

std::vector<setting> tracing_keys() {
    std::vector<setting> keys{
        sampler_setting(),
        value("sampler_arg", &tracing::sampler_arg, share(1'000'000),
              "the share (0 to 1) for `*traceidratio`, traces per second for `*rate_limited`"),
        list("propagators", &tracing::propagators,
             choice<propagator>({{"tracecontext", propagator::tracecontext},
                                 {"baggage", propagator::baggage},
                                 {"b3", propagator::b3},
                                 {"b3multi", propagator::b3multi},
                                 {"jaeger", propagator::jaeger}}),
             "the formats of context that are written; all are read"),
        value("exporter", &tracing::exporter,
              choice<exporter>({{"otlp", exporter::otlp}, {"file", exporter::file}, {"none", exporter::none}}),
              "where finished spans go"),
        value(
            "collector", &tracing::collector, base_url(),
            "base URL of `outrider collect`, instead of `otlp`: it gets every span, whatever the sampler decides, and "
            "makes chains of them"),
        value("otlp", &tracing::otlp, base_url(), "base URL of the collector; spans are posted to its `v1/traces`"),
        value("otlp_traces", &tracing::otlp_traces, full_url(),
              "full URL to post spans to, used as it is instead of `otlp`"),
        value("protocol", &tracing::protocol,
              choice<otlp_protocol>(
                  {{"http/protobuf", otlp_protocol::http_protobuf}, {"http/json", otlp_protocol::http_json}}),
              "encoding of the spans"),
        table("headers", &tracing::headers, "header fields of every export, such as credentials").as_secret(),
        value("compression", &tracing::gzip, choice<bool>({{"gzip", true}, {"none", false}}),
              "compression of an export's body"),
        value("request_timeout", &tracing::request_timeout, duration(milliseconds{10}, hours{1}),
              "one attempt of an export"),
        section("tls", &tracing::tls, tls_keys(), "TLS towards an `https://` collector"),
        value("file", &tracing::file, path(), "file of JSON lines that the exporter `file` appends to"),
        group("batch", batch_keys(), "how spans are gathered into exports"),
        group("spool",
              {value("size", &tracing::spool_bytes, size64(0, 1ULL << 40),
                     "bound of the on-disk spool under `state`; 0 keeps spans in memory only")},
              "spans that could not be delivered yet"),
        list("redact_query", &tracing::redact_query, text(),
             "further query parameters whose values are hidden in spans"),
        table("resource", &tracing::resource, "attributes of the service, such as `deployment.environment.name`"),
        value("disabled", &tracing::disabled, yes_or_no(), "record no spans; contexts are still passed on"),
    };
    for (auto& each : capture_keys()) keys.push_back(std::move(each));
    return keys;
}

std::vector<setting> admin_keys() {
    return {
        value("listen", &settings::admin, optional_listen_address(), "where state, control and metrics are served"),
        value("token", &settings::admin_token, text(),
              "bearer token of every request; required when `listen` is not loopback")
            .as_secret(),
        list("hosts", &settings::admin_hosts, text(), "further Host values that may change state"),
    };
}

std::vector<setting> fleet_keys() {
    return {
        value("redis", &fleet::redis, redis_url(),
              "where the sidecars of a fleet count together; without it each has an equal share"),
        value("replicas", &fleet::replicas, count(1, 10'000),
              "how many sidecars share a limit while Redis can't be asked")
            .as_applied(),
        value("timeout", &fleet::timeout, duration(milliseconds{1}, seconds{10}),
              "the longest wait for an answer of Redis"),
    };
}

std::vector<setting> root_keys() {
    return {
        value("service", &settings::service, text(), "name of the service beside this sidecar (`service.name`)")
            .as_required(),
        value("service_namespace", &settings::service_namespace, text(), "`service.namespace` of its spans"),
        value("service_version", &settings::service_version, text(), "`service.version` of its spans"),
        value("instance", &settings::instance, text(),
              "`service.instance.id` of its spans; by default host name and process id"),
        sections("inbound", &settings::inbound, inbound_keys(), "listeners for the callers of the application"),
        section("outbound", &settings::outbound, outbound_keys(), "the application's way out"),
        named("upstreams", &settings::upstreams, upstream_keys(), "named targets of the application's calls"),
        named("kafka", &settings::kafka, kafka_keys(), "Kafka clusters, by name"),
        section("intercept", &settings::intercept, intercept_keys(),
                "connections that the rules of `outrider intercept install` bring here"),
        section("timeouts", &settings::timeouts, timeout_keys(), "deadlines of an exchange; 0 switches one off"),
        section("limits", &settings::limits, limit_keys(), "bounds on what a peer may send or hold"),
        section("tracing", &settings::tracing, tracing_keys(), "spans and trace contexts"),
        business_keys_setting(),
        section("access_log", &settings::access_log,
                {value("format", &access_log::format,
                       choice<log_format>(
                           {{"none", log_format::none}, {"json", log_format::json}, {"text", log_format::text}}),
                       "one line per exchange as JSON or text, or none"),
                 value("path", &access_log::path, path(), "file to append to; `-` is standard output")},
                "the access log")
            .with_shorthand("format"),
        value("via", &settings::via, choice<via>({{"enabled", via::enabled}, {"disabled", via::disabled}}),
              "announce the hop in Via and find loops by it; nginx upstreams do not compress behind a Via"),
        group("health",
              {section("app", &settings::health, application_health_keys(),
                       "how the application is probed, which `/readyz` follows")},
              "health as seen from here"),
        section(
            "policies", &settings::policies,
            {value("path", &policy_source::path, path(),
                   "a file of policies, or a folder whose `*.yaml` and `*.yml` are read in the order of their names"),
             sections("in_place", &policy_source::in_place, policy_keys(), "policies that are written here")
                 .only_in_files()},
            "limits, breakers, timeouts, retries and fallbacks, as policies.md says; a list in place of a path is its "
            "`in_place`, policies that are written here")
            .with_shorthand("path")
            .with_list_shorthand("in_place")
            .as_applied(),
        section("fleet", &settings::fleet, fleet_keys(), "the sidecars that share the limits with `scope: fleet`"),
        registries_setting(),
        advertise_setting(),
        value("probes", &settings::probes, optional_listen_address(),
              "read-only listener with health and metrics only, for kubelet and Prometheus"),
        group("admin", admin_keys(), "the admin interface").with_shorthand("listen"),
        value("state", &settings::state, path(), "folder that survives a restart: the spool"),
        value("workers", &settings::workers, count(0, 256), "worker threads; 0: the CPU quota, at most 2"),
        value("drain", &settings::drain, duration(seconds{0}, hours{1}),
              "how long open exchanges may go on after SIGTERM, and the application may still call out"),
        section("stop", &settings::stop, stop_keys(), "how the sidecar stops"),
        value("log_level", &settings::log_level, word_of({"debug", "info", "warning", "error"}),
              "least severity that is logged"),
        later("events", "remove the key"),
        later("contracts", "remove the key"),
    };
}

}  // namespace

const setting& declared() {
    static const setting root = {"",          shape::section, "the configuration of one sidecar", {}, {},
                                 root_keys(), &to_itself};
    return root;
}

}  // namespace outrider::config
