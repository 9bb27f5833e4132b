#include "tests/support/chain_topology.hpp"

#include <algorithm>
#include <numbers>
#include <ostream>
#include <stdexcept>

namespace outrider::test {
namespace {

constexpr double microsecond = 1e3, millisecond = 1e6;

/// Builds one topology, layer by layer from the deepest.
class builder {
  public:
    builder(std::uint64_t seed, const traffic_class& kind) : random_(seed), kind_(kind) {}

    topology build() {
        lay_out();
        for (auto layer = layers_.size(); layer-- > 0;)
            for (auto index : layers_[layer]) fill(index, layer);
        out_.entries = out_.services[0].endpoints.size();
        if (kind_.joins > 0) add_join();
        out_.network = {random_.uniform(150, 500) * microsecond, random_.uniform(0.2, 0.5)};
        return std::move(out_);
    }

  private:
    void lay_out() {
        const auto depth = random_.between(3, 4) + static_cast<std::size_t>(kind_.wider);
        for (std::size_t layer = 0; layer < depth; ++layer) {
            layers_.emplace_back();
            const auto width = layer == 0 ? 1 : random_.between(1, 3 + static_cast<std::size_t>(kind_.wider));
            for (std::size_t i = 0; i < width; ++i) layers_.back().push_back(add_service(layer));
        }
    }

    std::size_t add_service(std::size_t layer) {
        service one;
        one.name = "service-" + std::to_string(out_.services.size());
        one.event_loop = random_.chance(kind_.event_loops);
        if (random_.chance(kind_.thread_pools)) one.threads = random_.between(3, 8);
        one.bare = layer > 0 && random_.chance(kind_.bare_hops);
        one.workers = random_.between(1, 4);
        one.queue_delay = work(random_.uniform(50, 2000));
        const auto count = random_.between(1, 3);
        for (std::size_t i = 0; i < count; ++i) {
            endpoint each;
            each.name = "operation-" + std::to_string(i);
            each.id_in_path = random_.chance(0.5);
            one.endpoints.push_back(std::move(each));
        }
        out_.services.push_back(std::move(one));
        return out_.services.size() - 1;
    }

    duration_shape work(double median_us) {
        return {median_us * microsecond, random_.uniform(0.3, 0.65), random_.chance(kind_.heavy_tails) ? 0.2 : 0};
    }

    /// What an application does between two calls takes a fraction of what it waits for.
    duration_shape short_work() { return work(100 * std::pow(5, random_.uniform())); }
    duration_shape leaf_work() {
        auto out = work(700 * std::pow(12, random_.uniform()));
        out.sigma = random_.uniform(0.3, 1);
        return out;
    }

    void fill(std::size_t index, std::size_t layer) {
        for (auto& each : out_.services[index].endpoints) {
            each.last_work = short_work();
            if (layer + 1 == layers_.size() || (layer > 1 && random_.chance(0.25))) {
                each.last_work = leaf_work();
                continue;
            }
            const auto count = layer < 2 ? random_.between(1, 3) : random_.between(1, 2);
            for (std::size_t i = 0; i < count; ++i) each.steps.push_back(some_step(index, layer));
            if (random_.chance(kind_.deferred)) each.deferred_from = random_.below(each.steps.size());
        }
    }

    step some_step(std::size_t caller, std::size_t layer) {
        step out{short_work(), {}};
        const auto count = random_.chance(kind_.parallel) ? random_.between(2, 3) : 1;
        for (std::size_t i = 0; i < count; ++i) out.calls.push_back(some_call(caller, layer));
        return out;
    }

    call_site some_call(std::size_t caller, std::size_t layer) {
        call_site out;
        const auto deeper = random_.chance(0.8) ? layer + 1 : random_.between(layer + 1, layers_.size() - 1);
        out.service = layers_[deeper][random_.below(layers_[deeper].size())];
        out.endpoint = random_.below(out_.services[out.service].endpoints.size());
        out.forwards = random_.chance(kind_.forwards);
        out.forwards_as_sdk = random_.chance(0.3);
        if (random_.chance(kind_.caches)) out.skipped = 0.5;
        out.fails = kind_.retries;
        out.sidecar_retries = random_.chance(0.5);
        if (random_.chance(kind_.topics)) publish(out, caller);
        return out;
    }

    void publish(call_site& site, std::size_t caller) {
        site.kind = call_kind::topic;
        site.topic = out_.topics.size();
        topic one;
        one.name = "topic-" + std::to_string(caller) + "-" + std::to_string(site.topic);
        one.partitions = random_.between(1, 4);
        one.prefetches = random_.chance(0.5);
        one.context_in_records = random_.chance(0.7);
        out_.topics.push_back(std::move(one));
    }

