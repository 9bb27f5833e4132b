#include "sidecar/kafka/record_injection_rewrite.hpp"

#include "sidecar/kafka/wire.hpp"
#include "tracing/traceparent.hpp"

namespace outrider::kafka {
namespace {

void append_header(std::string& out, std::string_view key, std::string_view value) {
    wire_writer writer{out};
    writer.varint(static_cast<std::int32_t>(key.size()));
    writer.raw(key);
    writer.varint(static_cast<std::int32_t>(value.size()));
    writer.raw(value);
}

}  // namespace

added_headers::added_headers(const tracing::span_context& own, std::string_view tracestate) {
    count_ = tracestate.empty() ? 1 : 2;
    wire_writer{with_count_}.varint(count_);
    std::string line;
    tracing::append_traceparent(line, own);
    static constexpr std::size_t value_at = std::string_view{"traceparent: "}.size();
    auto value = std::string_view{line}.substr(value_at);
    value.remove_suffix(std::string_view{"\r\n"}.size());
    append_header(with_count_, "traceparent", value);
    if (!tracestate.empty()) append_header(with_count_, "tracestate", tracestate);
}

}  // namespace outrider::kafka
