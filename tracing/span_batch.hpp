#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/otlp.hpp"
#include "tracing/span_view.hpp"

namespace outrider::tracing {

/// The spans of one request and what their views lie in. Made anew again and again, it uses its memory again, so that
/// decoding a request allocates next to nothing.
class span_batch {
  public:
    span_batch() = default;
    span_batch(const span_batch&) = delete;  // views point into it
    span_batch& operator=(const span_batch&) = delete;

    /// Copies a request in, to be decoded; whatever was there is gone.
    std::string_view keep(std::string_view request);
    /// Decodes an ExportTraceServiceRequest, see decode_otlp(), in place of what was there.
    /// @param request  lasts as long as the views are used: what keep() returned, or the caller's own
    /// @return why it could not be decoded; the batch is empty then
    std::optional<decode_fault> decode(std::string_view request, const decode_limits& limits = {});
    /// Takes over what was decoded already.
    void take(std::vector<span_data> spans);

    std::span<const span_view> spans() const { return spans_; }
    /// Spans without valid ids, which were left out.
    std::uint64_t rejected() const { return rejected_; }
    /// Bytes that it holds, those in reserve included.
    std::size_t memory() const;

  private:
    friend class span_batch_reader;

    /// Where the lists of a span begin and end: addresses are known once all is decoded.
    struct extent {
        std::uint32_t attributes = 0, events = 0, links = 0;
        bool operator==(const extent&) const = default;
    };

    void clear();
    void set_lists();
    extent here() const;

    std::string request_;
    std::vector<span_data> taken_;
    std::vector<span_view> spans_;
    std::vector<extent> ends_;  ///< of each span's lists; they begin where those of the span before end
    std::vector<attribute_view> attributes_;
    std::vector<span_event> events_;
    std::vector<span_reference> links_;
    std::deque<shared_origin> origins_;
    std::deque<std::string> texts_;       ///< what was no valid UTF-8, put right
    std::deque<attribute_value> nested_;  ///< arrays and maps
    std::size_t beside_ = 0;              ///< about how much there is beside what is listed
    std::uint64_t rejected_ = 0;
};

}  // namespace outrider::tracing