    /// Two branches of the entry's first step hand their parts to one service, which goes on with both.
    void add_join() {
        const auto joiner = out_.services.size(), sink = joiner + 3;
        for (const auto* name : {"joiner", "branch-a", "branch-b", "sink"}) {
            service one;
            one.name = name;
            one.queue_delay = work(300);
            one.workers = 16;
            endpoint only;
            only.name = std::string{name} + "-operation";
            only.last_work = leaf_work();
            one.endpoints.push_back(std::move(only));
            out_.services.push_back(std::move(one));
        }
        auto& meets = out_.services[joiner].endpoints[0];
        meets.joins = true;
        meets.last_work = short_work();
        meets.steps = {{short_work(), {{call_kind::http, sink, 0}}}};
        meets.deferred_from = 0;
        step both{short_work(), {}};
        for (auto branch : {joiner + 1, joiner + 2}) {
            out_.services[branch].endpoints[0].steps = {{leaf_work(), {{call_kind::http, joiner, 0}}}};
            both.calls.push_back({call_kind::http, branch, 0});
        }
        for (auto& entry : out_.services[0].endpoints) entry.steps.insert(entry.steps.begin(), both);
    }

    dice random_;
    const traffic_class& kind_;
    topology out_;
    std::vector<std::vector<std::size_t>> layers_;
};

double calls_below(const topology& system, std::size_t service, std::size_t endpoint) {
    double out = 0;
    for (const auto& each : system.services[service].endpoints[endpoint].steps)
        for (const auto& site : each.calls)
            out += (1 - site.skipped) * (1 + calls_below(system, site.service, site.endpoint));
    return out;
}

double calls_of_request(const topology& system) {
    double out = 0;
    for (std::size_t i = 0; i < system.entries; ++i) out += calls_below(system, 0, i);
    return out / static_cast<double>(system.entries);
}

}  // namespace

std::uint64_t dice::next() {  // splitmix64
    auto z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

double dice::normal() {
    const auto radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
}

std::int64_t duration_shape::draw(dice& random) const {
    auto out = median_ns * std::exp(sigma * random.normal());
    if (tail > 0 && random.chance(tail)) out *= std::min(1000.0, std::pow(1 - random.uniform(), -1 / 1.5));
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(out));
}

const std::vector<traffic_class>& traffic_classes() {
    static const std::vector<traffic_class> all{
        {.name = "sequential"},
        {.name = "fan-out", .parallel = 0.7},
        {.name = "joins", .joins = 1},
        {.name = "retries", .parallel = 0.2, .retries = 0.1},
        {.name = "memory queues", .deferred = 0.6},
        {.name = "event loops", .parallel = 0.2, .event_loops = 1},
        {.name = "thread pools", .parallel = 0.2, .thread_pools = 1},
        {.name = "forwarding 0.3", .parallel = 0.3, .forwards = 0.3},
        {.name = "forwarding 0.6", .parallel = 0.3, .forwards = 0.6},
        {.name = "forwarding 0.9", .parallel = 0.3, .forwards = 0.9},
        {.name = "kafka", .topics = 0.5},
        {.name = "caches", .caches = 0.5},
        {.name = "heavy tails", .heavy_tails = 1},
        {.name = "bursts", .bursts = 8},
        {.name = "background calls", .background = 0.2},
        {.name = "bare hops", .bare_hops = 0.4},
        {.name = "clocks off", .parallel = 0.3, .clock_offset_ns = 50 * millisecond},
        {.name = "clocks drift", .parallel = 0.3, .clock_offset_ns = 50 * millisecond, .clock_drift = 100e-6},
        {.name = "lost 1%", .parallel = 0.3, .lost = 0.01},
        {.name = "lost 5%", .parallel = 0.3, .lost = 0.05},
        {.name = "head sampled", .parallel = 0.3, .head_sampling = 0.1},
        {.name = "wide", .parallel = 0.5, .wider = 1},
        {.name = "mixed",
         .parallel = 0.3,
         .retries = 0.03,
         .deferred = 0.15,
         .event_loops = 0.25,
         .thread_pools = 0.25,
         .forwards = 0.3,
         .topics = 0.15,
         .caches = 0.15,
         .heavy_tails = 0.2,
         .clock_offset_ns = 50 * millisecond,
         .lost = 0.01},
    };
    return all;
}

const traffic_class& traffic_class_named(const std::string& name) {
    for (const auto& each : traffic_classes())
        if (each.name == name) return each;
    throw std::invalid_argument("no class of traffic is called '" + name + "'");
}

std::ostream& operator<<(std::ostream& out, const traffic_class& kind) { return out << kind.name; }

topology random_topology(std::uint64_t seed, const traffic_class& kind) {
    // Chains of published measurements have five to ten calls; much larger ones are a class by themselves.
    const double least = kind.wider > 0 ? 12 : 4, most = kind.wider > 0 ? 25 : 9;
    for (dice again{seed};;) {
        auto out = builder{again.next(), kind}.build();
        const auto calls = calls_of_request(out);
        if (calls >= least && calls <= most) return out;
    }
}

}  // namespace outrider::test
