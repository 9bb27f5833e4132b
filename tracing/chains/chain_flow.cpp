// A chain as a graph: operations of services and topics, and what went between them.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "tracing/chains/chain_findings.hpp"
#include "tracing/chains/chain_rows.hpp"
#include "tracing/chains/drawn_graph.hpp"
#include "tracing/chains/drawn_text.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t least_spans = 8;

/// What went from one node to another, summed up.
struct flow_edge {
    std::size_t first_row = 0;
    std::vector<std::size_t> numbers;  ///< in the order of time, the first few
    std::size_t count = 0, errors = 0;
    std::uint64_t longest_ns = 0;
    std::string what, last_status;
    bool inferred = false, critical = false, time_out = false;
};

class flow_builder {
  public:
    flow_builder(const chain& one, const chain_analysis& known, const drawing_limits& limits)
        : chain_(one), known_(known), limits_(limits), parents_(parents_of(one)), homes_(one.rows.size(), none) {
        for (const auto& stretch : known.critical) on_path_.insert(stretch.row);
    }

    drawn_graph build() && {
        const auto shown = std::min(chain_.rows.size(), limits_.spans);
        for (std::size_t i = 0; i < shown; ++i) add_row(i);
        for (const auto& found : known_.findings)
            if (found.row < shown) add_gap(found);
        number_edges();
        for (auto& [between, edge] : edges_) out_.edges.push_back(drawn(between.first, between.second, edge));
        std::stable_sort(out_.edges.begin(), out_.edges.end(),
                         [](const auto& a, const auto& b) { return a.from < b.from; });
        out_.edges.insert(out_.edges.end(), missing_.begin(), missing_.end());
        out_.title = short_name(known_.verdict, 160);
        const auto more = chain_.rows.size() - shown;
        if (more != 0) out_.left_out = "... " + plural(more, "more row");
        if (left_out_ != 0) out_.left_out += (more != 0 ? ", " : "... ") + plural(left_out_, "more arrow");
        return std::move(out_);
    }

  private:
    static constexpr std::size_t none = no_row;
    using ends = std::pair<std::size_t, std::size_t>;

    std::string name(std::string_view text) const { return short_name(text, limits_.columns); }

    /// The node of that name, made when it is new; none when there are too many.
    std::size_t node(place_kind kind, std::string first, std::string second = {}) {
        const auto key = std::tuple{kind, first, second};
        if (auto found = numbers_.find(key); found != numbers_.end()) return found->second;
        if (out_.nodes.size() >= limits_.nodes) return none;
        auto& made = out_.nodes.emplace_back();
        made.kind = kind;
        made.lines.push_back(std::move(first));
        if (!second.empty()) made.lines.push_back(std::move(second));
        return numbers_[key] = out_.nodes.size() - 1;
    }

    std::size_t operation_node(const span_data& span) {
        return node(place_kind::service, name(service_of(span)), name(operation_text(span, false)));
    }

    /// Where what hangs from a row comes from.
    std::size_t home_above(std::size_t at) const { return parents_[at] == none ? none : homes_[parents_[at]]; }

    bool is_answered(std::size_t at) const {
        return at + 1 < chain_.rows.size() && parents_[at + 1] == at && chain_.rows[at + 1].span != nullptr &&
               chain_.rows[at + 1].span->kind == span_kind::server;
    }

    void add_row(std::size_t at) {
        const auto& row = chain_.rows[at];
        if (row.join == chain_join::gap) {
            homes_[at] = node(place_kind::external, "span " + row.missing.hex(), "not received");
        } else if (row.join == chain_join::queue) {
            homes_[at] = node(place_kind::topic, name(row.topic));
        } else if (is_send(*row.span)) {
            homes_[at] = home(at);
            add_edge(homes_[at], node(place_kind::topic, name(topic_of(*row.span))), at, "send");
        } else if (is_process(*row.span) || is_poll(*row.span)) {
            add_taker(at);
        } else if (is_call(*row.span)) {
            homes_[at] = home(at);
            if (!is_answered(at))
                add_edge(homes_[at], node(place_kind::external, name(row.peer.empty() ? "?" : row.peer)), at,
                         row.span->name);
        } else if (row.span->kind == span_kind::server) {
            add_answer(at);
        } else {
            homes_[at] = home(at);
        }
    }

    // A call or a send where nothing is known of what it came from stands for itself.
    std::size_t home(std::size_t at) {
        const auto above = home_above(at);
        const auto* span = chain_.rows[at].span;
        const auto* caller = parents_[at] == none ? nullptr : chain_.rows[parents_[at]].span;
        if (above != none && (caller == nullptr || service_of(*caller) == service_of(*span))) return above;
        const auto own = node(place_kind::service, name(service_of(*span)),
                              span->kind == span_kind::internal ? name(span->name) : std::string{});
        if (above != none) add_edge(above, own, at, {});
        return own;
    }

