// The records of a batch: what is found never depends on the split, and lies where it is said to be.

#include <string>

#include "sidecar/kafka/record_scanner.hpp"
#include "tests/fuzz/kafka_pieces.hpp"

namespace {

using namespace outrider::kafka;
using outrider::fuzz::require;

struct logger final : record_visitor {
    std::string log;
    std::size_t end = 0;

    void on_record(const scanned_record& record) override {
        require(record.begin == end && record.begin < record.headers_at && record.headers_at < record.end);
        end = record.end;
        for (auto number : {record.begin, record.headers_at, record.end}) log += std::to_string(number) + ' ';
        log += std::to_string(record.headers) + ' ' + std::to_string(record.offset_delta) + ' ';
        log += std::to_string(record.timestamp_delta) + (record.from_cloudevents ? " ce" : "");
        const auto& fields = record.fields;
        log += fields.repeated_traceparent ? " repeated" : fields.tracestate_overflow ? " overflow" : "";
        for (auto text : {fields.traceparent, fields.b3, fields.uber_trace_id}) log.append(text) += '|';
        for (std::size_t i = 0; i < fields.tracestate_lines; ++i) log.append(fields.tracestate[i]) += '|';
        log += '\n';
    }
};

std::string scan(std::int32_t count, std::string_view records, std::string_view splits) {
    logger to;
    record_scanner scanner{to, count};
    outrider::fuzz::in_pieces(records, splits, [&](std::string_view piece) { return scanner.feed(piece); });
    if (scanner.complete()) require(to.end == records.size());
    return to.log + (scanner.malformed() ? "malformed" : scanner.complete() ? "complete" : "wants more");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    auto input = outrider::fuzz::input::of(data, size);
    auto count = static_cast<std::int8_t>(input.choice);
    auto whole = scan(count, input.message, {});
    require(scan(count, input.message, input.splits.empty() ? std::string_view{"\0", 1} : input.splits) == whole);
    return 0;
}
