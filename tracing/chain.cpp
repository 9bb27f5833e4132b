#include "tracing/chain.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace outrider::tracing {
namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

/// A span, or a gap where one is missing, on its way to becoming a row.
struct node {
    node(const span_data* of, const span_id& own, std::uint64_t at) : span(of), id(own), start(at) {}

    const span_data* span;
    span_id id;
    std::uint64_t start;
    std::size_t parent = none;
    chain_join join = chain_join::root;
    bool reached = false;
    std::vector<std::size_t> children;
};

bool receives(const span_data& span) { return span.kind == span_kind::server || span.kind == span_kind::consumer; }

bool shows_error(const span_data& span) { return span.status == status_code::error; }

/// Builds the tree of one trace.
class chain_builder {
  public:
    void add(const span_data& span) {
        auto& taken = places_[span.span];
        auto& here = receives(span) ? taken.receiver : taken.sender;
        if (here != none) {
            ++result_.duplicates;
            return;
        }
        here = nodes_.size();
        nodes_.emplace_back(&span, span.span, span.start_unix_ns);
    }

    chain build() && {
        connect();
        cut_circles();
        summarize();
        draw();
        return std::move(result_);
    }

  private:
    /// The spans of one id: two when client and server share it.
    struct place {
        std::size_t sender = none, receiver = none;
        std::size_t inner() const { return receiver != none ? receiver : sender; }
    };

