#include <algorithm>

#include "sidecar/config/endpoint.hpp"
#include "sidecar/config/rules.hpp"
#include "sidecar/config/units.hpp"

namespace outrider::config {
namespace {

constexpr milliseconds collector_delay{200};

}  // namespace

void tracing_rules::run() {
    check_otlp_url();
    check_headers();
    check_tls("tracing.tls", value_.tracing.tls);
    check_exporter();
    check_batch();
    check_sampler();
}

void tracing_rules::check_headers() {
    constexpr std::string_view symbols = "!#$%&'*+-.^_`|~";
    for (const auto& [name, text] : value_.tracing.headers) {
        const auto path = "tracing.headers." + name;
        const bool good_name = std::all_of(name.begin(), name.end(), [&](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   symbols.find(c) != symbols.npos;
        });
        if (!good_name || name.empty()) fail(path, "'" + name + "' is not the name of a header field");
        const bool good_value = std::none_of(text.begin(), text.end(), [](char c) {
            return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
        });
        if (!good_value) fail(path, "the value of '" + path + "' has a line end or another control character");
    }
}

/// What spans are posted to: of the base URL and the full URL the one from the stronger source, the full one in a tie.
/// A collector excludes both.
void tracing_rules::check_otlp_url() {
    auto& tracing = value_.tracing;
    const bool full = tracing.collector.empty() && !tracing.otlp_traces.empty() &&
                      (tracing.otlp.empty() || where("tracing.otlp_traces").from >= where("tracing.otlp").from);
    const bool chains = !tracing.collector.empty();
    const std::string path = chains ? "tracing.collector" : full ? "tracing.otlp_traces" : "tracing.otlp";
    std::string url = chains ? tracing.collector : full ? tracing.otlp_traces : tracing.otlp;
    if (url.empty()) {
        if (tracing.exporter == exporter::otlp && !tracing.disabled && !given("tracing.otlp") &&
            !given("tracing.otlp_traces") && !given("tracing.collector")) {
            warn("",
                 "no collector is configured, so spans go nowhere; set 'tracing.otlp' (--otlp) or 'tracing.collector' "
                 "(--collector), or 'tracing.exporter: none'");
        }
        return;
    }
    if (!full && (url.ends_with("/v1/traces") || url.ends_with("/v1/traces/"))) {
        warn(path,
             "'" + path + "' is a base URL, to which v1/traces is added; this one has it already and is used as it is");
    } else if (!full) {
        url += url.ends_with('/') ? "v1/traces" : "/v1/traces";
    }
    upstream_endpoint collector;
    const auto address = std::string_view{url}.substr(0, url.find('/', url.find("://") + 3));
    if (parse_upstream_endpoint(address, collector).empty() && collector.address.port == 4317) {
        warn(path, "'" + path + "': 4317 is gRPC's port; use 4318");
    }
    if (!(tracing.tls == tls_client{}) && !collector.tls)
        warn(path, "'tracing.tls' has no effect: " + std::string{address} + " is not https://");
    tracing.otlp_url = url;
}

void tracing_rules::check_exporter() {
    const auto& tracing = value_.tracing;
    if (tracing.exporter == exporter::file && tracing.file.empty()) {
        fail("tracing.exporter", "'tracing.exporter: file' needs 'tracing.file'");
    }
    if (tracing.exporter != exporter::file && given("tracing.file")) {
        warn("tracing.file", "'tracing.file' has no effect without 'tracing.exporter: file'");
    }
}

void tracing_rules::check_batch() {
    auto& tracing = value_.tracing;
    // A chain is decided when its last span is there: it should not be the export that keeps it waiting.
    if (!tracing.collector.empty() && !given("tracing.batch.delay")) tracing.batch_delay = collector_delay;
    if (tracing.batch_size <= tracing.queue_size) return;
    const std::string path = given("tracing.batch.size") ? "tracing.batch.size" : "tracing.batch.queue";
    const auto text = "'tracing.batch.size' " + std::to_string(tracing.batch_size) +
                      " is more than 'tracing.batch.queue' " + std::to_string(tracing.queue_size);
    if (where(path).from != source::otel_environment) return fail(path, text + "; a batch comes out of the queue");
    warn(path, text + "; the queue's size is taken");
    tracing.batch_size = tracing.queue_size;
}

void tracing_rules::check_sampler() {
    const auto& tracing = value_.tracing;
    const bool ratio = tracing.sampler == sampler::traceidratio || tracing.sampler == sampler::parentbased_traceidratio;
    const bool limited =
        tracing.sampler == sampler::rate_limited || tracing.sampler == sampler::parentbased_rate_limited;
    const auto argument = share_text(tracing.sampler_arg);
    if (ratio && tracing.sampler_arg > 1) {
        fail("tracing.sampler_arg",
             "'tracing.sampler_arg': " + argument + " is not a share; write a number from 0 to 1, or a percentage");
    }
    if (limited && !given("tracing.sampler_arg")) {
        fail("tracing.sampler", "a rate-limited sampler needs 'tracing.sampler_arg', in traces per second");
    }
    std::set<propagator> seen;
    for (const auto each : tracing.propagators) {
        if (!seen.insert(each).second)
            return fail("tracing.propagators", "'tracing.propagators' names one format twice");
    }
}

}  // namespace outrider::config
