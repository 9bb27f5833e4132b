#include "sidecar/collector/chain_forwarder.hpp"

#include <algorithm>
#include <set>

#include "sidecar/collector/chain_digest.hpp"
#include "tracing/otlp.hpp"
#include "tracing/stitch/attribute_names.hpp"
#include "tracing/stitch/rewrite.hpp"

namespace outrider::collector {

using tracing::span_data;
using tracing::trace_id;

namespace {

constexpr std::string_view why_key = "chain.sampled.why";
constexpr std::size_t chunks = 512;  // of 64 KiB: a burst of settled chains

std::string traces_url(const std::string& base) { return base + (base.ends_with('/') ? "" : "/") + "v1/traces"; }

config::settings exporter_settings(const forward_options& options) {
    config::settings all;
    all.service = "outrider-collect";
    all.state = options.spool;
    all.tracing.otlp = options.url;
    all.tracing.otlp_url = traces_url(options.url);
    all.tracing.headers = options.headers;
    all.tracing.tls = options.tls;
    all.tracing.gzip = options.gzip;
    all.tracing.spool_bytes = options.spool_bytes;
    all.tracing.batch_delay = std::chrono::milliseconds(100);  // chains have waited long enough
    return all;
}

exporting::export_tuning tuning() {
    exporting::export_tuning how;
    how.many_resources = true;
    how.memory_bytes = 64 << 20;
    return how;
}

}  // namespace

std::string_view name_of(keep_reason reason) {
    static constexpr std::array<std::string_view, 5> names{"sampled", "error", "slow", "stuck", "none"};
    return names[static_cast<std::size_t>(reason)];
}

bool share_takes(const trace_id& chain, double share) {
    if (share >= 1) return true;
    constexpr double all = 1ULL << 56;  // as consistent head sampling does: by the last 56 bits, which are random
    std::uint64_t random = 0;
    for (std::size_t i = 9; i < 16; ++i) random = random << 8 | chain.bytes[i];
    return static_cast<double>(random) >= (1 - share) * all;
}

chain_forwarder::chain_forwarder(forward_options options)
    : options_(std::move(options)),
      buffer_(chunks),
      exporter_(std::make_unique<exporting::span_exporter>(exporter_settings(options_),
                                                           std::vector<tracing::span_buffer*>{&buffer_}, tuning())) {
    exporter_->start();
}

chain_forwarder::~chain_forwarder() = default;

keep_reason chain_forwarder::reason_to_keep(const std::vector<span_data>& spans, const trace_id& id,
                                            std::uint64_t now_unix_ns, const usual_outcomes& usual) const {
    if (share_takes(id, options_.share)) return keep_reason::sampled;
    const auto digest = usual.digest_of(spans, now_unix_ns);
    if (digest.errors > 0) return keep_reason::error;
    if (digest.stuck) return keep_reason::stuck;
    if (options_.slow.count() > 0 && digest.duration_ns() >= static_cast<std::uint64_t>(options_.slow.count()))
        return keep_reason::slow;
    return keep_reason::none;
}

bool chain_forwarder::take(const settled_chain& settled, const std::vector<span_data>& spans, std::uint64_t now_unix_ns,
                           const usual_outcomes& usual) {
    const bool known = settled.sent || settled.sampled_out;
    if (known) late_ += settled.spans;
    if (!settled.sent && settled.sampled_out) {
        sampled_out_ += settled.spans;
        return false;
    }
    auto reason = keep_reason::sampled;
    if (!known) {
        reason = reason_to_keep(spans, settled.chain.id, now_unix_ns, usual);
        ++chains_[static_cast<std::size_t>(reason)];
    }
    if (reason == keep_reason::none) {
        sampled_out_ += settled.spans;
        return false;
    }
    for (std::size_t i = 0; i < spans.size() && i < settled.fresh.size(); ++i) {
        if (!settled.fresh[i]) continue;
        auto span = spans[i];
        tracing::strip_captured(span);
        // One search finds every id that an application may have logged, that of the chain too.
        if (tracing::find_attribute(span.attributes, tracing::chain_attributes::original_trace_id) == nullptr)
            span.attributes.push_back({std::string{tracing::chain_attributes::original_trace_id},
                                       tracing::attribute_value{span.trace.hex()}});
        // Kept for what it is, not by chance: whoever counts up from the share must leave it out.
        if (reason != keep_reason::sampled)
            span.attributes.push_back({std::string{why_key}, tracing::attribute_value{std::string{name_of(reason)}}});
        send(std::move(span));
    }
    taken_ += settled.spans;
    return true;
}

void chain_forwarder::send(span_data span) {
    auto* out = buffer_.open();
    if (out == nullptr) return;  // counted there
    std::vector<span_data> one;
    one.push_back(std::move(span));
    out->append(tracing::encode_otlp(one));
    buffer_.close();
}

void chain_forwarder::flush() { buffer_.flush(); }

void chain_forwarder::stop(std::chrono::milliseconds patience) {
    buffer_.flush();
    exporter_->stop(patience);
}

chain_forwarder::counters chain_forwarder::read() const {
    counters out;
    for (std::size_t i = 0; i < chains_.size(); ++i) out.chains[i] = chains_[i].load();
    out.sampled_out_spans = sampled_out_.load();
    out.late_spans = late_.load();
    out.taken_spans = taken_.load();
    out.delivery = exporter_->stats();
    return out;
}

}  // namespace outrider::collector
