#include "tracing/request_id.hpp"

#include "tracing/hex.hpp"

namespace outrider::tracing {
namespace {

// 123e4567-e89b-12d3-a456-426614174000
constexpr std::size_t uuid_size = 36;

constexpr bool dash_belongs_at(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

std::optional<trace_id> trace_of_request_id(std::string_view value) {
    trace_id trace;
    if (value.size() == 32) {
        return read_hex(value, trace.bytes, hex_case::any) && trace.valid() ? std::optional{trace} : std::nullopt;
    }
    if (value.size() != uuid_size) return {};
    std::array<char, 32> digits;
    std::size_t count = 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (!dash_belongs_at(i)) {
            digits[count++] = value[i];
        } else if (value[i] != '-') {
            return {};
        }
    }
    if (!read_hex({digits.data(), digits.size()}, trace.bytes, hex_case::any) || !trace.valid()) return {};
    return trace;
}

void append_request_id(std::string& out, const trace_id& trace) {
    std::array<char, 32> digits;
    write_hex(digits.data(), trace.bytes);
    std::array<char, uuid_size> uuid;
    std::size_t next = 0;
    for (std::size_t i = 0; i < uuid.size(); ++i) uuid[i] = dash_belongs_at(i) ? '-' : digits[next++];
    out.append(uuid.data(), uuid.size());
}

}  // namespace outrider::tracing
