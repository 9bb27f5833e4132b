#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "governance/policy.hpp"
#include "sidecar/config/peers.hpp"
#include "sidecar/config/settings_capture.hpp"
#include "sidecar/config/settings_discovery.hpp"
#include "sidecar/config/settings_health.hpp"
#include "sidecar/config/settings_intercept.hpp"
#include "sidecar/config/settings_stop.hpp"

namespace outrider::config {

using std::chrono::milliseconds;

/// What becomes of a trace context that a caller sent (TRACING.md, trust boundary).
enum class trust { continue_, link, restart };

/// One inbound listener: the callers' way to the application.
struct inbound {
    endpoint listen;
    endpoint app;
    outrider::config::trust trust = config::trust::continue_;
    /// Whether X-Forwarded-* and Forwarded of the caller are kept and extended (true) or replaced (false).
    bool trust_forwarded = false;
};

enum class unknown_host { resolve, refuse };

/// The application's way out.
struct outbound {
    std::optional<endpoint> listen;
    config::unknown_host unknown_host = config::unknown_host::resolve;
};

/// A named target of the application's calls.
struct upstream {
    std::vector<upstream_endpoint> endpoints;  ///< either these,
    std::optional<discovery> discover;         ///< or a registry that names them
    std::optional<endpoint> listen;            ///< a listener of its own, for clients with a base URL
    tls_client tls;
    std::optional<health_check> health;  ///< of each endpoint; missing: not probed
};

/// How records of a topic get their place in a trace (KAFKA.md's modes).
enum class record_trace {
    none,                 ///< no spans
    derive,               ///< from batch identities; no byte of a record is read or changed
    inject_uncompressed,  ///< headers into uncompressed batches, derived for compressed ones
    inject_all,           ///< headers into compressed batches too
};

/// The mode of the topics that a glob names; the first rule that fits counts.
struct topic_trace {
    std::string topics;  ///< `*` stands for any characters
    record_trace mode = record_trace::inject_uncompressed;
};

enum class broker_protocol { automatic, plaintext, tls };

/// One Kafka cluster that the application reaches through the sidecar.
struct kafka_cluster {
    endpoint listen;                                        ///< the application's bootstrap.servers
    std::vector<endpoint> brokers;                          ///< bootstrap brokers of the cluster
    broker_protocol protocol = broker_protocol::automatic;  ///< once loaded: plaintext or tls
    tls_client tls;
    std::vector<topic_trace> trace;
    std::string advertise;                   ///< host that brokers are advertised as; empty: by loopback addresses
    std::uint32_t base_port = 0;             ///< with `advertise`: node N is at base_port + N
    std::uint32_t frame_bytes = 100U << 20;  ///< the largest request or answer
    std::uint32_t inject_bytes = 1'048'588;  ///< the largest batch after injection; the broker's max.message.bytes
    milliseconds connect{5'000};             ///< TCP and TLS handshake with a broker
    std::optional<health_check> health;      ///< by its metadata; missing: not probed
    bool pause_when_sick = true;             ///< nothing is fetched while an application is known to be sick
};

/// Deadlines of an exchange; zero switches one off.
struct timeouts {
    milliseconds connect{2'000};        ///< TCP and TLS handshake with the upstream
    milliseconds head{10'000};          ///< from the first byte of a request to the end of its head
    milliseconds body{30'000};          ///< the longest silence within a body, either direction
    milliseconds first_byte{30'000};    ///< from the request's end to the head of the answer
    milliseconds idle{60'000};          ///< a client connection without an exchange
    milliseconds total{0};              ///< the whole exchange
    milliseconds tunnel{3'600'000};     ///< the longest silence of a tunnel
    milliseconds upstream_idle{4'000};  ///< a pooled upstream connection; below the upstream's keep-alive
    std::uint64_t lowest_rate = 0;      ///< bytes/s of a body, judged after 5 s; 0: not judged
};

/// Bounds on what a peer may send or hold.
struct limits {
    std::uint32_t head_bytes = 65'536;    ///< a request's or an answer's head
    std::uint32_t fields = 128;           ///< field lines in one head
    std::uint32_t target_bytes = 16'384;  ///< the request target
    std::uint32_t trailer_bytes = 8'192;
    std::uint32_t connections = 20'000;     ///< accepted connections, all workers
    std::uint32_t pool_per_upstream = 256;  ///< idle upstream connections a worker keeps for one upstream
    std::uint64_t replay_bytes = 65'536;    ///< the largest body kept for a second attempt
};

enum class sampler {
    always_on,
    always_off,
    traceidratio,
    parentbased_always_on,
    parentbased_always_off,
    parentbased_traceidratio,
    rate_limited,
    parentbased_rate_limited
};
enum class propagator { tracecontext, baggage, b3, b3multi, jaeger };
enum class exporter { otlp, file, none };
enum class otlp_protocol { http_protobuf, http_json };

struct tracing {
    config::sampler sampler = config::sampler::parentbased_always_on;
    double sampler_arg = 1.0;  ///< share for *traceidratio, traces per second for *rate_limited
    std::vector<propagator> propagators{propagator::tracecontext, propagator::baggage};
    config::exporter exporter = config::exporter::otlp;
    /// Base URL of `outrider collect`, as configured: it gets every span, whatever the sampler says; empty: there is
    /// none.
    std::string collector;
    std::string otlp;         ///< base URL as configured; read otlp_url instead
    std::string otlp_traces;  ///< full URL as configured; read otlp_url instead
    /// Full URL that spans are posted to (`base + v1/traces` already applied); empty: no OTLP export.
    std::string otlp_url;
    config::otlp_protocol protocol = config::otlp_protocol::http_protobuf;
    std::vector<std::pair<std::string, std::string>> headers;
    bool gzip = false;
    tls_client tls;
    std::string file;  ///< path of the JSON lines, with exporter `file`
    milliseconds request_timeout{10'000};
    milliseconds export_timeout{30'000};
    milliseconds batch_delay{5'000};  ///< once loaded: shorter by default with a collector
    std::uint32_t batch_size = 512;
    std::uint32_t queue_size = 2'048;
    std::uint64_t spool_bytes = 256ULL << 20;
    std::vector<std::string> redact_query;  ///< further names of query parameters whose values are hidden
    config::echo echo;
    std::string echo_key;
    std::vector<value_source> correlation;
    std::vector<std::pair<std::string, std::string>> resource;  ///< OTEL_RESOURCE_ATTRIBUTES
    bool disabled = false;                                      ///< OTEL_SDK_DISABLED
};

enum class log_format { none, json, text };

struct access_log {
    log_format format = log_format::none;
    std::string path = "-";  ///< "-": standard output
};

/// Whether hops are announced in Via and loops found by it.
enum class via { enabled, disabled };

/// The sidecars of one service that share the limits with `scope: fleet`.
struct fleet {
    std::string redis;           ///< redis://[[user]:password@]host[:port][/database]; empty: none, equal shares
    std::uint32_t replicas = 1;  ///< sidecars that share a limit while Redis is not there to be asked
    milliseconds timeout{50};    ///< the longest wait for one answer of Redis
};

/// Where policies come from.
struct policy_source {
    std::string path;                          ///< a file, or a folder of *.yaml and *.yml; empty: none
    std::vector<governance::policy> in_place;  ///< as written; load_policies() judges them
};

/// Everything `outrider run` can be told. Immutable once loaded.
struct settings {
    std::string service;
    std::string service_namespace;
    std::string service_version;
    std::string instance;  ///< default: host name and process id
    std::vector<config::inbound> inbound;
    config::outbound outbound;
    std::map<std::string, upstream> upstreams;
    std::map<std::string, kafka_cluster> kafka;
    config::intercept intercept;
    config::timeouts timeouts;
    config::limits limits;
    config::tracing tracing;
    std::map<std::string, business_key> keys;  ///< by name
    config::access_log access_log;
    config::via via = config::via::enabled;
    health_check health;  ///< of the application
    config::policy_source policies;
    config::fleet fleet;
    config::registries registries;
    std::optional<endpoint> advertise;  ///< of the application, for registries; once loaded: also where `inbound` tells
    std::optional<endpoint> probes;
    std::optional<endpoint> admin;
    std::string admin_token;                  ///< required when `admin` is not loopback
    std::vector<std::string> admin_hosts;     ///< further Host values that may change state
    std::string state = "/var/lib/outrider";  ///< state folder: the spool
    std::uint32_t workers = 0;                ///< 0: the cgroup's CPU quota, at most 2
    milliseconds drain{10'000};               ///< how long open exchanges may go on after SIGTERM
    config::stop stop;
    std::string log_level = "info";
};

}  // namespace outrider::config