    void connect() {
        auto spans = nodes_.size();  // gaps are added behind them
        for (std::size_t i = 0; i < spans; ++i) {
            auto [parent, join] = parent_of(i);
            nodes_[i].join = join;
            nodes_[i].parent = parent;
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].parent != none) nodes_[nodes_[i].parent].children.push_back(i);
        }
        for (auto& one : nodes_) sort(one.children);
    }

    std::pair<std::size_t, chain_join> parent_of(std::size_t at) {
        const auto& span = *nodes_[at].span;
        const auto& own = places_[span.span];
        if (own.receiver == at && own.sender != none) return {own.sender, chain_join::parent};
        if (span.parent.valid()) {
            auto found = places_.find(span.parent);
            if (found == places_.end()) return {gap_for(span), chain_join::parent};
            auto parent = found->second.inner();
            return parent == at ? std::pair{none, chain_join::cycle} : std::pair{parent, chain_join::parent};
        }
        for (const auto& link : span.links) {
            auto found = link.trace == span.trace ? places_.find(link.span) : places_.end();
            if (found != places_.end() && found->second.inner() != at) return {found->second.inner(), chain_join::link};
        }
        return {none, chain_join::root};
    }

    std::size_t gap_for(const span_data& child) {
        auto [at, added] = gaps_.try_emplace(child.parent, nodes_.size());
        if (added) {
            nodes_.emplace_back(nullptr, child.parent, child.start_unix_ns);
            nodes_.back().join = chain_join::gap;
        }
        auto& gap = nodes_[at->second];
        gap.start = std::min(gap.start, child.start_unix_ns);
        return at->second;
    }

    bool before(std::size_t a, std::size_t b) const {
        return std::tie(nodes_[a].start, nodes_[a].id, a) < std::tie(nodes_[b].start, nodes_[b].id, b);
    }

    void sort(std::vector<std::size_t>& indexes) const {
        std::sort(indexes.begin(), indexes.end(), [this](auto a, auto b) { return before(a, b); });
    }

    // Whatever hangs from no root hangs from a circle: each node has one parent, so there is exactly one above it.
    void cut_circles() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].parent == none) reach(i);
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].reached) continue;
            auto first = earliest_on_circle_above(i);
            auto& siblings = nodes_[nodes_[first].parent].children;
            siblings.erase(std::find(siblings.begin(), siblings.end(), first));
            nodes_[first].parent = none;
            nodes_[first].join = chain_join::cycle;
            reach(first);
        }
    }

    void reach(std::size_t from) {
        std::vector<std::size_t> open{from};
        while (!open.empty()) {
            auto& one = nodes_[open.back()];
            open.pop_back();
            one.reached = true;
            open.insert(open.end(), one.children.begin(), one.children.end());
        }
    }

    std::size_t earliest_on_circle_above(std::size_t at) const {
        std::set<std::size_t> seen;
        while (seen.insert(at).second) at = nodes_[at].parent;
        auto earliest = at;
        for (auto i = nodes_[at].parent; i != at; i = nodes_[i].parent) {
            if (before(i, earliest)) earliest = i;
        }
        return earliest;
    }

    void summarize() {
        std::set<std::string_view> services;
        result_.start_unix_ns = UINT64_MAX;
        for (const auto& one : nodes_) {
            if (one.span == nullptr) continue;
            services.insert(service_of(*one.span));
            result_.errors += shows_error(*one.span);
            result_.start_unix_ns = std::min(result_.start_unix_ns, one.span->start_unix_ns);
            result_.end_unix_ns = std::max({result_.end_unix_ns, one.span->start_unix_ns, one.span->end_unix_ns});
            result_.trace = one.span->trace;
        }
        result_.services = services.size();
        result_.gaps = gaps_.size();
        result_.spans = nodes_.size() - gaps_.size();
    }

    /// A node whose turn to be drawn comes.
    struct turn {
        std::size_t at, depth;
        bool last;
    };

    void draw() {
        std::vector<std::size_t> roots;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (nodes_[i].parent == none) roots.push_back(i);
        }
        sort(roots);
        std::vector<turn> open;
        push(open, roots, 0);
        while (!open.empty()) {
            auto next = open.back();
            open.pop_back();
            add_row(next);
            push(open, nodes_[next.at].children, next.depth + 1);
        }
    }

    static void push(std::vector<turn>& open, const std::vector<std::size_t>& indexes, std::size_t depth) {
        for (auto i = indexes.size(); i-- > 0;) open.push_back({indexes[i], depth, i + 1 == indexes.size()});
    }

    void add_row(const turn& next) {
        const auto& from = nodes_[next.at];
        auto& row = result_.rows.emplace_back();
        row.span = from.span;
        row.join = from.join;
        row.depth = next.depth;
        row.last = next.last;
        if (from.span == nullptr) {
            row.missing = from.id;
            return;
        }
        const auto* above = from.parent == none ? nullptr : nodes_[from.parent].span;
        row.skewed =
            above != nullptr && from.start < above->start_unix_ns && service_of(*above) != service_of(*from.span);
        row.peer = peer_of(from);
    }

    // The service that answered, if its span is there; else what the caller wrote down.
    std::string peer_of(const node& caller) const {
        const auto& span = *caller.span;
        if (span.kind != span_kind::client && span.kind != span_kind::producer) return {};
        for (auto child : caller.children) {
            const auto* callee = nodes_[child].span;
            if (callee != nullptr && service_of(*callee) != service_of(span)) return std::string{service_of(*callee)};
        }
        for (auto key : {"peer.service", "messaging.destination.name"}) {
            if (auto name = text_attribute(span.attributes, key); !name.empty()) return std::string{name};
        }
        std::string address{text_attribute(span.attributes, "server.address")};
        const auto* port = find_attribute(span.attributes, "server.port");
        const auto* number = port == nullptr ? nullptr : std::get_if<std::int64_t>(&port->data);
        return address.empty() || number == nullptr ? address : address + ":" + std::to_string(*number);
    }

    chain result_;
    std::vector<node> nodes_;
    std::map<span_id, place> places_;
    std::map<span_id, std::size_t> gaps_;
};

}  // namespace

std::vector<chain> build_chains(std::span<const span_data> spans) {
    std::map<trace_id, std::size_t> numbers;
    std::vector<chain_builder> builders;
    for (const auto& span : spans) {
        auto [at, added] = numbers.try_emplace(span.trace, builders.size());
        if (added) builders.emplace_back();
        builders[at->second].add(span);
    }
    std::vector<chain> chains;
    for (auto& builder : builders) chains.push_back(std::move(builder).build());
    return chains;
}

std::string status_text(const span_data& span) {
    std::string text;
    for (auto key : {"http.response.status_code", "http.status_code"}) {
        const auto* code = find_attribute(span.attributes, key);
        const auto* number = code == nullptr ? nullptr : std::get_if<std::int64_t>(&code->data);
        if (number == nullptr) continue;
        text = std::to_string(*number);
        break;
    }
    if (!shows_error(span)) return text;
    text += text.empty() ? "error" : " error";
    auto why = span.status_message.empty() ? text_attribute(span.attributes, "error.type")
                                           : std::string_view{span.status_message};
    if (!why.empty() && !text.starts_with(why)) text.append(": ").append(why);
    return text;
}

}  // namespace outrider::tracing
