// The stitcher online: spans come in the order of their ends and are asked about every 50 ms of their time.
// bytes: of the stitcher, for each span that it holds.
#include <algorithm>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "tracing/ids.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/stitch/chain_groups.hpp"
#include "tracing/stitch/stitcher.hpp"

namespace {

using namespace outrider::tracing;

constexpr std::int64_t us = 1'000, ms = 1'000'000;
constexpr std::uint64_t day = 1'700'000'000'000'000'000;

enum class context { handed_on, dropped, recognized };

std::shared_ptr<const span_origin> origin_of(const std::string& service) {
    span_origin made;
    made.scope_name = "outrider";
    made.resource.attributes = {{"service.name", attribute_value{service}},
                                {"service.instance.id", attribute_value{service + "-1"}}};
    return std::make_shared<const span_origin>(std::move(made));
}

/// A chain of services that call each other, one request after the other begins so that `in_flight` are under way.
class traffic {
  public:
    traffic(double in_flight, context how) : gap_us_(total_us / in_flight), how_(how) {
        for (std::size_t i = 0; i < services; ++i) origins_.push_back(origin_of("service-" + std::to_string(i)));
    }

    /// The next spans by their ends, of as many requests.
    std::vector<span_data> next(std::size_t requests) {
        std::vector<span_data> out;
        for (std::size_t i = 0; i < requests; ++i) add(out);
        std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.end_unix_ns < b.end_unix_ns; });
        return out;
    }

  private:
    static constexpr std::size_t services = 5;
    static constexpr double total_us = 10'000;

    double uniform() { return static_cast<double>(ids_.next() >> 11) / static_cast<double>(1ULL << 53); }

    void add(std::vector<span_data>& out) {
        now_us_ += gap_us_ * (0.5 + uniform());
        auto at = now_us_, took = total_us;
        auto trace = ids_.new_trace_id();
        span_id above;
        for (std::size_t i = 0; i < services; ++i) {
            out.push_back(span(i, span_kind::server, trace, above, at, took));
            echo(out.back());
            above = out.back().span;
            if (i + 1 == services) break;
            const auto gap = 300 + 400 * uniform();
            at += gap, took -= 2 * gap;
            if (how_ != context::handed_on) trace = ids_.new_trace_id(), above = {};
            out.push_back(span(i, span_kind::client, trace, above, at, took));
            out.back().attributes.push_back({"peer.service", attribute_value{"service-" + std::to_string(i + 1)}});
            echo(out.back());
            above = out.back().span;
            at += 100, took -= 200;
        }
        ++request_;
    }

    span_data span(std::size_t service, span_kind kind, const trace_id& trace, const span_id& parent, double at,
                   double took) {
        span_data made;
        made.trace = trace;
        made.span = ids_.new_span_id();
        made.parent = parent;
        made.kind = kind;
        made.name = "POST";
        made.start_unix_ns = day + static_cast<std::uint64_t>(at * us);
        made.end_unix_ns = made.start_unix_ns + static_cast<std::uint64_t>(took * us);
        made.origin = origins_[service];
        made.attributes.push_back({"http.request.method", attribute_value{std::string{"POST"}}});
        made.attributes.push_back({"url.path", attribute_value{"/orders/" + std::to_string(request_)}});
        return made;
    }

    void echo(span_data& span) const {
        if (how_ != context::recognized) return;
        std::string raw(32, '\0');
        for (std::size_t i = 0; i < raw.size(); ++i)
            raw[i] = static_cast<char>(request_ * 2654435761U >> i % 4 * 8 ^ i / 8);
        span.attributes.push_back({std::string{chain_attributes::echo}, attribute_value{byte_string{std::move(raw)}}});
    }

    double gap_us_, now_us_ = 0;
    context how_;
    std::uint64_t request_ = 0;
    id_generator ids_{1};
    std::vector<std::shared_ptr<const span_origin>> origins_;
};

void stitch(benchmark::State& state, context how) {
    traffic source{static_cast<double>(state.range(0)) / 10, how};
    stitcher stitching;
    chain_groups groups;
    std::int64_t asked = 0;
    double spans = 0, decisions = 0;
    stitch_counters counters;
    const auto run = [&](const std::vector<span_data>& some) {
        for (const auto& span : some) {
            const auto now = static_cast<std::int64_t>(span.end_unix_ns - day);
            stitching.add(span, now);
            if (now < asked) continue;
            asked = now + 50 * ms;
            for (const auto& each : stitching.advance(now)) {
                groups.apply(each);
                ++decisions;
            }
        }
    };
    run(source.next(2'000));
    for (auto _ : state) {
        state.PauseTiming();
        const auto some = source.next(2'000);
        spans += static_cast<double>(some.size());
        state.ResumeTiming();
        run(some);
    }
    counters = stitching.counters();
    state.counters["spans/s"] = benchmark::Counter(spans, benchmark::Counter::kIsRate);
    state.counters["decisions/s"] = benchmark::Counter(decisions, benchmark::Counter::kIsRate);
    state.counters["bytes"] = static_cast<double>(counters.bytes) / static_cast<double>(counters.held);
    state.counters["held"] = static_cast<double>(counters.held);
}

// In flight in a service, times ten.
BENCHMARK_CAPTURE(stitch, handed_on, context::handed_on)->Arg(15)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stitch, dropped, context::dropped)->Arg(15)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(stitch, recognized, context::recognized)->Arg(15)->Arg(100)->Unit(benchmark::kMillisecond);

void group_decisions(benchmark::State& state) {
    id_generator ids{1};
    chain_groups groups;
    std::vector<trace_id> held;
    for (auto _ : state) {
        state.PauseTiming();
        std::vector<decision> decisions;
        for (int chain = 0; chain < 200; ++chain) {
            auto above = ids.new_trace_id();
            for (int i = 0; i < 5; ++i) {
                decision one;
                one.root = {ids.new_trace_id(), ids.new_span_id()};
                one.cause = {{above, ids.new_span_id()}, link_source::timing, 0.9F};
                above = one.root.trace;
                held.push_back(above);
                decisions.push_back(one);
            }
        }
        if (held.size() > 100'000) {
            for (const auto& each : held) groups.forget(each);
            held.clear();
        }
        state.ResumeTiming();
        for (const auto& each : decisions) benchmark::DoNotOptimize(groups.apply(each));
    }
    state.SetItemsProcessed(state.iterations() * 1'000);
}
BENCHMARK(group_decisions);

}  // namespace
