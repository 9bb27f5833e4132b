#include "tracing/stitch/chain_groups.hpp"

#include <algorithm>
#include <random>
#include <unordered_set>

namespace outrider::tracing {
namespace {

keyed_hash new_hash() {
    std::random_device system;
    const auto word = [&] { return std::uint64_t{system()} << 32 | system(); };
    return keyed_hash{{word(), word()}};
}

}  // namespace

chain_groups::chain_groups() : hash_(new_hash()) {}

std::size_t chain_groups::memory() const {
    constexpr std::size_t further_bytes = 80;
    return nodes_.memory() + (table_.capacity() + free_.capacity()) * sizeof(index) + further_.size() * further_bytes;
}

std::size_t chain_groups::home_of(const trace_id& trace) const {
    const auto [high, low] = keyed_hash::words(trace);
    return hash_.of(high, low) & (table_.size() - 1);
}

chain_groups::index chain_groups::find(const trace_id& trace) const {
    if (table_.empty()) return none;
    for (auto at = home_of(trace); table_[at] != none; at = (at + 1) & (table_.size() - 1)) {
        if (nodes_[table_[at]].trace == trace) return table_[at];
    }
    return none;
}

chain_groups::index chain_groups::take_in(const trace_id& trace) {
    if (const auto known = find(trace); known != none) return known;
    if ((nodes_.size() - free_.size() + 1) * 4 > table_.size() * 3) {
        std::vector<index> old(std::max<std::size_t>(64, table_.size() * 2), none);
        old.swap(table_);
        for (auto each : old) {
            if (each != none) enter(each);
        }
    }
    index at = 0;
    if (free_.empty()) {
        at = nodes_.add();
    } else {
        at = free_.back();
        free_.pop_back();
        nodes_[at] = {};
    }
    auto& added = nodes_[at];
    added.trace = trace;
    added.leader = added.next = added.top = at;
    enter(at);
    return at;
}

void chain_groups::enter(index which) {
    auto at = home_of(nodes_[which].trace);
    while (table_[at] != none) at = (at + 1) & (table_.size() - 1);
    table_[at] = which;
}

/// Out of the table, without leaving a hole that would hide others.
void chain_groups::erase(index which) {
    const auto mask = table_.size() - 1;
    auto hole = home_of(nodes_[which].trace);
    while (table_[hole] != which) hole = (hole + 1) & mask;
    for (auto at = (hole + 1) & mask; table_[at] != none; at = (at + 1) & mask) {
        const auto home = home_of(nodes_[table_[at]].trace);
        if (((at - home) & mask) < ((at - hole) & mask)) continue;
        table_[hole] = table_[at];
        hole = at;
    }
    table_[hole] = none;
}

template <class Each>
void chain_groups::for_causes(index at, Each&& each) const {
    if (nodes_[at].cause != none) each(nodes_[at].cause);
    if (!nodes_[at].further) return;
    for (auto one = further_.lower_bound({at, span_id{}}); one != further_.end() && one->first.first == at; ++one)
        each(one->second);
}

template <class Each>
void chain_groups::for_members(index leader, Each&& each) const {
    auto at = leader;
    do {
        const auto next = nodes_[at].next;
        each(at);
        at = next;
    } while (at != leader);
}

chain_groups::index chain_groups::cause_of(index at, const span_id& root) const {
    if (nodes_[at].cause != none && nodes_[at].root == root) return nodes_[at].cause;
    const auto found = nodes_[at].further ? further_.find({at, root}) : further_.end();
    return found == further_.end() ? none : found->second;
}

bool chain_groups::set_cause(index at, const span_id& root, index cause) {
    auto& of = nodes_[at];
    if (of.cause == none || of.root == root) {
        of.root = root;
        of.cause = cause;
        return true;
    }
    std::size_t causes = 0;
    for_causes(at, [&](index) { ++causes; });
    if (causes >= most_causes) return false;
    further_[{at, root}] = cause;
    of.further = true;
    return true;
}

/// @return whether any trace has another chain now
bool chain_groups::drop_cause(index at, const span_id& root) {
    if (at == none || cause_of(at, root) == none) return false;
    auto& of = nodes_[at];
    if (of.cause != none && of.root == root) {
        of.cause = none;
    } else {
        further_.erase({at, root});
        const auto left = further_.lower_bound({at, span_id{}});
        of.further = left != further_.end() && left->first.first == at;
    }
    return regroup(at);
}

/// Whether the causes of one lead to the other.
bool chain_groups::is_above(index above, index below) const {
    std::vector<index> open{below};
    std::unordered_set<index> seen{below};
    while (!open.empty()) {
        const auto at = open.back();
        open.pop_back();
        if (at == above) return true;
        for_causes(at, [&](index cause) {
            if (seen.insert(cause).second) open.push_back(cause);
        });
    }
    return false;
}

bool chain_groups::apply(const decision& known) {
    const auto& [trace, root] = known.root;
    const auto& cause_trace = known.cause.cause.trace;
    auto at = find(trace);
    if (!known.cause.cause.valid() || cause_trace == trace) return drop_cause(at, root);
    if (at != none) {
        const auto former = cause_of(at, root);
        if (former != none && nodes_[former].trace == cause_trace) return false;
    }
    const bool had_another = at != none && cause_of(at, root) != none;
    const bool dropped = drop_cause(at, root);
    if (at == none || had_another) at = take_in(trace);  // alone, it may have been let go
    const auto cause = take_in(cause_trace);
    const bool joined = join(at, root, cause);
    let_go_if_alone(at);
    let_go_if_alone(cause);
    return joined || dropped;
}

bool chain_groups::join(index at, const span_id& root, index cause) {
    const auto a = nodes_[at].leader, b = nodes_[cause].leader;
    if (a == b ? is_above(at, cause) : std::size_t{nodes_[a].size} + nodes_[b].size > most_traces) return false;
    const bool was_top = is_top(at);
    if (!set_cause(at, root, cause)) return false;
    auto& of = nodes_[at];
    nodes_[a].live += !of.caused;
    of.caused = true;
    of.gone = false;
    const auto former_top = nodes_[a].top, other_top = nodes_[b].top;
    const auto former_tops = nodes_[a].tops;
    if (a != b) merge(a, b);
    auto& chain = nodes_[of.leader];
    chain.tops -= was_top;
    if (former_top == at && former_tops > 1) {
        find_top(of.leader);
    } else if (a != b) {
        const bool other_first = former_top == at || nodes_[other_top].trace < nodes_[former_top].trace;
        chain.top = other_first ? other_top : former_top;
    }
    return a != b || chain.top != former_top;
}

/// All of two chains in one, but for what names it.
void chain_groups::merge(index a, index b) {
    if (nodes_[a].size < nodes_[b].size) std::swap(a, b);
    for_members(b, [&](index each) { nodes_[each].leader = a; });
    std::swap(nodes_[a].next, nodes_[b].next);
    auto &into = nodes_[a], &from = nodes_[b];
    into.size += from.size;
    into.live += from.live;
    into.tops += from.tops;
}

void chain_groups::find_top(index leader) {
    auto best = none;
    for_members(leader, [&](index each) {
        if (is_top(each) && (best == none || nodes_[each].trace < nodes_[best].trace)) best = each;
    });
    nodes_[leader].top = best;
}

/// After a cause was taken away: the chain of that trace, from the causes that are left.
bool chain_groups::regroup(index member) {
    const auto former = nodes_[nodes_[member].leader].top;
    std::vector<index> members;
    for_members(member, [&](index each) { members.push_back(each); });
    for (auto each : members) {
        auto& one = nodes_[each];
        one.leader = one.next = each;
        one.size = 1;
        one.live = one.caused;
        one.tops = is_top(each);
    }
    for (auto each : members) {
        for_causes(each, [&](index cause) {
            const auto a = nodes_[each].leader, b = nodes_[cause].leader;
            if (a != b) merge(a, b);
        });
    }
    for (auto each : members) {
        if (nodes_[each].leader == each) find_top(each);
    }
    bool changed = false;
    for (auto each : members) changed |= nodes_[nodes_[each].leader].top != former;
    for (auto each : members) let_go_if_alone(each);
    for (auto each : members) {
        const auto leader = nodes_[each].leader;
        if (leader == each && nodes_[each].live == 0) let_go(each);
    }
    return changed;
}

void chain_groups::let_go_if_alone(index at) {
    if (nodes_[at].leader == at && nodes_[at].size == 1) let_go(at);
}

void chain_groups::let_go(index leader) {
    std::vector<index> members;
    for_members(leader, [&](index each) { members.push_back(each); });
    for (auto each : members) {
        erase(each);
        if (nodes_[each].further)
            further_.erase(further_.lower_bound({each, span_id{}}), further_.lower_bound({each + 1, span_id{}}));
        nodes_[each] = {};
        free_.push_back(each);
    }
}

void chain_groups::forget(const trace_id& trace) {
    const auto at = find(trace);
    if (at == none || nodes_[at].gone) return;
    nodes_[at].gone = true;
    if (!nodes_[at].caused) return;
    nodes_[at].caused = false;
    const auto leader = nodes_[at].leader;
    if (--nodes_[leader].live == 0) let_go(leader);
}

trace_id chain_groups::chain_of(const trace_id& trace) const {
    const auto at = find(trace);
    return at == none ? trace : nodes_[nodes_[nodes_[at].leader].top].trace;
}

std::vector<trace_id> chain_groups::traces_of(const trace_id& trace) const {
    const auto at = find(trace);
    if (at == none) return {trace};
    const auto top = nodes_[nodes_[at].leader].top;
    std::vector<trace_id> traces;
    for_members(top, [&](index each) {
        if (!nodes_[each].gone || each == top) traces.push_back(nodes_[each].trace);
    });
    return traces;
}

}  // namespace outrider::tracing
