#pragma once

#include <cstring>

#include <protozero/pbf_reader.hpp>

#include "tracing/memory_budget.hpp"
#include "tracing/otlp.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {

/// What spans of a protobuf request hold beside their own fields: values, attributes, events, links. Every field is
/// chosen by number *and* wire type, so a field of an unexpected type is skipped like an unknown one. Its state is what
/// the limits still allow; exceeding them throws decode_failure.
class otlp_values {
  public:
    using wire = protozero::pbf_wire_type;
    using reader = protozero::pbf_reader;

    static constexpr std::uint32_t field(protozero::pbf_tag_type number, wire type) {
        return protozero::tag_and_type(number, type);
    }
    static constexpr std::uint32_t text_field(protozero::pbf_tag_type number) {
        return field(number, wire::length_delimited);
    }

    explicit otlp_values(const decode_limits& limits) : limits_(limits), budget_(limits.memory) {}

    const decode_limits& limits() const { return limits_; }
    memory_budget& budget() { return budget_; }

    void key_value(reader in, attribute& to, unsigned depth);
    void array(reader in, attribute_value::array& to, unsigned depth);
    void key_values(reader in, attribute_value::key_values& to, unsigned depth);
    void event_fields(reader in, span_event& to);
    void link_fields(reader in, span_reference& to);

    /// As valid UTF-8.
    std::string text(reader& in);

    // An id of any other length is none.
    template <std::size_t Size>
    static void id(reader& in, std::array<std::uint8_t, Size>& to) {
        const auto view = in.get_view();
        if (view.size() == Size) {
            std::memcpy(to.data(), view.data(), Size);
        } else {
            to.fill(0);
        }
    }

    void require_depth(unsigned depth) const {
        if (depth >= limits_.depth) throw decode_failure{decode_error::too_deep};
    }

  private:
    void bounded_attribute(reader& in, std::vector<attribute>& to, std::uint32_t& dropped);
    void any_value(reader in, attribute_value& to, unsigned depth);
    std::string raw(reader& in);

    const decode_limits& limits_;
    memory_budget budget_;
};

}  // namespace outrider::tracing
