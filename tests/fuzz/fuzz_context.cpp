// Header fields of trace contexts: whatever is read is either refused or comes back the same when it was written.
#include <array>
#include <cstdint>
#include <cstdlib>

#include "tracing/context.hpp"
#include "tracing/sampler.hpp"

using namespace outrider::tracing;

namespace {

// The lines of the input are the fields, in this order.
context_fields fields_of(std::string_view input) {
    context_fields fields;
    std::array<std::string_view*, 13> targets{&fields.traceparent,   &fields.tracestate[0], &fields.tracestate[1],
                                              &fields.tracestate[2], &fields.tracestate[3], &fields.b3,
                                              &fields.b3_trace_id,   &fields.b3_span_id,    &fields.b3_parent_span_id,
                                              &fields.b3_sampled,    &fields.b3_flags,      &fields.uber_trace_id,
                                              &fields.request_id};
    for (auto* target : targets) {
        auto end = input.find('\n');
        *target = input.substr(0, end);
        if (end == std::string_view::npos) break;
        input.remove_prefix(end + 1);
    }
    fields.tracestate_lines = 4;
    return fields;
}

void require(bool holds) {
    if (!holds) std::abort();
}

std::string_view value_of(std::string_view lines, std::string_view name) {
    auto at = lines.find(name);
    if (at == std::string_view::npos) return {};
    lines.remove_prefix(at + name.size());
    return lines.substr(0, lines.find("\r\n"));
}

void check_round_trip(const extracted& found) {
    std::string out;
    inject(out, propagators{15, true}, found.parent, found, "00f067aa0ba902b7", "th:8");
    context_fields again;
    again.traceparent = value_of(out, "traceparent: ");
    again.tracestate[0] = value_of(out, "\ntracestate: ");
    again.tracestate_lines = 1;
    auto back = extract(again);
    require(back.parent.trace == found.parent.trace && back.parent.span == found.parent.span);
    require(back.parent.flags == found.parent.flags && back.tracestate_lines == 1);
    again = {};
    again.b3 = value_of(out, "\nb3: ");
    require(extract(again).parent.trace == found.parent.trace &&
            extract(again).parent.sampled() == found.parent.sampled());
    again = {};
    again.uber_trace_id = value_of(out, "\nuber-trace-id: ");
    require(extract(again).parent.span == found.parent.span && extract(again).parent.debug == found.parent.debug);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view input{reinterpret_cast<const char*>(data), size};
    auto found = extract(fields_of(input));
    require(!(found.bad && found.parent.valid()));
    if (found.parent.valid()) check_round_trip(found);
    static const sampler half{{sampler_kind::trace_id_ratio, false, 0.5}};
    auto decision = half.decide(found.parent.trace, found, {});
    std::string out;
    inject(out, propagators{}, found.parent, found, {}, decision.ot);
    return 0;
}
