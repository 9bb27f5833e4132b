#include "tracing/jaeger_context.hpp"

#include "tracing/hex.hpp"

namespace outrider::tracing {
namespace {

constexpr std::uint8_t jaeger_sampled = 1, jaeger_debug = 2;

/// The four parts of the value; `count` is 5 when there were more.
struct parts {
    std::array<std::string_view, 4> at;
    std::size_t count = 0;
};

// Where the next colon is, plain or escaped, and how long it is.
std::pair<std::size_t, std::size_t> find_colon(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ':') return {i, 1};
        if (text[i] == '%' && i + 2 < text.size() && text[i + 1] == '3' && (text[i + 2] | 0x20) == 'a') return {i, 3};
    }
    return {text.size(), 0};
}

parts split(std::string_view value) {
    parts result;
    while (true) {
        if (result.count == result.at.size()) return {{}, 5};
        auto [at, size] = find_colon(value);
        result.at[result.count++] = value.substr(0, at);
        if (size == 0) return result;
        value.remove_prefix(at + size);
    }
}

}  // namespace

std::optional<span_context> parse_uber_trace_id(std::string_view value) {
    auto fields = split(value);
    if (fields.count != 4) return {};
    auto [trace, span, parent, flags] = fields.at;
    span_context parsed;
    span_id deprecated_parent;
    std::array<std::uint8_t, 1> bits;
    if (!read_padded_hex(trace, parsed.trace.bytes) || !read_padded_hex(span, parsed.span.bytes)) return {};
    if (!read_padded_hex(flags, bits) || !parsed.valid()) return {};
    if (!parent.empty() && !read_padded_hex(parent, deprecated_parent.bytes)) return {};
    parsed.debug = (bits[0] & jaeger_debug) != 0;
    parsed.flags = (bits[0] & (jaeger_sampled | jaeger_debug)) != 0 ? flag_sampled : 0;
    return parsed;
}

void append_uber_trace_id(std::string& out, const span_context& own) {
    static constexpr std::string_view name = "uber-trace-id: ", parent = ":0:";
    std::array<char, name.size() + 32 + 1 + 16 + parent.size() + 1 + 2> line;
    auto* at = line.data() + name.copy(line.data(), name.size());
    at = write_hex(at, own.trace.bytes);
    *at++ = ':';
    at = write_hex(at, own.span.bytes);
    at += parent.copy(at, parent.size());
    *at++ = own.debug ? '3' : own.sampled() ? '1' : '0';
    *at++ = '\r';
    *at++ = '\n';
    out.append(line.data(), line.size());
}

}  // namespace outrider::tracing
