#include "sidecar/kafka/record_scanner.hpp"

#include "sidecar/kafka/push_steps.hpp"

namespace outrider::kafka {

/// The record headers that carry a context.
enum class record_scanner::carrier : std::uint8_t {
    none,
    traceparent,
    tracestate,
    b3,
    uber_trace_id,
    ce_traceparent,
};

record_scanner::carrier record_scanner::carrier_of(std::string_view key) {
    if (key == "traceparent") return carrier::traceparent;
    if (key == "tracestate") return carrier::tracestate;
    if (key == "b3") return carrier::b3;
    if (key == "uber-trace-id") return carrier::uber_trace_id;
    return key == "ce_traceparent" ? carrier::ce_traceparent : carrier::none;
}

namespace {

constexpr std::size_t longest_key = std::string_view{"ce_traceparent"}.size();
constexpr std::size_t longest_name = 64;  // of a header that is shown
constexpr std::size_t most_values = 8 * record_scanner::longest_value;

/// The length of a key or value, which may not reach over the record's end; null (-1) counts as empty.
struct length_within {
    std::uint64_t end;
    push::varint_step length{};
    bool advance(push_input& in) {
        if (!length.advance(in)) return false;
        return (length.value() >= -1 && in.position() + value() <= end) || in.fail();
    }
    std::uint64_t value() const { return length.value() < 0 ? 0 : static_cast<std::uint64_t>(length.value()); }
};

/// Passes a key or value together with its length.
struct skip_within {
    length_within length;
    std::uint64_t left = 0;
    bool passing = false;
    bool advance(push_input& in) {
        if (!passing) {
            if (!length.advance(in)) return false;
            left = length.value();
            passing = true;
        }
        return in.pass(left);
    }
    void value() const {}
};

}  // namespace

void record_scanner::start(std::int32_t count, bool parts) {
    parts_ = parts;
    malformed_ = count < 0;
    fed_ = 0;
    parser_.start(scan(count));
    if (!malformed_) (void)feed({});
}

bool record_scanner::feed(std::string_view piece) {
    if (malformed_) return false;
    fed_ += piece.size();
    auto state = parser_.feed(piece);
    malformed_ = state == parse_state::malformed || (state == parse_state::finished && parser_.position() != fed_);
    return !malformed_;
}

push_parse record_scanner::scan(std::int32_t count) {
    for (; count > 0; --count) {
        record_ = scanned_record{};
        record_.begin = co_await push::position();
        auto length = co_await push::varint();
        if (length <= 0) co_await push::malformed();
        auto body = co_await push::position();
        record_.end = body + static_cast<std::size_t>(length);

        (void)co_await push::int8();  // attributes: none are defined
        record_.timestamp_delta = co_await push::varlong();
        record_.offset_delta = co_await push::varint();
        if (parts_) {
            co_await scan_key_and_value();
        } else {
            co_await skip_within{{record_.end}};  // key
            co_await skip_within{{record_.end}};  // value
        }
        record_.headers_at = co_await push::position();
        record_.headers = co_await push::varint();
        if (record_.headers < 0) co_await push::malformed();
        if (record_.headers > 0) co_await scan_headers();
        auto end = co_await push::position();
        if (end != record_.end) co_await push::malformed();
        to_.on_record(record_);
    }
}

push_parse record_scanner::scan_key_and_value() {
    auto key = co_await length_within{record_.end};
    if (key <= longest_value) {
        auto bytes = co_await push::need(key);
        to_.on_key(bytes);
    } else {
        co_await push::skip(key);
        to_.on_key({});
    }
    auto left = co_await length_within{record_.end};
    while (left > 0) {
        auto piece = co_await push::some(left);
        left -= piece.size();
        to_.on_value(piece, left);
    }
}

push_parse record_scanner::scan_headers() {
    values_.clear();
    ce_traceparent_ = {};
    for (auto left = record_.headers; left > 0; --left) {
        auto which = carrier::none;
        auto key = co_await length_within{record_.end};
        name_.clear();
        if (key <= longest_key || (parts_ && key <= longest_name)) {
            auto name = co_await push::need(key);
            which = carrier_of(name);
            if (parts_) name_ = name;
        } else {
            co_await push::skip(key);
        }
        auto value = co_await length_within{record_.end};
        if ((which == carrier::none && name_.empty()) || value > longest_value) {
            co_await push::skip(value);
        } else {
            auto bytes = co_await push::need(value);
            if (!name_.empty()) to_.on_header(name_, bytes);
            if (which != carrier::none) add_field(which, bytes);
        }
    }
    if (ce_traceparent_.empty() || !record_.fields.traceparent.empty()) co_return;
    record_.fields.traceparent = ce_traceparent_;
    record_.from_cloudevents = true;
}

/// A value that does not fit is empty.
std::string_view record_scanner::keep(std::string_view value) {
    if (values_.capacity() < most_values) values_.reserve(most_values);
    if (values_.size() + value.size() > most_values) return {};
    values_.append(value);
    return std::string_view{values_}.substr(values_.size() - value.size());
}

void record_scanner::add_field(carrier which, std::string_view value) {
    auto kept = keep(value);
    if (kept.empty()) return;
    auto& fields = record_.fields;
    switch (which) {
        case carrier::traceparent:
            if (!fields.traceparent.empty()) fields.repeated_traceparent = true;
            fields.traceparent = kept;
            break;
        case carrier::tracestate:
            if (fields.tracestate_lines == fields.tracestate.size()) {
                fields.tracestate_overflow = true;
            } else {
                fields.tracestate[fields.tracestate_lines++] = kept;
            }
            break;
        case carrier::b3:
            fields.b3 = kept;
            break;
        case carrier::uber_trace_id:
            fields.uber_trace_id = kept;
            break;
        case carrier::ce_traceparent:
            ce_traceparent_ = kept;
            break;
        case carrier::none:
            break;
    }
}

}  // namespace outrider::kafka
