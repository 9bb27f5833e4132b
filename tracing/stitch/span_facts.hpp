#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "tracing/span_view.hpp"
#include "tracing/stitch/decision.hpp"
#include "tracing/stitch/keyed_hash.hpp"

namespace outrider::tracing {

/// Where a span stands towards its process.
enum class span_role : std::uint8_t {
    inner,   ///< neither
    enters,  ///< SERVER, CONSUMER; a poll that brought records
    leaves,  ///< CLIENT, PRODUCER
};

/// Who speaks. Hashes stand for names; 0 is none.
struct origin_facts {
    std::uint64_t service = 0;
    std::uint64_t process = 0;  ///< the instance; without an id of its own, service and host
    bool sidecar = false;       ///< told by a sidecar, which sees messages but not their handling
};

/// What the stitcher needs of a span: fixed in size whatever the span holds. Hashes stand for texts; 0 is none.
struct span_facts {
    static constexpr std::size_t most_echoes = 16, most_links = 4, most_messages = 16;

    span_key key;
    span_id parent;
    span_id member;  ///< the tracestate member `outrider`: a span that was exported before this one
    std::int64_t start_ns = 0, end_ns = 0;
    span_role role = span_role::inner;
    bool receives = false;   ///< SERVER or CONSUMER: may share the id of its sender
    bool timed = false;      ///< its times are possible; otherwise they are 0
    bool messaging = false;  ///< about messages
    bool sends = false, polls = false, anchor = false;
    bool settles = false;  ///< a commit: of the records before its offset; nothing follows from it
    std::uint64_t operation = 0;
    std::uint64_t hop = 0;           ///< of a request: callee, method and path, equal on both sides where names agree
    std::int32_t inbound_open = -1;  ///< -1: not said
    std::uint64_t causation = 0, correlation = 0;
    std::array<std::uint64_t, most_messages> ids{};  ///< of messages, its own; in a batch there are several
    std::uint8_t id_count = 0;
    std::uint64_t cluster = 0, partition = 0;  ///< partition: topic and number, whatever the cluster
    std::int64_t first_offset = 0, messages = 0;
    std::array<std::uint32_t, most_echoes> echoes{};  ///< in order
    std::uint8_t echo_count = 0;
    std::array<span_key, most_links> links{};  ///< causes; one of each trace
    std::uint8_t link_count = 0;
    bool more_links = false;  ///< into more traces than that
};

/// Reads spans into facts; keeps what spans of one origin share.
class fact_reader {
  public:
    explicit fact_reader(keyed_hash hash) : hash_(hash) {}

    void read(const span_view& span, span_facts& out);
    const origin_facts& origin_of(const span_view& span);

  private:
    struct texts;
    void read_ids(const value_view& value, span_facts& out) const;
    void read_keys(std::string_view name, const value_view& value, span_facts& out);
    void read_links(const span_view& span, span_facts& out) const;
    void name_operation(const span_view& span, const texts& seen, span_facts& out);
    void name_hop(const span_view& span, const texts& seen, span_facts& out);
    std::uint64_t some(std::string_view text) const;

    struct known_origin {
        std::shared_ptr<const span_origin> origin;  ///< held, so that its address is nobody else's
        origin_facts facts;
    };

    keyed_hash hash_;
    std::array<known_origin, 64> origins_;
    origin_facts nobody_;
    std::string scratch_;
};

/// A path with what looks like an id in each segment replaced: appended to `out`, bounded.
void append_path_shape(std::string& out, std::string_view path);

}  // namespace outrider::tracing
