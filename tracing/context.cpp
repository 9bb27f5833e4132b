#include "tracing/context.hpp"

#include <algorithm>
#include <array>

#include "tracing/b3.hpp"
#include "tracing/jaeger_context.hpp"
#include "tracing/request_id.hpp"
#include "tracing/text.hpp"
#include "tracing/traceparent.hpp"
#include "tracing/tracestate.hpp"

namespace outrider::tracing {
namespace {

std::span<const std::string_view> lines_of(const std::array<std::string_view, 4>& lines, std::size_t count) {
    return {lines.data(), std::min(count, lines.size())};
}

// W3C Trace Context 4.3: what fails here must start a new trace, whatever the other fields say.
extracted extract_w3c(const context_fields& fields) {
    extracted result;
    auto parent = parse_traceparent(trim_blanks(fields.traceparent));
    if (!parent || fields.repeated_traceparent) {
        result.bad = true;
        return result;
    }
    result.format = context_format::w3c;
    result.parent = *parent;
    result.sampling_decided = true;
    auto lines = lines_of(fields.tracestate, fields.tracestate_lines);
    if (!fields.tracestate_overflow && valid_tracestate(lines)) {
        result.tracestate = fields.tracestate;
        result.tracestate_lines = static_cast<std::uint8_t>(lines.size());
    }
    return result;
}

bool take(extracted& result, context_format format, const std::optional<carried>& found) {
    if (!found) {
        result.bad = true;
        return false;
    }
    result.format = format;
    result.parent = found->parent;
    result.sampling_decided = found->sampling_decided;
    result.bad = false;
    return true;
}

bool has_b3_multi(const context_fields& fields) {
    return !fields.b3_trace_id.empty() || !fields.b3_span_id.empty() || !fields.b3_sampled.empty() ||
           !fields.b3_flags.empty();
}

}  // namespace

extracted extract(const context_fields& fields) {
    if (!fields.traceparent.empty() || fields.repeated_traceparent) return extract_w3c(fields);
    extracted result;
    if (!fields.b3.empty() && take(result, context_format::b3_single, parse_b3(trim_blanks(fields.b3)))) return result;
    if (has_b3_multi(fields) && take(result, context_format::b3_multi, parse_b3_multi(fields))) return result;
    if (!fields.uber_trace_id.empty()) {
        auto parent = parse_uber_trace_id(trim_blanks(fields.uber_trace_id));
        if (take(result, context_format::jaeger, parent ? std::optional{carried{*parent, true}} : std::nullopt))
            return result;
    }
    if (result.bad || fields.request_id.empty()) return result;
    if (auto trace = trace_of_request_id(trim_blanks(fields.request_id))) {
        result.format = context_format::request_id;
        result.parent.trace = *trace;
    }
    return result;
}

namespace {

void inject_tracestate(std::string& out, const extracted& incoming, std::string_view member,
                       std::optional<std::string_view> ot) {
    static constexpr std::string_view name = "tracestate: ";
    auto lines = lines_of(incoming.tracestate, incoming.tracestate_lines);
    if (member.empty() && !ot) {
        for (auto line : lines) {
            if (!line.empty()) out.append(name).append(line).append("\r\n");
        }
        return;
    }
    std::array<tracestate_edit, 2> edits;
    std::size_t count = 0;
    if (!member.empty()) edits[count++] = {own_member, member};
    if (ot) edits[count++] = {"ot", *ot};
    out.append(name);
    auto begin = out.size();
    append_tracestate(out, lines, {edits.data(), count});
    if (out.size() == begin) {
        out.resize(begin - name.size());
    } else {
        out.append("\r\n");
    }
}

}  // namespace

void inject(std::string& out, propagators which, const span_context& own, const extracted& incoming,
            std::string_view member, std::optional<std::string_view> ot) {
    auto writes = [&](format one) { return (which.formats & static_cast<std::uint8_t>(one)) != 0; };
    if (writes(format::tracecontext)) {
        append_traceparent(out, own);
        inject_tracestate(out, incoming, member, ot);
    }
    if (writes(format::b3)) append_b3(out, own);
    if (writes(format::b3multi)) append_b3_multi(out, own);
    if (writes(format::jaeger)) append_uber_trace_id(out, own);
}

}  // namespace outrider::tracing
