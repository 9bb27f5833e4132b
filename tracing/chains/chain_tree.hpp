#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <memory_resource>
#include <tuple>
#include <utility>
#include <vector>

#include "tracing/chains/chain.hpp"
#include "tracing/stitch/id_order.hpp"

namespace outrider::tracing {

/// A span, or a gap where one is missing, on its way to becoming a row.
struct chain_node {
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    chain_node(const span_data* of, const trace_id& within, const span_id& own, std::uint64_t at)
        : span(of), trace(within), id(own), start(at) {}

    const span_data* span;
    trace_id trace;
    span_id id;
    std::uint64_t start;
    std::size_t parent = none;
    chain_join join = chain_join::root;
    std::size_t folded_into = none;  ///< of an anchor: the send that stands for it, if that is here
    bool takes = false;              ///< took records of the send that it is under
    bool reached = false;            ///< hangs from a root
    std::vector<std::size_t> children{};
};

/// Finds for each span what it hangs from: any spans in, a finite forest out.
///
/// First hit wins: the client that shares its id, the send of its records (within the trace, by topic, partition and
/// offset), its parent, then for a root what it links to, in whichever trace that is. What a service did with a context
/// that came in a record goes under what took that record, although both name the same parent.
class chain_tree {
  public:
    static constexpr std::size_t none = chain_node::none;

    /// It may share the id of its sender.
    static bool receives(const span_data& span) {
        return span.kind == span_kind::server || span.kind == span_kind::consumer;
    }

    /// @return whether it is new; a span that was received twice is left out
    bool add(const span_data& span);
    /// Called once, after the last span.
    void connect();

    const std::vector<chain_node>& nodes() const { return nodes_; }
    /// By start, then by id.
    void sort(std::vector<std::size_t>& indexes) const;

  private:
    using span_key = std::pair<trace_id, span_id>;
    using joined = std::pair<std::size_t, chain_join>;

    /// The spans of one id: two when client and server share it.
    struct place {
        std::size_t sender = none, receiver = none;
        std::size_t inner() const { return receiver != none ? receiver : sender; }
    };

    /// A partition as the spans of one trace know it.
    using partition_key = std::tuple<trace_id, std::string_view, std::string_view>;
    /// A context, and the service that got it out of a record.
    using receipt_key = std::pair<span_key, std::string_view>;

    void fold_anchors();
    void index_sends();
    joined join_of(std::size_t at);
    const span_data* send_above(std::size_t at) const;
    void mark_takers();
    void index_takers();
    void adopt_by_takers();
    std::size_t taker_that_brought(const span_data& context) const;
    std::size_t send_by_offset(std::size_t process) const;
    std::size_t only_send_below(const span_key& cause, std::string_view topic) const;
    joined link_of(std::size_t at) const;
    std::size_t find(const span_key& key) const;
    std::size_t gap_for(const span_data& child);
    bool before(std::size_t a, std::size_t b) const;
    void cut_circles();
    void reach(std::size_t from);
    std::size_t earliest_on_circle_above(std::size_t at) const;

    // Most chains are small, and there are very many of them: what finds their spans lies here and goes at once.
    std::array<std::byte, 2'048> first_memory_;
    std::pmr::monotonic_buffer_resource memory_{first_memory_.data(), first_memory_.size()};

    std::vector<chain_node> nodes_;
    std::pmr::map<span_key, place, by_ids> places_{&memory_};
    std::pmr::map<span_key, std::size_t, by_ids> gaps_{&memory_};
    std::map<partition_key, std::vector<std::pair<std::int64_t, std::size_t>>> sends_by_offset_;  ///< sorted
    std::map<std::pair<span_key, std::string_view>, std::vector<std::size_t>> sends_by_cause_;
    std::map<receipt_key, std::vector<std::size_t>> takers_;  ///< sorted
};

}  // namespace outrider::tracing
