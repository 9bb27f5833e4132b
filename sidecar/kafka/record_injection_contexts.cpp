#include "sidecar/kafka/record_injection_contexts.hpp"

#include <algorithm>

#include "sidecar/kafka/record_batch.hpp"
#include "sidecar/kafka/record_compression.hpp"
#include "tracing/text.hpp"
#include "tracing/traceparent.hpp"

namespace outrider::kafka {
namespace {

bool same_span(const tracing::span_context& a, const tracing::span_context& b) {
    return a.span == b.span && a.trace == b.trace;
}

tracing::span_context w3c_context(std::string_view value) {
    return tracing::parse_traceparent(tracing::trim_blanks(value)).value_or(tracing::span_context{});
}

bool scan_contexts(std::string_view records, std::int32_t count, batch_contexts& found, record_observer* observer) {
    record_scan scan{records};
    record_view record;
    carrying_headers carried;
    std::int32_t seen = 0;
    for (; scan.next(record, carried); ++seen) {
        const auto context = found.add(record.headers_there == 0 ? nullptr : &carried, record.offset_delta);
        if (observer != nullptr) observer->on_record(record, context);
    }
    return !scan.failed() && seen == count;
}

}  // namespace

void batch_contexts::clear() {
    distinct.clear();
    without = beyond = 0;
    last_ = most;
}

std::size_t batch_contexts::add(const carrying_headers* carried, std::int32_t offset_delta) {
    if (carried == nullptr) {
        ++without;
        return most;
    }
    if (repeats_the_last(carried->traceparent)) {
        ++distinct[last_].records;
        distinct[last_].last_offset_delta = offset_delta;
        return last_;
    }
    add(context_of(*carried), offset_delta);
    const auto number = last_;
    if (last_ != most) carried->traceparent.copy(last_traceparent_.data(), last_traceparent_.size());
    if (carried->traceparent.size() != last_traceparent_.size()) last_ = most;
    return number;
}

bool batch_contexts::repeats_the_last(std::string_view traceparent) const {
    return last_ != most && traceparent == std::string_view{last_traceparent_.data(), last_traceparent_.size()};
}

void batch_contexts::add(const tracing::span_context& context, std::int32_t offset_delta) {
    last_ = most;
    if (!context.valid()) {
        ++without;
        return;
    }
    auto same = std::find_if(distinct.begin(), distinct.end(),
                             [&](const record_context& one) { return same_span(one.context, context); });
    if (same == distinct.end() && distinct.size() == most) {
        ++beyond;
        return;
    }
    if (same == distinct.end()) same = distinct.insert(same, {context, 0, offset_delta, offset_delta});
    ++same->records;
    same->last_offset_delta = offset_delta;
    last_ = static_cast<std::size_t>(same - distinct.begin());
}

tracing::span_context context_of(const carrying_headers& carried) {
    // What extract() would find, without the fields that records don't have: this is done for each record of a fetch.
    if (!carried.traceparent.empty()) return w3c_context(carried.traceparent);
    if (!carried.b3.empty() || !carried.uber_trace_id.empty()) {
        tracing::context_fields fields;
        fields.b3 = carried.b3;
        fields.uber_trace_id = carried.uber_trace_id;
        if (auto found = tracing::extract(fields); found.parent.valid()) return found.parent;
    }
    return w3c_context(carried.ce_traceparent);
}

bool collect_contexts(std::string_view batch, record_codecs* codecs, const inflation_bound& bound,
                      batch_contexts& found, record_observer* observer) {
    found.clear();
    auto header = read_batch_header(batch);
    if (!header || batch_total_size(batch) != batch.size() || header->is_control()) return false;
    auto records = batch.substr(batch_header_size);
    if (header->codec() != codec::none) {
        if (codecs == nullptr) return false;
        auto unpacked = codecs->decompress(header->codec(), records, bound);
        if (unpacked.outcome != codec_outcome::ok) return false;
        records = unpacked.bytes;
    }
    auto whole = scan_contexts(records, header->records, found, observer);
    if (!whole) found.clear();
    if (codecs != nullptr) codecs->trim();
    return whole;
}

}  // namespace outrider::kafka
