#include "sidecar/kafka/record_injection_contexts.hpp"

#include <algorithm>

#include "sidecar/kafka/record_batch.hpp"
#include "sidecar/kafka/record_compression.hpp"

namespace outrider::kafka {
namespace {

bool same_span(const tracing::span_context& a, const tracing::span_context& b) {
    return a.span == b.span && a.trace == b.trace;
}

bool scan_contexts(std::string_view records, std::int32_t count, batch_contexts& found) {
    record_scan scan{records};
    record_view record;
    carrying_headers carried;
    std::int32_t seen = 0;
    for (; scan.next(record, carried); ++seen) {
        found.add(record.headers_there == 0 ? nullptr : &carried, record.offset_delta);
    }
    return !scan.failed() && seen == count;
}

}  // namespace

void batch_contexts::clear() {
    distinct.clear();
    without = beyond = 0;
}

void batch_contexts::add(const carrying_headers* carried, std::int32_t offset_delta) {
    auto context = carried == nullptr ? tracing::span_context{} : context_of(*carried);
    if (!context.valid()) {
        ++without;
        return;
    }
    // From the back: neighbours often carry the same.
    auto same = std::find_if(distinct.rbegin(), distinct.rend(),
                             [&](const record_context& one) { return same_span(one.context, context); });
    if (same != distinct.rend()) {
        ++same->records;
        same->last_offset_delta = offset_delta;
    } else if (distinct.size() < most) {
        distinct.push_back({context, 1, offset_delta, offset_delta});
    } else {
        ++beyond;
    }
}

tracing::span_context context_of(const carrying_headers& carried) {
    tracing::context_fields fields;
    fields.traceparent = carried.traceparent;
    fields.b3 = carried.b3;
    fields.uber_trace_id = carried.uber_trace_id;
    if (!fields.traceparent.empty() || !fields.b3.empty() || !fields.uber_trace_id.empty()) {
        auto found = tracing::extract(fields);
        if (found.parent.valid() || !fields.traceparent.empty()) return found.parent;
    }
    if (carried.ce_traceparent.empty()) return {};
    tracing::context_fields event;
    event.traceparent = carried.ce_traceparent;
    return tracing::extract(event).parent;
}

bool collect_contexts(std::string_view batch, record_codecs* codecs, const inflation_bound& bound,
                      batch_contexts& found) {
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
    auto whole = scan_contexts(records, header->records, found);
    if (!whole) found.clear();
    if (codecs != nullptr) codecs->trim();
    return whole;
}

}  // namespace outrider::kafka
