#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "tracing/context.hpp"

namespace outrider::tracing {

/// SpanKind of OTLP.
enum class span_kind { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };
enum class status_code { unset = 0, ok = 1, error = 2 };

inline constexpr std::uint32_t span_item_limit =
    128;  ///< attributes, events and links each; more are counted as dropped
inline constexpr std::size_t span_text_limit = 4096;  ///< bytes of one name or value; longer ones are cut

/// Writes one finished span as an OTLP `ScopeSpans.spans` entry (tag, length, Span message) at the end of a reused
/// buffer, without an intermediate object: what is exported is exactly these bytes, concatenated. Order of calls:
/// begin, then anything, then end. Attribute keys must be unique; keys of attributes that are not strings must be
/// ASCII. Texts may be any bytes: what is no UTF-8 is replaced (OTLP strings must be UTF-8, peers' bytes need not).
class span_encoder {
  public:
    explicit span_encoder(std::string& out) : out_(out) {}
    void begin(const span_context& own, const span_id& parent, bool parent_remote, std::string_view tracestate,
               std::string_view name, span_kind kind, std::uint64_t start_unix_ns, std::uint64_t end_unix_ns);
    void attribute(std::string_view key, std::string_view value);
    void attribute(std::string_view key, const char* value) { attribute(key, std::string_view{value}); }
    void attribute(std::string_view key, std::int64_t value);
    void attribute(std::string_view key, double value);
    void attribute(std::string_view key, bool value);
    /// An array of texts, of at most 32; more are left out.
    void attribute(std::string_view key, std::span<const std::string_view> values);
    /// A value of type bytes, of at most 4096.
    void bytes(std::string_view key, std::string_view value);
    void event(std::string_view name, std::uint64_t unix_ns);
    void event(std::string_view name, std::uint64_t unix_ns, std::string_view key, std::string_view value);
    void link(const span_context& target);  ///< to a context that came from elsewhere: marked remote
    void status(status_code code, std::string_view message = {});
    void end();

  private:
    char* room(std::size_t size);
    void text_field(char field_tag, std::string_view text);
    void text_attribute(std::string_view key, std::string_view value);
    char* open_attribute(std::string_view key, std::size_t any);
    void dropped_count(char field_tag, std::uint32_t seen);

    std::string& out_;
    std::size_t used_ = 0;       ///< of out_, which is longer while a span is open
    std::size_t length_at_ = 0;  ///< where the length of the entry is patched in by end()
    std::uint32_t attributes_ = 0, events_ = 0, links_ = 0;
};

}  // namespace outrider::tracing
