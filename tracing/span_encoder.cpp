#include "tracing/span_encoder.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "tracing/protobuf_append.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

using protobuf::field_size;
using protobuf::put_bytes;
using protobuf::put_fixed;
using protobuf::put_raw;
using protobuf::put_varint;
using protobuf::tag;
using protobuf::varint_size;
using protobuf::wire;

// Field numbers of opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto.
constexpr char scope_spans_span = tag(2, wire::bytes);
constexpr char span_trace_id = tag(1, wire::bytes), span_span_id = tag(2, wire::bytes),
               span_trace_state = tag(3, wire::bytes), span_parent = tag(4, wire::bytes),
               span_name = tag(5, wire::bytes), span_kind_tag = tag(6, wire::varint),
               span_start = tag(7, wire::fixed64), span_end = tag(8, wire::fixed64),
               span_attribute = tag(9, wire::bytes), span_dropped_attributes = tag(10, wire::varint),
               span_event = tag(11, wire::bytes), span_dropped_events = tag(12, wire::varint),
               span_link = tag(13, wire::bytes), span_dropped_links = tag(14, wire::varint),
               span_status = tag(15, wire::bytes);
constexpr char span_flags[] = {static_cast<char>(16 << 3 | 5 | 0x80), 1};  // field 16: a tag of two bytes
constexpr char key_tag = tag(1, wire::bytes), value_tag = tag(2, wire::bytes);
constexpr char any_string = tag(1, wire::bytes), any_bool = tag(2, wire::varint), any_int = tag(3, wire::varint),
               any_double = tag(4, wire::fixed64), any_array = tag(5, wire::bytes), any_bytes = tag(7, wire::bytes);
constexpr char array_value = tag(1, wire::bytes);
constexpr char event_time = tag(1, wire::fixed64), event_name = tag(2, wire::bytes),
               event_attribute = tag(3, wire::bytes);
constexpr char link_trace_id = tag(1, wire::bytes), link_span_id = tag(2, wire::bytes),
               link_flags = tag(6, wire::fixed32);
constexpr char status_message = tag(2, wire::bytes), status_code_tag = tag(3, wire::varint);

constexpr std::uint32_t has_is_remote = 0x100, is_remote = 0x200;
constexpr std::size_t length_bytes = 4, growth = 1024, array_limit = 32;

bool plain(std::string_view text) { return text.size() <= span_text_limit && is_ascii(text); }

/// A text as OTLP may carry it: the view itself where it is short and ASCII, as nearly always, otherwise a cleaned
/// copy.
class wire_text {
  public:
    wire_text() = default;
    explicit wire_text(std::string_view text) { assign(text); }
    void assign(std::string_view text) {
        view_ = text;
        if (plain(text)) [[likely]]
            return;
        copy_.clear();
        append_utf8(copy_, text, span_text_limit);
        view_ = copy_;
    }
    wire_text(const wire_text&) = delete;
    wire_text& operator=(const wire_text&) = delete;
    operator std::string_view() const { return view_; }
    std::size_t size() const { return view_.size(); }
    bool empty() const { return view_.empty(); }

  private:
    std::string_view view_;
    std::string copy_;
};

std::size_t key_value_size(std::size_t key, std::size_t any) { return field_size(key) + field_size(any); }

char* put_key_value(char* to, char field_tag, std::string_view key, std::size_t any) {
    *to++ = field_tag;
    to = put_varint(to, key_value_size(key.size(), any));
    to = put_bytes(to, key_tag, key);
    *to++ = value_tag;
    return put_varint(to, any);
}

char* put_text_attribute(char* to, char field_tag, std::string_view key, std::string_view value) {
    // Nearly always all four lengths are numbers of one byte.
    if (const auto inner = key.size() + value.size() + 6; inner < 0x80) [[likely]] {
        *to++ = field_tag;
        *to++ = static_cast<char>(inner);
        *to++ = key_tag;
        *to++ = static_cast<char>(key.size());
        to = put_raw(to, key.data(), key.size());
        *to++ = value_tag;
        *to++ = static_cast<char>(value.size() + 2);
        *to++ = any_string;
        *to++ = static_cast<char>(value.size());
        return put_raw(to, value.data(), value.size());
    }
    return put_bytes(put_key_value(to, field_tag, key, field_size(value.size())), any_string, value);
}

std::size_t text_attribute_size(std::string_view key, std::string_view value) {
    if (const auto inner = key.size() + value.size() + 6; inner < 0x80) [[likely]]
        return inner + 2;
    return field_size(key_value_size(key.size(), field_size(value.size())));
}

}  // namespace

// The buffer grows in steps: making it longer by each field's few bytes would cost more than writing them.
char* span_encoder::room(std::size_t size) {
    if (out_.size() - used_ < size) [[unlikely]]
        out_.resize(used_ + std::max(size, growth));
    auto* to = out_.data() + used_;
    used_ += size;
    return to;
}

void span_encoder::text_field(char field_tag, std::string_view text) {
    wire_text clean{text};
    put_bytes(room(field_size(clean.size())), field_tag, clean);
}

void span_encoder::text_attribute(std::string_view key, std::string_view value) {
    put_text_attribute(room(text_attribute_size(key, value)), span_attribute, key, value);
}

// Where the value of an attribute goes whose AnyValue takes `any` bytes.
char* span_encoder::open_attribute(std::string_view key, std::size_t any) {
    auto size = field_size(key_value_size(key.size(), any));
    return put_key_value(room(size), span_attribute, key, any);
}

void span_encoder::dropped_count(char field_tag, std::uint32_t seen) {
    if (seen <= span_item_limit) return;
    auto dropped = seen - span_item_limit;
    auto* to = room(1 + varint_size(dropped));
    *to++ = field_tag;
    put_varint(to, dropped);
}

