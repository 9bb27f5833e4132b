#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "tracing/stitch/decision.hpp"
#include "tracing/stitch/keyed_hash.hpp"

namespace outrider::tracing {

/// Which traces are one chain. A chain is named by the trace of its first root: the one that has no cause; of several
/// such traces by the least. Decisions that would close a circle are refused. A trace that is alone takes no memory,
/// one of a chain about 60 bytes.
class chain_groups {
  public:
    /// Decisions that would make a larger chain, or give one trace more causes, are refused.
    static constexpr std::size_t most_traces = 65'536, most_causes = 64;

    chain_groups();

    /// @return whether any trace has another chain now
    bool apply(const decision& known);
    /// The name of the chain that the trace belongs to; the trace itself when it is alone.
    trace_id chain_of(const trace_id& trace) const;
    /// All traces of the chain that this trace belongs to, itself included; the one that names it first.
    std::vector<trace_id> traces_of(const trace_id& trace) const;
    /// Whether any of them is what is looked for; told in the order of traces_of() until one is.
    template <class Wanted>
    bool any_of(const trace_id& trace, Wanted&& wanted) const;
    /// The trace is no longer held. Its chain stays as it is until all of its traces are forgotten.
    void forget(const trace_id& trace);
    std::size_t memory() const;

  private:
    using index = std::uint32_t;
    static constexpr index none = 0xffffffff;

    /// A trace of a chain. The members of a chain stand in a ring; one of them, its leader, knows of it as a whole.
    struct node {
        trace_id trace;
        span_id root;        ///< whose cause is in `cause`
        index cause = none;  ///< none: no root of the trace has a cause elsewhere, or further_ tells it
        index leader = none;
        index next = none;
        // Of the chain, when this is its leader.
        index size = 1, live = 0, top = none, tops = 1;
        bool caused =
            false;  ///< was told a cause, and has not been forgotten since: a chain lives as long as one of these
        bool gone = false;     ///< forgotten
        bool further = false;  ///< has causes in further_
    };

    /// All nodes there have ever been at once, in blocks: a vector that grows by doubling would hold half for nobody.
    class node_pool {
      public:
        node& operator[](index at) { return blocks_[at / per_block][at % per_block]; }
        const node& operator[](index at) const { return blocks_[at / per_block][at % per_block]; }
        std::size_t size() const { return size_; }
        index add() {
            if (size_ % per_block == 0) blocks_.push_back(std::make_unique<node[]>(per_block));
            return size_++;
        }
        std::size_t memory() const { return blocks_.size() * per_block * sizeof(node); }

      private:
        static constexpr index per_block = 128;
        std::vector<std::unique_ptr<node[]>> blocks_;
        index size_ = 0;
    };

    std::size_t home_of(const trace_id& trace) const;
    index find(const trace_id& trace) const;
    index take_in(const trace_id& trace);
    void enter(index at);
    void erase(index at);
    bool is_top(index at) const { return nodes_[at].cause == none && !nodes_[at].further; }
    template <class Each>
    void for_causes(index at, Each&& each) const;
    template <class Each>
    void for_members(index leader, Each&& each) const;
    index cause_of(index at, const span_id& root) const;
    bool set_cause(index at, const span_id& root, index cause);
    bool drop_cause(index at, const span_id& root);
    bool join(index at, const span_id& root, index cause);
    bool is_above(index above, index below) const;
    void merge(index a, index b);
    void find_top(index leader);
    bool regroup(index member);
    void let_go(index leader);
    void let_go_if_alone(index at);

    keyed_hash hash_;
    node_pool nodes_;
    std::vector<index> table_;  ///< open addressing; a power of two, or empty
    std::vector<index> free_;
    std::map<std::pair<index, span_id>, index> further_;  ///< causes of further roots of one trace
};

template <class Wanted>
bool chain_groups::any_of(const trace_id& trace, Wanted&& wanted) const {
    const auto known = find(trace);
    if (known == none) return wanted(trace);
    const auto first = nodes_[nodes_[known].leader].top;
    auto at = first;
    do {
        if (!nodes_[at].gone && wanted(nodes_[at].trace)) return true;
        at = nodes_[at].next;
    } while (at != first);
    return false;
}

}  // namespace outrider::tracing
