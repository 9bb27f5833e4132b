// A collector as its users have it: `outrider collect` in a process of its own, sidecars' spans over OTLP/HTTP into it
// in real time, decided chains over OTLP/HTTP out of it. Tells how long after the answer to its last span a chain came
// out, and what a held span takes of the process's memory. (Google Benchmark has no place here: time is what is
// measured.)
//
//     collector_as_run OUTRIDER [--seconds 20] [--systems 1] [--hold SPANS] [--rate SPANS] [--memory SIZE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <unistd.h>

#include "sidecar/net/inflate.hpp"
#include "tests/bench/plain_client.hpp"
#include "tests/support/chain_generator.hpp"
#include "tests/support/child.hpp"
#include "tests/support/http_receiver.hpp"
#include "tests/support/sidecar_spans.hpp"
#include "tracing/otlp.hpp"
#include "tracing/span_view.hpp"

namespace outrider::test {
namespace {

using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

struct arguments {
    std::string program, memory = "256MiB";
    double seconds = 20, rate = 10'000;
    std::size_t systems = 1, held = 200'000;
};

/// When each span was acknowledged, and when and in which chain it came out.
class timetable {
  public:
    void acknowledged(const tracing::span_data& span, clock::time_point at) {
        const std::lock_guard lock{mutex_};
        spans_[span.span].in = at;
    }
    void came_out(const tracing::span_data& span, clock::time_point at) {
        const std::lock_guard lock{mutex_};
        auto& one = spans_[span.span];
        one.out = at;
        one.chain = span.trace;
    }
    std::size_t missing() const {
        const std::lock_guard lock{mutex_};
        return static_cast<std::size_t>(std::count_if(
            spans_.begin(), spans_.end(), [](const auto& each) { return each.second.out == clock::time_point{}; }));
    }
    /// Of each chain that came out, seconds from the answer to its last span, in order.
    std::vector<double> waits() const {
        const std::lock_guard lock{mutex_};
        struct extent {
            clock::time_point in, out;
        };
        std::map<tracing::trace_id, extent> chains;
        for (const auto& [id, one] : spans_) {
            if (one.out == clock::time_point{}) continue;
            auto& chain = chains[one.chain];
            chain.in = std::max(chain.in, one.in);
            chain.out = std::max(chain.out, one.out);
        }
        std::vector<double> out;
        for (const auto& [id, each] : chains) out.push_back(seconds(each.out - each.in).count());
        std::sort(out.begin(), out.end());
        return out;
    }

  private:
    struct hash {
        std::size_t operator()(const tracing::span_id& id) const {
            std::size_t word = 0;
            std::memcpy(&word, id.bytes.data(), sizeof word);
            return word;
        }
    };
    struct passage {
        clock::time_point in, out;
        tracing::trace_id chain;
    };
    mutable std::mutex mutex_;
    std::unordered_map<tracing::span_id, passage, hash> spans_;
};

/// The collector, and the receiver behind it.
class collector_process {
  public:
    collector_process(const arguments& options, timetable& times)
        : receiver_([&times](const received_request& request) { return receive(request, times); }), port_(free_port()) {
        const auto address = "127.0.0.1:" + std::to_string(port_);
        if (!child_.start({options.program, "collect", "--listen", address, "--memory", options.memory, "--forward",
                           receiver_.url("")},
                          port_)) {
            std::fprintf(stderr, "%s does not come up\n", options.program.c_str());
            std::exit(1);
        }
    }

    std::uint16_t port() const { return port_; }

    double metric(const std::string& name) const {
        plain_client client{port_};
        const auto text = "\n" + client.get("/metrics");
        const auto at = text.find("\n" + name + " ");
        return at == std::string::npos ? 0 : std::atof(text.c_str() + at + name.size() + 2);
    }
    /// Which share of the chains was decided within two seconds of its last span, as the collector itself counts.
    double in_time() const {
        const std::string name = "outrider_collector_decision_seconds";
        return metric(name + "_bucket{le=\"2\"}") / std::max(metric(name + "_count"), 1.0);
    }
    /// Of the process, but for the program's file.
    double own_memory() const {
        std::size_t all = 0, resident = 0, shared = 0;
        std::ifstream{"/proc/" + std::to_string(child_.id()) + "/statm"} >> all >> resident >> shared;
        return static_cast<double>(resident - shared) * static_cast<double>(sysconf(_SC_PAGESIZE));
    }

