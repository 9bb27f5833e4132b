#include "sidecar/collector/run.hpp"

#include <algorithm>
#include <chrono>
#include <iostream>
#include <memory>
#include <optional>

#include <pthread.h>
#include <signal.h>

#include "sidecar/collector/collector_routes.hpp"
#include "sidecar/collector/heap_pages.hpp"
#include "sidecar/net/http_server.hpp"
#include "sidecar/net/log.hpp"

namespace outrider::collector {

namespace {

constexpr std::uint64_t mebibyte = 1ULL << 20;
constexpr std::chrono::seconds drain_time{5};

/// SIGTERM, SIGINT and SIGHUP, taken by whoever waits here instead of by a handler. Threads started meanwhile inherit
/// the mask.
class stop_signals {
  public:
    stop_signals() {
        sigemptyset(&wanted_);
        sigaddset(&wanted_, SIGTERM);
        sigaddset(&wanted_, SIGINT);
        sigaddset(&wanted_, SIGHUP);
        pthread_sigmask(SIG_BLOCK, &wanted_, &before_);
    }
    ~stop_signals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    stop_signals(const stop_signals&) = delete;
    stop_signals& operator=(const stop_signals&) = delete;

    /// One of them, or 0 after a second.
    int wait() const {
        const timespec second{1, 0};
        return std::max(sigtimedwait(&wanted_, nullptr, &second), 0);
    }

