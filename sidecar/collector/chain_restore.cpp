#include <algorithm>

#include "sidecar/collector/chain_pipeline.hpp"
#include "tracing/otlp.hpp"

namespace outrider::collector {

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t word_holds_ns = 60 * second;

}  // namespace

/// The spans of a row, as if they had just come; their age is what it is.
void chain_pipeline::replay(const span_log::row& row, const std::vector<chain_fate>& fates, std::size_t& next) {
    for (; next < fates.size() && fates[next].through < row.number; ++next)
        store_.restore(fates[next].trace, fates[next].sent_as);
    tracing::span_batch decoded;
    if (row.what == log_row::json) {
        auto spans = tracing::decode_otlp_json(row.body);
        if (!spans) return;  // it was decodable when it came, under the limits of then
        decoded.take(std::move(spans->spans));
    } else if (decoded.decode(row.body)) {
        return;
    }
    const auto age = std::max<std::int64_t>(clock_.unix_ns() - row.unix_ns, 0);
    const auto then = clock_.steady_ns() - age;
    store_.add(decoded.spans(), then, row.number);
    if (flows_ != nullptr) {
        if (replayed_until_ns_ == 0) flows_->begin_restoring(row.unix_ns);
        replayed_until_ns_ = std::max(replayed_until_ns_, row.unix_ns);
        flows_->observe(decoded.spans(), row.unix_ns);
    }
    if (age < options_.stitching.memory.count())
        for (const auto& span : decoded.spans()) stitcher_.add(span, clock_.steady_ns());
}

void chain_pipeline::restore() {
    if (log_ == nullptr) return;
    log_->trim(clock_.unix_ns());
    std::vector<tracing::decision> decisions;
    std::vector<chain_fate> fates;
    log_->read(true, [&](const span_log::row& row) {
        auto notes = decode_notes(row.body);
        if (!notes) return;
        decisions.insert(decisions.end(), std::make_move_iterator(notes->decisions.begin()),
                         std::make_move_iterator(notes->decisions.end()));
        fates.insert(fates.end(), notes->fates.begin(), notes->fates.end());
    });
    std::stable_sort(fates.begin(), fates.end(),
                     [](const chain_fate& a, const chain_fate& b) { return a.through < b.through; });
    std::size_t next = 0;
    log_->read(false, [&](const span_log::row& row) { replay(row, fates, next); });
    for (; next < fates.size(); ++next) store_.restore(fates[next].trace, fates[next].sent_as);
    apply(decisions);
    if (replayed_until_ns_ != 0) flows_->end_restoring(replayed_until_ns_, clock_.unix_ns());
    for (const auto& one : decisions) restored_.push_back(one.root);
    std::sort(restored_.begin(), restored_.end());
    restored_until_ns_ = clock_.steady_ns() + word_holds_ns;
}

}  // namespace outrider::collector
