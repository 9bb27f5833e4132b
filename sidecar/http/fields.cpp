#include "sidecar/http/fields.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace outrider::http {
namespace {

using entry = std::pair<std::string_view, field_id>;

// Sorted by length; names of one length are told apart by comparing.
constexpr std::array known{
    entry{"b3", field_id::b3},
    entry{"te", field_id::te},
    entry{"via", field_id::via},
    entry{"date", field_id::date},
    entry{"host", field_id::host},
    entry{"expect", field_id::expect},
    entry{"baggage", field_id::baggage},
    entry{"trailer", field_id::trailer},
    entry{"upgrade", field_id::upgrade},
    entry{"forwarded", field_id::forwarded},
    entry{"connection", field_id::connection},
    entry{"keep-alive", field_id::keep_alive},
    entry{"tracestate", field_id::trace_state},
    entry{"user-agent", field_id::user_agent},
    entry{"traceparent", field_id::trace_parent},
    entry{"x-b3-flags", field_id::x_b3_flags},
    entry{"grpc-timeout", field_id::grpc_timeout},
    entry{"content-type", field_id::content_type},
    entry{"max-forwards", field_id::max_forwards},
    entry{"x-b3-spanid", field_id::x_b3_span_id},
    entry{"x-b3-sampled", field_id::x_b3_sampled},
    entry{"x-b3-traceid", field_id::x_b3_trace_id},
    entry{"x-request-id", field_id::x_request_id},
    entry{"uber-trace-id", field_id::uber_trace_id},
    entry{"content-length", field_id::content_length},
    entry{"http2-settings", field_id::http2_settings},
    entry{"x-forwarded-for", field_id::x_forwarded_for},
    entry{"proxy-connection", field_id::proxy_connection},
    entry{"content-encoding", field_id::content_encoding},
    entry{"x-forwarded-host", field_id::x_forwarded_host},
    entry{"x-b3-parentspanid", field_id::x_b3_parent_span_id},
    entry{"x-forwarded-proto", field_id::x_forwarded_proto},
    entry{"transfer-encoding", field_id::transfer_encoding},
    entry{"x-outrider-timeout-ms", field_id::x_outrider_timeout_ms},
};

constexpr std::size_t longest = 21;

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

/// The known names of one length.
struct bucket {
    std::uint8_t size = 0;
    std::array<std::uint8_t, 6> index{};
};

constexpr auto by_length = [] {
    std::array<bucket, longest + 1> table{};
    for (std::size_t i = 0; i < known.size(); ++i) {
        auto& slot = table[known[i].first.size()];
        slot.index[slot.size++] = static_cast<std::uint8_t>(i);
    }
    return table;
}();

std::uint64_t eight_at(const char* at) {
    std::uint64_t out;
    std::memcpy(&out, at, sizeof out);
    return out;
}

/// Whether `name` is `text`, which is lower case and as long. Letters differ from lower case, and what `text` is made
/// of differs from control characters, by the one bit that is set here.
bool is_known(const char* name, std::string_view text) {
    constexpr std::uint64_t case_bits = 0x2020202020202020;
    auto size = text.size();
    if (size < 8) {
        for (std::size_t i = 0; i < size; ++i)
            if ((name[i] | 0x20) != text[i]) return false;
        return true;
    }
    for (std::size_t i = 0; i + 8 < size; i += 8)
        if ((eight_at(name + i) | case_bits) != eight_at(text.data() + i)) return false;
    return (eight_at(name + size - 8) | case_bits) == eight_at(text.data() + size - 8);
}

}  // namespace

bool same_name(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

field_id identify(std::string_view name) {
    if (name.size() > longest) return field_id::other;
    const auto& candidates = by_length[name.size()];
    for (std::uint8_t i = 0; i < candidates.size; ++i) {
        const auto& [text, id] = known[candidates.index[i]];
        if (is_known(name.data(), text)) return id;
    }
    return field_id::other;
}

bool is_token(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char); }

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool parse_field_line(std::string_view line, field& out) {
    std::size_t colon = 0;
    while (colon < line.size() && is_token_char(line[colon])) ++colon;
    if (colon == 0 || colon == line.size() || line[colon] != ':') return false;
    out.name = line.substr(0, colon);
    out.value = trim(line.substr(colon + 1));
    for (char c : out.value)
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return false;
    out.line = line;
    out.id = identify(out.name);
    out.dropped = false;
    return true;
}

}  // namespace outrider::http