    void add_taker(std::size_t at) {
        const auto& row = chain_.rows[at];
        const bool queued = parents_[at] != none && chain_.rows[parents_[at]].join == chain_join::queue;
        homes_[at] = home_above(at);
        if (is_poll(*row.span) && !queued) return;
        homes_[at] = operation_node(*row.span);
        const auto topic = node(place_kind::topic, name(topic_of(*row.span)));
        add_edge(topic, homes_[at], at, queued ? time_text(known_.times[parents_[at]].length()) + " in queue" : "");
    }

    void add_answer(std::size_t at) {
        const auto caller = parents_[at];
        homes_[at] = operation_node(*chain_.rows[at].span);
        const bool called = caller != none && chain_.rows[caller].span != nullptr && is_call(*chain_.rows[caller].span);
        const auto from = caller == none ? node(place_kind::outside, "outside") : homes_[caller];
        add_edge(from, homes_[at], called ? caller : at, called ? chain_.rows[caller].span->name : "", at);
    }

    /// @param by  the row that tells how it went
    void add_edge(std::size_t from, std::size_t to, std::size_t by, std::string_view what, std::size_t answer = none) {
        if (from == none || to == none || (edges_.size() >= limits_.edges && !edges_.contains({from, to}))) {
            ++left_out_;
            return;
        }
        auto& edge = edges_[{from, to}];
        const auto& row = chain_.rows[by];
        if (edge.count++ == 0) {
            edge.first_row = by;
            edge.what = name(what);
        }
        edge.longest_ns = std::max(edge.longest_ns, known_.times[by].length());
        edge.errors += row.span->status == status_code::error;
        edge.time_out = edge.time_out || timed_out(*row.span);
        edge.last_status = status_text(*row.span);
        edge.inferred =
            edge.inferred || inferred_link_of(row) || (answer != none && inferred_link_of(chain_.rows[answer]));
        edge.critical = edge.critical || on_path_.contains(by) || (answer != none && on_path_.contains(answer));
        uses_.emplace_back(known_.times[by].start, ends{from, to});
    }

    void number_edges() {
        std::stable_sort(uses_.begin(), uses_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        for (std::size_t i = 0; i < uses_.size(); ++i) edges_[uses_[i].second].numbers.push_back(i + 1);
    }

    static std::string order_text(const std::vector<std::size_t>& numbers) {
        if (numbers.size() <= 3) {
            std::string text;
            for (auto number : numbers) text.append(text.empty() ? "" : ",").append(std::to_string(number));
            return text;
        }
        return std::to_string(numbers.front()) + ".." + std::to_string(numbers.back());
    }

    drawn_graph::edge drawn(std::size_t from, std::size_t to, const flow_edge& edge) const {
        std::string label;
        const auto add = [&](std::string_view text) {
            if (!text.empty()) label.append(label.empty() ? "" : ", ").append(text);
        };
        add(edge.what);
        if (edge.count > 1) label.append(label.empty() ? "" : " ").append("x").append(std::to_string(edge.count));
        const auto took = time_text(edge.longest_ns);
        if (edge.count == 1 && edge.time_out) {
            add("timed out after " + took);
        } else if (edge.count == 1) {
            add(short_name(edge.last_status, 24));
            add(took);
        } else {
            add("up to " + took);
            if (edge.errors != 0) add(plural(edge.errors, "error"));
        }
        label = order_text(edge.numbers) + ". " + label;
        if (edge.inferred) label = "~ " + label;
        return {from, to, std::move(label), edge.inferred, edge.errors != 0, edge.critical, false, edge.time_out};
    }

    /// A gap is an arrow into nowhere.
    void add_gap(const chain_finding& found) {
        if (found.kind != finding_kind::missing_consumer || missing_.size() >= limits_.edges) return;
        const auto& span = *chain_.rows[found.row].span;
        const auto from = node(place_kind::topic, name(topic_of(span)));
        const auto to = node(place_kind::external, "?", short_name(found.text, 2 * limits_.columns));
        if (from == none || to == none) return;
        out_.nodes[to].bad = true;
        missing_.push_back({from, to, {}, false, true, false, true, false});
    }

    const chain& chain_;
    const chain_analysis& known_;
    const drawing_limits& limits_;
    std::vector<std::size_t> parents_, homes_;
    std::set<std::size_t> on_path_;
    std::map<std::tuple<place_kind, std::string, std::string>, std::size_t> numbers_;
    std::map<ends, flow_edge> edges_;
    std::vector<std::pair<std::uint64_t, ends>> uses_;
    std::vector<drawn_graph::edge> missing_;
    std::size_t left_out_ = 0;
    drawn_graph out_;
};

}  // namespace

drawn_graph flow_of(const chain& one, const chain_analysis& known, const drawing_limits& limits) {
    for (auto how = limits;; how.spans /= 2) {
        auto drawn = flow_builder{one, known, how}.build();
        if (how.spans <= least_spans || graph_mermaid(drawn).size() <= limits.text_bytes) return drawn;
    }
}

}  // namespace outrider::tracing
