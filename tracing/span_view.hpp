#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "tracing/span_data.hpp"

namespace outrider::tracing {

/// A value of an attribute where it stands: texts in the bytes of a request or of a span_data, numbers in itself, what
/// is nested as a decoded value that lies elsewhere.
class value_view {
  public:
    enum class type : std::uint8_t { none, text, truth, whole, real, bytes, nested };

    value_view() = default;
    explicit value_view(const attribute_value& of);
    static value_view of_text(std::string_view text) { return {type::text, text}; }
    static value_view of_bytes(std::string_view bytes) { return {type::bytes, bytes}; }
    static value_view of(bool truth);
    static value_view of(std::int64_t whole);
    static value_view of(double real);
    static value_view of(const attribute_value* nested);

    type is() const { return is_; }
    /// Empty when it is another type.
    std::string_view text() const { return is_ == type::text ? text_ : std::string_view{}; }
    std::string_view bytes() const { return is_ == type::bytes ? text_ : std::string_view{}; }
    bool truth() const { return is_ == type::truth && truth_; }
    std::int64_t whole(std::int64_t otherwise = 0) const { return is_ == type::whole ? whole_ : otherwise; }
    double real() const { return is_ == type::real ? real_ : 0; }
    /// An array or a map; null when it is none.
    const attribute_value* nested() const { return is_ == type::nested ? nested_ : nullptr; }
    /// Null when it is no array.
    const attribute_value::array* array() const;

  private:
    value_view(type is, std::string_view text) : is_(is), text_(text) {}

    type is_ = type::none;
    std::string_view text_;
    union {
        std::int64_t whole_ = 0;
        double real_;
        bool truth_;
        const attribute_value* nested_;
    };
};

/// A key with its value.
struct attribute_view {
    std::string_view key;
    value_view value;
};

using shared_origin = std::shared_ptr<const span_origin>;

/// A finished span for those who read it once: everything that is not of fixed size lies elsewhere, in a span_batch or
/// in a span_data, and lasts as long as that.
struct span_view {
    trace_id trace;
    span_id span;
    span_id parent;  ///< invalid for a root
    std::uint32_t flags = 0;
    std::string_view tracestate;
    std::string_view name;
    span_kind kind = span_kind::internal;
    status_code status = status_code::unset;
    std::uint64_t start_unix_ns = 0;
    std::uint64_t end_unix_ns = 0;
    std::span<const attribute_view> attributes;
    std::span<const span_event> events;
    std::span<const span_reference> links;
    std::uint32_t dropped_attributes = 0, dropped_events = 0, dropped_links = 0;
    std::string_view status_message;
    const shared_origin* origin = nullptr;  ///< who holds it; may be null, and so may what it points to

    const span_origin* from() const { return origin == nullptr ? nullptr : origin->get(); }
};

/// @param attributes  where its attributes are listed: what is there before is written over
span_view view_of(const span_data& span, std::vector<attribute_view>& attributes);
/// All of it, in memory of its own.
span_data copy_of(const span_view& span);
attribute_value copy_of(const value_view& value);

/// `service.name` of where the span comes from, or "unknown_service".
std::string_view service_of(const span_view& span);

}  // namespace outrider::tracing
