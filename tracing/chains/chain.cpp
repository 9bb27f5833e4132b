#include "tracing/chains/chain.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "tracing/chains/chain_tree.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t none = chain_tree::none;

bool shows_error(const span_data& span) { return span.status == status_code::error; }

/// Which traces belong together.
class trace_groups {
  public:
    void join(const trace_id& a, const trace_id& b) {
        if (a != b) above_[representative(a)] = representative(b);
    }

    trace_id representative(trace_id trace) {
        while (true) {
            auto& above = above_.try_emplace(trace, trace).first->second;
            if (above == trace) return trace;
            above = above_.at(above);  // shortens the way of the next one
            trace = above;
        }
    }

  private:
    std::map<trace_id, trace_id, by_ids> above_;
};

/// Turns what hangs from some roots of a forest into one chain.
class chain_builder {
  public:
    explicit chain_builder(const chain_tree& tree) : tree_(tree) { result_.start_unix_ns = UINT64_MAX; }

    void add(std::size_t at) {
        const auto& node = tree_.nodes()[at];
        if (node.folded_into != none) {
            ++result_.anchors;
            anchored_.push_back(node.trace);
            return;
        }
        if (node.parent == none) roots_.push_back(at);
        if (node.span == nullptr) {
            ++result_.gaps;
        } else {
            summarize(*node.span);
        }
    }

    void add_duplicate() { ++result_.duplicates; }

    chain build() && {
        result_.services = services_.size();
        if (result_.start_unix_ns == UINT64_MAX) result_.start_unix_ns = polls_start_;
        draw();
        for (const auto& trace : anchored_) note_trace(trace);
        return std::move(result_);
    }

  private:
    void summarize(const span_data& span) {
        ++result_.spans;
        services_.insert(service_of(span));
        result_.errors += shows_error(span);
        const auto end = std::max(span.start_unix_ns, span.end_unix_ns);
        result_.end_unix_ns = std::max(result_.end_unix_ns, end);
        auto& start = is_poll(span) ? polls_start_ : result_.start_unix_ns;
        start = std::min(start, span.start_unix_ns);
    }

    /// A node whose turn to be drawn comes.
    struct turn {
        std::size_t at, depth;
        bool last;
    };

    void draw() {
        tree_.sort(roots_);
        std::vector<turn> open;
        push(open, roots_, 0);
        while (!open.empty()) {
            auto next = open.back();
            open.pop_back();
            if (add_queue(next)) next = {next.at, next.depth + 1, true};
            add_row(next);
            push(open, tree_.nodes()[next.at].children, next.depth + 1);
        }
    }

    static void push(std::vector<turn>& open, const std::vector<std::size_t>& indexes, std::size_t depth) {
        for (auto i = indexes.size(); i-- > 0;) open.push_back({indexes[i], depth, i + 1 == indexes.size()});
    }

    const span_data* above(const chain_node& node) const {
        return node.parent == none ? nullptr : tree_.nodes()[node.parent].span;
    }

    /// Between a send and what took its records there is time that no span covers.
    bool add_queue(const turn& next) {
        const auto& node = tree_.nodes()[next.at];
        const auto* send = above(node);
        if (!node.takes) return false;
        auto& row = result_.rows.emplace_back();
        row.join = chain_join::queue;
        row.depth = next.depth;
        row.last = next.last;
        row.topic = topic_of(*send).empty() ? topic_of(*node.span) : topic_of(*send);
        row.end_unix_ns = node.start;
        row.start_unix_ns = std::min(node.start, std::max(send->start_unix_ns, send->end_unix_ns));
        return true;
    }

    void add_row(const turn& next) {
        const auto& from = tree_.nodes()[next.at];
        note_trace(from.trace);
        auto& row = result_.rows.emplace_back();
        row.span = from.span;
        row.join = from.join;
        row.depth = next.depth;
        row.last = next.last;
        if (from.span == nullptr) {
            row.missing = from.id;
            return;
        }
        row.start_unix_ns = from.start;
        row.end_unix_ns = std::max(from.start, from.span->end_unix_ns);
        const auto* parent = above(from);
        row.skewed = parent != nullptr && from.start < parent->start_unix_ns && !is_poll(*from.span) &&
                     service_of(*parent) != service_of(*from.span);
        row.peer = peer_of(from);
    }

    void note_trace(const trace_id& trace) {
        if (!traces_.insert(trace).second) return;
        if (traces_.size() > 1) {
            result_.linked.push_back(trace);
        } else {
            result_.trace = trace;
        }
    }

    // The service that answered, if its span is there; else what the caller wrote down.
    std::string peer_of(const chain_node& caller) const {
        const auto& span = *caller.span;
        if ((span.kind != span_kind::client && span.kind != span_kind::producer) || is_poll(span)) return {};
        for (auto child : caller.children) {
            const auto* callee = tree_.nodes()[child].span;
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

    const chain_tree& tree_;
    chain result_;
    std::vector<std::size_t> roots_;
    std::vector<trace_id> anchored_;
    std::set<std::string_view> services_;
    std::set<trace_id, by_ids> traces_;
    std::uint64_t polls_start_ = UINT64_MAX;
};

/// The traces that a forest joined.
trace_groups groups_of(const chain_tree& tree) {
    trace_groups groups;
    for (const auto& node : tree.nodes()) {
        for (auto other : {node.parent, node.folded_into}) {
            if (other != none) groups.join(node.trace, tree.nodes()[other].trace);
        }
    }
    return groups;
}

}  // namespace

std::vector<chain> build_chains(std::span<const span_data> spans) {
    chain_tree tree;
    std::vector<trace_id> duplicates;
    for (const auto& span : spans) {
        if (!tree.add(span)) duplicates.push_back(span.trace);
    }
    tree.connect();
    auto groups = groups_of(tree);
    std::map<trace_id, std::size_t, by_ids> numbers;
    std::vector<chain_builder> builders;
    const auto builder_of = [&](const trace_id& trace) -> chain_builder& {
        auto [at, added] = numbers.try_emplace(groups.representative(trace), builders.size());
        if (added) builders.emplace_back(tree);
        return builders[at->second];
    };
    for (std::size_t i = 0; i < tree.nodes().size(); ++i) builder_of(tree.nodes()[i].trace).add(i);
    for (const auto& trace : duplicates) builder_of(trace).add_duplicate();
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
