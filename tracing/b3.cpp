#include "tracing/b3.hpp"

#include <algorithm>

#include "tracing/hex.hpp"

namespace outrider::tracing {
namespace {

bool read_trace(std::string_view text, trace_id& to) {
    return (text.size() == 16 || text.size() == 32) && read_padded_hex(text, to.bytes) && to.valid();
}

bool read_span(std::string_view text, span_id& to) { return read_hex(text, to.bytes, hex_case::any) && to.valid(); }

void decide(carried& result, bool sampled, bool debug) {
    result.sampling_decided = true;
    result.parent.debug = debug;
    result.parent.flags = sampled || debug ? flag_sampled : 0;
}

// "true" and "false" are what tracers wrote before the format was settled.
bool read_decision(std::string_view text, carried& result) {
    if (text == "d") {
        decide(result, true, true);
        return true;
    }
    bool yes = text == "1" || text == "true", no = text == "0" || text == "false";
    if (yes || no) decide(result, yes, false);
    return yes || no;
}

std::string_view next_part(std::string_view& rest) {
    auto dash = std::min(rest.find('-'), rest.size());
    auto part = rest.substr(0, dash);
    rest.remove_prefix(std::min(dash + 1, rest.size()));
    return part;
}

}  // namespace

std::optional<carried> parse_b3(std::string_view value) {
    carried result;
    if (value.size() < 16) return read_decision(value, result) ? std::optional{result} : std::nullopt;
    auto rest = value;
    if (!read_trace(next_part(rest), result.parent.trace) || !read_span(next_part(rest), result.parent.span)) return {};
    if (rest.empty()) return value.back() == '-' ? std::nullopt : std::optional{result};
    if (!read_decision(next_part(rest), result)) return {};
    span_id parent_of_parent;
    if (rest.empty() ? value.back() == '-' : !read_span(rest, parent_of_parent)) return {};
    return result;
}

std::optional<carried> parse_b3_multi(const context_fields& fields) {
    carried result;
    bool ids = !fields.b3_trace_id.empty() || !fields.b3_span_id.empty();
    if (ids && !read_trace(fields.b3_trace_id, result.parent.trace)) return {};
    if (ids && !read_span(fields.b3_span_id, result.parent.span)) return {};
    if (fields.b3_flags == "1") {
        decide(result, true, true);
    } else if (!fields.b3_sampled.empty() && !read_decision(fields.b3_sampled, result)) {
        return {};
    }
    if (!ids && !result.sampling_decided) return {};
    return result;
}

void append_b3(std::string& out, const span_context& own) {
    static constexpr std::string_view name = "b3: ";
    std::array<char, name.size() + 32 + 1 + 16 + 1 + 1 + 2> line;
    auto* at = line.data() + name.copy(line.data(), name.size());
    at = write_hex(at, own.trace.bytes);
    *at++ = '-';
    at = write_hex(at, own.span.bytes);
    *at++ = '-';
    *at++ = own.debug ? 'd' : own.sampled() ? '1' : '0';
    *at++ = '\r';
    *at++ = '\n';
    out.append(line.data(), line.size());
}

void append_b3_multi(std::string& out, const span_context& own) {
    std::array<char, 32> hex;
    out.append("x-b3-traceid: ").append(hex.data(), write_hex(hex.data(), own.trace.bytes));
    out.append("\r\nx-b3-spanid: ").append(hex.data(), write_hex(hex.data(), own.span.bytes));
    if (own.debug) {
        out.append("\r\nx-b3-flags: 1\r\n");
    } else {
        out.append(own.sampled() ? "\r\nx-b3-sampled: 1\r\n" : "\r\nx-b3-sampled: 0\r\n");
    }
}

}  // namespace outrider::tracing