  private:
    sigset_t wanted_, before_;
};

/// What is wrong with the options, or nothing.
std::string fault_of(const collect_options& options) {
    if (options.memory_bytes < mebibyte) return "--memory: at least 1 MiB is needed";
    if (options.max_traces == 0) return "--max-traces: at least 1 is needed";
    if (!options.store.empty() && options.store_bytes < mebibyte) return "--store-size: at least 1 MiB is needed";
    if (options.request_bytes == 0 || options.request_bytes > 1024 * mebibyte)
        return "--max-request: between 1 byte and 1 GiB";
    return {};
}

net::http_server_options server_options(const collect_options& options) {
    net::http_server_options server;
    server.listen = options.listen;
    server.setting = "--listen";
    server.thread_name = "collector";
    server.body_bytes = options.request_bytes;
    server.all_bodies_bytes = 2 * options.request_bytes + mebibyte;  // exporters that are told to wait retry
    return server;
}

route_options rules_of(const collect_options& options) {
    route_options rules;
    rules.request_bytes = options.request_bytes;
    rules.decoded_bytes = std::max(options.memory_bytes / 2, mebibyte);
    rules.answer_bytes = std::max(options.memory_bytes / 4, mebibyte);
    rules.listen_host = options.listen.host;
    rules.hosts = options.hosts;
    return rules;
}

std::uint64_t unix_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

pipeline_clock real_clock() {
    // Far from zero, so that what came before the machine was started has a time too.
    constexpr std::int64_t origin = 1'000'000'000'000'000'000;
    return {[] {
                return origin + std::chrono::duration_cast<std::chrono::nanoseconds>(
                                    std::chrono::steady_clock::now().time_since_epoch())
                                    .count();
            },
            [] { return static_cast<std::int64_t>(unix_now()); }};
}

/// A quarter for the stitcher, an eighth for what waits for it, a sixteenth for digests, the rest for what is held.
store_limits limits_of(const collect_options& options) {
    return {options.memory_bytes / 16 * 9, options.memory_bytes / 8, options.max_traces, options.keep};
}

pipeline_options pipeline_of(const collect_options& options) {
    pipeline_options out;
    out.stitching.memory_bytes = options.memory_bytes / 4;
    out.stitching.least_confidence = options.confidence;
    out.stitching.memory = std::min<std::chrono::nanoseconds>(out.stitching.memory, options.keep);
    out.queue_bytes = options.memory_bytes / 8;
    out.digest_bytes = options.memory_bytes / 16;
    return out;
}

std::unique_ptr<span_log> open_log(const collect_options& options) {
    if (options.store.empty()) return nullptr;
    signal(SIGXFSZ, SIG_IGN);  // a limit on the size of files is a full disk
    return std::make_unique<span_log>(span_log_options{options.store, options.store_bytes, options.keep});
}

std::unique_ptr<chain_forwarder> open_forwarder(const collect_options& options) {
    if (options.forward.url.empty()) return nullptr;
    auto forward = options.forward;
    if (!options.store.empty()) forward.spool = options.store + ".forward";
    return std::make_unique<chain_forwarder>(std::move(forward));
}

std::unique_ptr<flow_watch> open_flows(const collect_options& options, std::vector<flows::flow> expected,
                                       const trace_store& store) {
    if (options.flows.paths.empty()) return nullptr;
    return std::make_unique<flow_watch>(options.flows, std::move(expected), options.memory_bytes / 8, store,
                                        static_cast<flows::unix_ns>(unix_now()));
}

/// Meanwhile flows are read again when their files change, or somebody says so.
void wait_for_the_end(const stop_signals& signals, flow_watch* flows) {
    for (;;) {
        const int taken = signals.wait();
        if (taken != 0 && taken != SIGHUP) return;
        if (flows == nullptr) continue;
        const auto now = static_cast<flows::unix_ns>(unix_now());
        taken == SIGHUP ? flows->reload("SIGHUP", now) : flows->look(now);
    }
}

/// Listens, serves until a signal comes, and brings to an end what is under way.
void serve(const collect_options& options, std::vector<flows::flow> expected, const stop_signals& signals) {
    trace_store store{limits_of(options)};
    const auto log = open_log(options);
    const auto forward = open_forwarder(options);
    const auto flows = open_flows(options, std::move(expected), store);
    chain_pipeline pipeline{store, pipeline_of(options), log.get(), forward.get(), real_clock(), flows.get()};
    pipeline.restore();
    collector_routes routes{store, pipeline, rules_of(options), unix_now, log.get(), forward.get(), flows.get()};
    net::http_server server{server_options(options),
                            [&](const net::server_request& request) { return routes.handle(request); }};
    pipeline.start();
    std::cout << "outrider collect: OTLP/HTTP on http://" << server.address() << "/v1/traces, dashboard on http://"
              << server.address() << "/" << std::endl;
    wait_for_the_end(signals, flows.get());
    server.stop(drain_time);
    pipeline.stop();
    if (forward) forward->stop(drain_time);
}

/// Nothing when there were errors: they have been told.
std::optional<std::vector<flows::flow>> read_flows(const config::flow_input& input) {
    auto read = config::load_flows(input);
    if (const auto* errors = std::get_if<config::diagnostics>(&read)) {
        for (const auto& each : *errors) std::cerr << config::to_text(each) << "\n";
        return std::nullopt;
    }
    auto& loaded = std::get<config::loaded_flows>(read);
    for (const auto& each : loaded.warnings) std::cerr << "warning: " << config::to_text(each) << "\n";
    return std::move(loaded.value);
}

}  // namespace

int run_collector(const collect_options& options) {
    if (const auto fault = fault_of(options); !fault.empty()) {
        std::cerr << "outrider collect: " << fault << "\n";
        return 2;
    }
    auto expected = read_flows(options.flows);
    if (!expected) return 2;
    // What is said later is for the same readers as what is said at the start.
    spdlog::set_default_logger(
        std::make_shared<spdlog::logger>("outrider", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
    heap_pages::set_up();
    const stop_signals signals;
    try {
        serve(options, std::move(*expected), signals);
    } catch (const std::runtime_error& error) {  // an address, a file, a URL: they say which
        std::cerr << "outrider collect: " << error.what() << "\n";
        return 1;
    }
    return 0;
}

}  // namespace outrider::collector
