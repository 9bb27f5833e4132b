#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace outrider::test {

/// Random numbers that are the same everywhere for a seed; the distributions of <random> are not.
class dice {
  public:
    explicit dice(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next();
    double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
    double uniform(double low, double high) { return low + (high - low) * uniform(); }
    std::size_t below(std::size_t count) { return static_cast<std::size_t>(next() % count); }
    std::size_t between(std::size_t low, std::size_t high) { return low + below(high - low + 1); }
    bool chance(double probability) { return uniform() < probability; }
    double exponential(double mean) { return -mean * std::log(1 - uniform()); }
    double normal();

  private:
    std::uint64_t state_;
};

/// How long something takes, in nanoseconds: lognormal, with a tail of Pareto's for a share of the draws.
struct duration_shape {
    double median_ns = 0;
    double sigma = 0.5;  ///< of the logarithm
    double tail = 0;     ///< share of draws that are multiplied by a Pareto variable of exponent 1.5
    std::int64_t draw(dice& random) const;
};

/// What makes one kind of system hard for whoever reconstructs its chains. Zero means: not there.
struct traffic_class {
    std::string name;
    double parallel = 0;         ///< share of steps that call two or three services at once
    double joins = 0;            ///< share of requests whose two parts meet again in one service
    double retries = 0;          ///< share of calls whose attempt fails
    double deferred = 0;         ///< share of endpoints that answer first and work afterwards
    double event_loops = 0;      ///< share of services with one thread that never waits
    double thread_pools = 0;     ///< share of services with few threads, which requests wait for
    double forwards = 0;         ///< share of call sites whose application hands the context on
    double topics = 0;           ///< share of call sites that publish to Kafka instead of calling
    double caches = 0;           ///< share of call sites that are skipped every other time
    double heavy_tails = 0;      ///< share of durations with a heavy tail
    double bursts = 0;           ///< how many times faster requests come in bursts
    double background = 0;       ///< calls that no request causes, as a share of requests
    double bare_hops = 0;        ///< share of services whose sidecar takes no context from its callers
    double clock_offset_ns = 0;  ///< clocks are off by up to this, either way
    double clock_drift = 0;      ///< and run wrong by up to this share
    double lost = 0;             ///< share of spans that never arrive
    double head_sampling = 1;    ///< share of traces that are kept, each trace by itself
    int wider = 0;               ///< more layers and services than usual
};

std::ostream& operator<<(std::ostream& out, const traffic_class& kind);

/// Every kind by itself, and mixtures.
const std::vector<traffic_class>& traffic_classes();
const traffic_class& traffic_class_named(const std::string& name);

enum class call_kind : std::uint8_t { http, topic };

/// A place in the code of an endpoint that calls another.
struct call_site {
    call_kind kind = call_kind::http;
    std::size_t service = 0, endpoint = 0;  ///< whom; of a topic: the consumer's
    std::size_t topic = 0;
    bool forwards = false;         ///< hands on the context that came in
    bool forwards_as_sdk = false;  ///< ... below a span of its own that no sidecar knows
    bool sidecar_retries = false;  ///< attempts of one exchange; otherwise the application calls again
    double skipped = 0, fails = 0;
};

/// Work, and then calls at once.
struct step {
    duration_shape work;
    std::vector<call_site> calls;
};

struct endpoint {
    std::string name;
    bool id_in_path = false;
    bool joins = false;  ///< runs its steps for the second of two inputs of an order, answers the first at once
    std::vector<step> steps;
    std::size_t deferred_from = static_cast<std::size_t>(-1);  ///< the step from which work follows the answer
    duration_shape last_work;
};

struct service {
    std::string name;
    std::size_t threads = 0;  ///< 0: as many as it takes
    bool event_loop = false, bare = false;
    std::size_t workers = 1;  ///< of the queue in memory
    duration_shape queue_delay;
    std::vector<endpoint> endpoints;
};

struct topic {
    std::string name;
    std::size_t partitions = 1;
    bool prefetches = false, context_in_records = true;
};

/// Services in layers; each calls only deeper ones. Entries are the first endpoints of service 0.
struct topology {
    std::vector<service> services;
    std::vector<topic> topics;
    std::size_t entries = 1;
    duration_shape network;
};

topology random_topology(std::uint64_t seed, const traffic_class& kind);

}  // namespace outrider::test