void span_encoder::begin(const span_context& own, const span_id& parent, bool parent_remote,
                         std::string_view tracestate, std::string_view name, span_kind kind,
                         std::uint64_t start_unix_ns, std::uint64_t end_unix_ns) {
    attributes_ = events_ = links_ = 0;
    used_ = out_.size();
    length_at_ = used_ + 1;
    constexpr std::size_t fixed_part = 1 + length_bytes + 18 + 10 + 2 + 9 + 9 + 6;
    bool has_parent = parent.valid();
    auto* to = room(fixed_part + (has_parent ? 10 : 0));
    *to = scope_spans_span;
    to += 1 + length_bytes;
    to = put_bytes(to, span_trace_id, own.trace.bytes.data(), 16);
    to = put_bytes(to, span_span_id, own.span.bytes.data(), 8);
    if (has_parent) to = put_bytes(to, span_parent, parent.bytes.data(), 8);
    *to++ = span_kind_tag;
    *to++ = static_cast<char>(kind);
    *to++ = span_start;
    to = put_fixed(to, start_unix_ns);
    *to++ = span_end;
    to = put_fixed(to, end_unix_ns);
    *to++ = span_flags[0];
    *to++ = span_flags[1];
    put_fixed(to, std::uint32_t{own.flags} | has_is_remote | (parent_remote ? is_remote : 0));
    if (!tracestate.empty()) text_field(span_trace_state, tracestate);
    text_field(span_name, name);
}

void span_encoder::attribute(std::string_view key, std::string_view value) {
    if (++attributes_ > span_item_limit) return;
    if (plain(key) && plain(value)) [[likely]] {
        text_attribute(key, value);
    } else {
        text_attribute(wire_text{key}, wire_text{value});
    }
}

void span_encoder::attribute(std::string_view key, std::int64_t value) {
    if (++attributes_ > span_item_limit) return;
    auto bits = static_cast<std::uint64_t>(value);
    auto* to = open_attribute(key, 1 + varint_size(bits));
    *to++ = any_int;
    put_varint(to, bits);
}

void span_encoder::attribute(std::string_view key, double value) {
    if (++attributes_ > span_item_limit) return;
    auto* to = open_attribute(key, 9);
    *to++ = any_double;
    put_fixed(to, std::bit_cast<std::uint64_t>(value));
}

void span_encoder::attribute(std::string_view key, bool value) {
    if (++attributes_ > span_item_limit) return;
    auto* to = open_attribute(key, 2);
    *to++ = any_bool;
    *to = value ? 1 : 0;
}

void span_encoder::attribute(std::string_view key, std::span<const std::string_view> values) {
    if (++attributes_ > span_item_limit) return;
    values = values.subspan(0, std::min(values.size(), array_limit));
    std::array<wire_text, array_limit> texts;
    std::size_t size = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        texts[i].assign(values[i]);
        size += field_size(field_size(texts[i].size()));
    }
    auto* to = open_attribute(key, field_size(size));
    *to++ = any_array;
    to = put_varint(to, size);
    for (std::size_t i = 0; i < values.size(); ++i) {
        *to++ = array_value;
        to = put_varint(to, field_size(texts[i].size()));
        to = put_bytes(to, any_string, texts[i]);
    }
}

void span_encoder::bytes(std::string_view key, std::string_view value) {
    if (++attributes_ > span_item_limit) return;
    value = value.substr(0, span_text_limit);
    put_bytes(open_attribute(key, field_size(value.size())), any_bytes, value);
}

void span_encoder::event(std::string_view name, std::uint64_t unix_ns) { event(name, unix_ns, {}, {}); }

void span_encoder::event(std::string_view raw_name, std::uint64_t unix_ns, std::string_view raw_key,
                         std::string_view raw_value) {
    if (++events_ > span_item_limit) return;
    wire_text name{raw_name}, key{raw_key}, value{raw_value};
    auto size = 9 + field_size(name.size()) + (key.empty() ? 0 : text_attribute_size(key, value));
    auto* to = room(field_size(size));
    *to++ = span_event;
    to = put_varint(to, size);
    *to++ = event_time;
    to = put_fixed(to, unix_ns);
    to = put_bytes(to, event_name, name);
    if (!key.empty()) put_text_attribute(to, event_attribute, key, value);
}

void span_encoder::link(const span_context& target) {
    if (++links_ > span_item_limit) return;
    constexpr std::size_t size = 18 + 10 + 5;
    auto* to = room(field_size(size));
    *to++ = span_link;
    *to++ = static_cast<char>(size);
    to = put_bytes(to, link_trace_id, target.trace.bytes.data(), 16);
    to = put_bytes(to, link_span_id, target.span.bytes.data(), 8);
    *to++ = link_flags;
    put_fixed(to, std::uint32_t{target.flags} | has_is_remote | is_remote);
}

void span_encoder::status(status_code code, std::string_view raw_message) {
    wire_text message{raw_message};
    auto size = 2 + (message.empty() ? 0 : field_size(message.size()));
    auto* to = room(field_size(size));
    *to++ = span_status;
    to = put_varint(to, size);
    *to++ = status_code_tag;
    *to++ = static_cast<char>(code);
    if (!message.empty()) put_bytes(to, status_message, message);
}

void span_encoder::end() {
    dropped_count(span_dropped_attributes, attributes_);
    dropped_count(span_dropped_events, events_);
    dropped_count(span_dropped_links, links_);
    out_.resize(used_);
    auto length = used_ - length_at_ - length_bytes;
    protobuf::put_padded_varint(out_.data() + length_at_, static_cast<std::uint32_t>(length));
}

}  // namespace outrider::tracing
