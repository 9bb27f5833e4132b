// A topology as tables for a terminal: services, topics, and who talks to whom.
#include <algorithm>
#include <array>

#include "tracing/chains/drawn_text.hpp"
#include "tracing/chains/topology.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t longest_label = 60, shortest_label = 16, figure_width = 9, figure_gap = 2;

using cells = std::array<std::string, 6>;

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (part == 0 || whole == 0) return "-";
    const auto tenths = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(1000.0 * static_cast<double>(part) / static_cast<double>(whole) + 0.5));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + "%";
}

/// A table whose first column gives way.
class table {
  public:
    table(std::string head, std::size_t width, bool ascii) : head_(std::move(head)), ascii_(ascii) {
        constexpr auto figures = 6 * (figure_width + figure_gap);
        label_width_ = std::clamp(width > figures ? width - figures : 0, shortest_label, longest_label);
    }

    void add(std::string label, const traffic_figures& of) {
        const auto time = [&](bool known, std::uint64_t ns) { return known ? time_text(ns, ascii_) : "-"; };
        const bool counted = of.count != 0;
        rows_.emplace_back(std::move(label),
                           cells{counted && of.per_second > 0 ? rate_text(of.per_second) : std::to_string(of.count),
                                 percent(of.errors, of.count), time(counted, of.p50_ns), time(counted, of.p95_ns),
                                 time(counted, of.p99_ns), time(of.queued, of.queue_p95_ns)});
    }

    void append_to(std::string& out, bool rates) const {
        if (rows_.empty()) return;
        if (!out.empty()) out += '\n';
        append_line(out, head_, {rates ? "rate" : "count", "errors", "p50", "p95", "p99", "queue p95"});
        for (const auto& [label, figures] : rows_) append_line(out, label, figures);
    }

  private:
    void append_line(std::string& out, const std::string& label, const cells& figures) const {
        out += fit(label, label_width_, ascii_);
        for (const auto& one : figures) out.append(figure_gap, ' ').append(right_aligned(one, figure_width));
        out += '\n';
    }

    std::string head_;
    bool ascii_;
    std::size_t label_width_;
    std::vector<std::pair<std::string, cells>> rows_;
};

}  // namespace

std::string topology_text(const topology_view& what, std::size_t width, bool ascii) {
    const auto name = [&](const place& at) -> std::string {
        if (at.kind == place_kind::outside) return "(outside)";
        auto text = short_name(at.name, longest_label, ascii);
        return at.kind == place_kind::topic ? "(" + text + ")" : text;
    };
    table services{"SERVICE", width, ascii}, topics{"TOPIC", width, ascii}, others{"EXTERNAL", width, ascii},
        ways{"FROM " + std::string{ascii ? "->" : "→"} + " TO", width, ascii};
    for (const auto& node : what.nodes) {
        if (node.at.kind == place_kind::service) services.add(name(node.at), node.figures);
        if (node.at.kind == place_kind::topic) topics.add(name(node.at), node.figures);
        if (node.at.kind == place_kind::external) others.add(name(node.at), node.figures);
    }
    for (const auto& edge : what.edges)
        ways.add(name(edge.from) + (ascii ? " -> " : " → ") + name(edge.to), edge.figures);
    auto out = plural(what.chains, "chain");
    if (what.seconds > 0)
        out += " in " + time_text(static_cast<std::uint64_t>(std::min(what.seconds, 1e9) * 1e9), ascii);
    out += "\n";
    for (const auto* one : {&services, &topics, &others, &ways}) one->append_to(out, what.seconds > 0);
    if (what.left_out != 0) out += plural(what.left_out, "more line") + " left out: too many places\n";
    return out;
}

}  // namespace outrider::tracing
