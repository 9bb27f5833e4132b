#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "sidecar/http/fields.hpp"

// The known names as a table, for identify() and for the parser of heads, into whose loop it is inlined.

namespace outrider::http::field_names {

using entry = std::pair<std::string_view, field_id>;

inline constexpr std::array known{
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

inline constexpr std::size_t longest = 21;
inline constexpr std::size_t slots = 128;

/// Where a name stands in the table, by its length and two of its letters. That no two known names stand in one place
/// is checked below; a new one may ask for other factors.
constexpr std::size_t slot_of(std::string_view name) {
    auto last = static_cast<unsigned char>(name.back() | 0x20),
         middle = static_cast<unsigned char>(name[name.size() / 2] | 0x20);
    return (name.size() + 4U * last + 51U * middle) % slots;
}

inline constexpr std::uint8_t none = 0xff;

inline constexpr auto place_of = [] {
    std::array<std::uint8_t, slots> table{};
    table.fill(none);
    for (std::size_t i = 0; i < known.size(); ++i) table[slot_of(known[i].first)] = static_cast<std::uint8_t>(i);
    return table;
}();

static_assert([] {
    for (std::size_t i = 0; i < known.size(); ++i)
        if (place_of[slot_of(known[i].first)] != i || known[i].first.size() > longest) return false;
    return true;
}());

template <typename Word>
Word word_at(const char* at) {
    Word out;
    std::memcpy(&out, at, sizeof out);
    return out;
}

/// Whether `name` is `text`, which is lower case and as long. Letters differ from lower case, and what `text` is made
/// of differs from control characters, by the one bit that is set here.
inline bool is_known(const char* name, std::string_view text) {
    constexpr std::uint64_t case_bits = 0x2020202020202020;
    const auto differ = [&]<typename Word>(std::size_t at, Word) {
        return (word_at<Word>(name + at) | static_cast<Word>(case_bits)) != word_at<Word>(text.data() + at);
    };
    const auto size = text.size();
    if (size < 4) return !differ(0, std::uint16_t{}) && !differ(size - 2, std::uint16_t{});
    if (size < 8) return !differ(0, std::uint32_t{}) && !differ(size - 4, std::uint32_t{});
    for (std::size_t i = 0; i + 8 < size; i += 8)
        if (differ(i, std::uint64_t{})) return false;
    return !differ(size - 8, std::uint64_t{});
}

/// identify(), for whoever asks it for each line.
[[gnu::always_inline]] inline field_id find(std::string_view name) {
    if (name.empty() || name.size() > longest) return field_id::other;
    auto place = place_of[slot_of(name)];
    if (place == none) return field_id::other;
    const auto& [text, id] = known[place];
    return text.size() == name.size() && is_known(name.data(), text) ? id : field_id::other;
}

}  // namespace outrider::http::field_names