  private:
    static reply receive(const received_request& request, timetable& times) {
        const auto at = clock::now();
        const auto body = net::inflate(request.body, 256 << 20);
        const auto decoded = tracing::decode_otlp(body ? *body : request.body);
        if (!decoded) return {.status = 400};
        for (const auto& span : decoded->spans) times.came_out(span, at);
        return {.headers = {{"Content-Type", "application/x-protobuf"}}};
    }

    http_receiver receiver_;
    std::uint16_t port_;
    child child_;
};

double quantile(const std::vector<double>& sorted, double share) {
    if (sorted.empty()) return 0;
    return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())))];
}

/// Several systems at once, whose spans are none of each other's business.
std::vector<received_span> traffic(const std::string& kind, double in_flight, const arguments& options) {
    std::vector<received_span> all;
    const auto most = static_cast<std::int64_t>(options.seconds * 1e9);
    for (std::size_t i = 0; i < options.systems; ++i) {
        generator_options wanted;
        wanted.seed = 30'001 + i;
        wanted.in_flight = in_flight;
        wanted.requests = 200'000;
        for (wanted.requests = 500;; wanted.requests *= 2) {
            auto made = generate(traffic_class_named(kind), wanted);
            const auto begin = made.spans.front().at_ns;
            if (made.spans.back().at_ns - begin < most && wanted.requests < 100'000) continue;
            std::map<tracing::shared_origin, tracing::shared_origin> renamed;
            for (auto& each : made.spans) {
                each.at_ns -= begin;
                if (each.at_ns > most) break;
                auto& origin = renamed[each.span.origin];
                if (!origin) {
                    auto named = *each.span.origin;
                    for (auto& one : named.resource.attributes)
                        std::get<std::string>(one.value.data) += "-" + std::to_string(i);
                    origin = std::make_shared<const tracing::span_origin>(std::move(named));
                }
                each.span.origin = origin;
                all.push_back(std::move(each));
            }
            break;
        }
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
    return all;
}

/// Sends each sidecar's spans when they are due, as a request of its own.
void play(const std::vector<received_span>& spans, std::uint16_t port, timetable& times) {
    plain_client client{port};
    const auto begin = clock::now();
    for (std::size_t next = 0; next < spans.size();) {
        std::this_thread::sleep_until(begin + std::chrono::nanoseconds{spans[next].at_ns});
        const auto due = (clock::now() - begin).count();
        std::map<tracing::shared_origin, std::vector<tracing::span_data>> requests;
        for (; next < spans.size() && spans[next].at_ns <= due; ++next)
            requests[spans[next].span.origin].push_back(spans[next].span);
        for (const auto& [origin, one] : requests) {
            client.deliver(tracing::encode_otlp(one));
            for (const auto& span : one) times.acknowledged(span, clock::now());
        }
    }
}

void wait_for_all(const timetable& times) {
    for (int i = 0; i < 150 && times.missing() > 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(100));
}

/// @param dammed  spans of so long a time come at once, as after a network that was away
void latency(const std::string& kind, double in_flight, std::chrono::nanoseconds dammed, const arguments& options) {
    auto spans = traffic(kind, in_flight, options);
    if (dammed.count() > 0)
        for (auto& each : spans) each.at_ns = (each.at_ns / dammed.count() + 1) * dammed.count();
    timetable times;
    collector_process collector{options, times};
    play(spans, collector.port(), times);
    wait_for_all(times);
    char what[64];
    std::snprintf(what, sizeof what, "%s, %.3g in flight%s", kind.c_str(), in_flight,
                  dammed.count() > 0 ? ", dammed" : "");
    const auto waits = times.waits();
    std::printf(
        "%-31s %6.0f spans/s %6zu chains: out after p50 %.2f, p99 %.2f, at most %.2f s; decided within 2 s "
        "%.2f%%; %zu spans missing\n",
        what, static_cast<double>(spans.size()) / options.seconds, waits.size(), quantile(waits, 0.5),
        quantile(waits, 0.99), waits.empty() ? 0 : waits.back(), 100 * collector.in_time(), times.missing());
    std::fflush(stdout);
}

/// Orders of that moment and of the moments after it, by sidecar.
void send_orders(plain_client& client, sidecar_spans& world, std::uint64_t first, std::uint64_t count) {
    const auto now =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
    std::map<tracing::shared_origin, std::vector<tracing::span_data>> requests;
    for (std::uint64_t i = 0; i < count; ++i)
        for (auto& span : world.order(first + i, static_cast<std::uint64_t>(now.count()) + i * 1'000'000))
            requests[span.origin].push_back(std::move(span));
    for (const auto& [origin, one] : requests) client.deliver(tracing::encode_otlp(one));
}

void tell_held(const collector_process& collector, double before) {
    const auto held = collector.metric("outrider_collector_spans");
    const auto stitched = collector.metric("outrider_collector_stitcher_spans");
    std::printf(
        "%7.0f spans held: %4.0f bytes each of the process, by the books %4.0f, and %4.0f of the %.0f that can be "
        "causes\n",
        held, (collector.own_memory() - before) / held, collector.metric("outrider_collector_bytes") / held,
        collector.metric("outrider_collector_stitcher_bytes") / stitched, stitched);
    std::fflush(stdout);
}

/// Orders at an even rate, and what is held of them takes meanwhile.
void hold(const arguments& options) {
    timetable nobody;
    collector_process collector{options, nobody};
    plain_client client{collector.port()};
    const auto before = collector.own_memory();
    sidecar_spans world;
    constexpr std::uint64_t orders_at_once = 20;
    const auto begin = clock::now();
    for (std::uint64_t order = 0, told = 0; order * sidecar_spans::per_order < options.held; order += orders_at_once) {
        const auto sent = static_cast<double>(order * sidecar_spans::per_order);
        std::this_thread::sleep_until(begin +
                                      std::chrono::duration_cast<clock::duration>(seconds(sent / options.rate)));
        send_orders(client, world, order, orders_at_once);
        if (sent < static_cast<double>(options.held * (told + 1) / 5) - orders_at_once * sidecar_spans::per_order)
            continue;
        ++told;
        tell_held(collector, before);
    }
    std::this_thread::sleep_for(std::chrono::seconds(12));
    std::printf("at rest: ");
    tell_held(collector, before);
}

arguments read(int count, char** words) {
    arguments out;
    if (count > 1) out.program = words[1];
    for (int i = 2; i + 1 < count; i += 2) {
        const std::string name = words[i], value = words[i + 1];
        if (name == "--seconds") out.seconds = std::stod(value);
        if (name == "--systems") out.systems = std::stoul(value);
        if (name == "--rate") out.rate = std::stod(value);
        if (name == "--hold") out.held = std::stoul(value);
        if (name == "--memory") out.memory = value;
    }
    return out;
}

}  // namespace
}  // namespace outrider::test

int main(int count, char** words) {
    using namespace outrider::test;
    using namespace std::chrono_literals;
    const auto options = read(count, words);
    if (options.program.empty()) {
        std::fprintf(stderr,
                     "usage: %s OUTRIDER [--seconds N] [--systems N] [--hold SPANS] [--rate SPANS] [--memory SIZE]\n",
                     words[0]);
        return 2;
    }
    if (options.held > 0) hold(options);
    if (options.seconds <= 0) return 0;
    for (const auto* kind : {"sequential", "fan-out", "kafka"}) latency(kind, 10, 0ns, options);
    latency("sequential", 1.5, 0ns, options);
    latency("sequential", 10, 5s, options);
}
