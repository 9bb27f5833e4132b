#pragma once

#include <array>
#include <cstddef>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/hex.hpp"
#include "tracing/span_data.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::tracing {

/// Most chains are small, and there are very many of them: what finds their spans lies here and goes at once.
class small_memory {
  public:
    std::pmr::memory_resource* get() { return &all_; }

  private:
    std::array<std::byte, 2'048> first_;
    std::pmr::monotonic_buffer_resource all_{first_.data(), first_.size()};
};

inline constexpr std::string_view circle_fault = "cycle of parents";

/// An id that an attribute holds in hex; invalid when it holds none.
template <class Id>
Id id_attribute(const span_data& span, std::string_view key) {
    Id id;
    const auto text = text_attribute(span.attributes, key);
    return text.size() == 2 * id.bytes.size() && read_hex(text, id.bytes) ? id : Id{};
}

void set_attribute(std::vector<attribute>& attributes, std::string_view key, attribute_value value);
void drop_attribute(span_data& span, std::string_view key);

inline bool has_inferred_parent(const span_data& span) {
    return find_attribute(span.attributes, chain_attributes::link_source) != nullptr;
}

/// Back to the parent that the span itself named.
void drop_inferred_parent(span_data& span);

/// Adds a fault to those that are named in a span.
void name_fault(span_data& span, std::string_view fault);

/// Names times that cannot be: none, ends before starts, what is years away from the other spans.
void name_impossible_times(std::vector<span_data>& spans);
/// Cuts circles of parents: where a parent was inferred, else at the earliest span, which is named.
void cut_circles(std::vector<span_data>& spans);
/// Names a chain of very many spans in its first root.
void name_many_spans(std::vector<span_data>& spans);

/// Whether it may share its id with the one that called it.
inline bool receives(const span_data& span) {
    return span.kind == span_kind::server || span.kind == span_kind::consumer;
}

}  // namespace outrider::tracing
