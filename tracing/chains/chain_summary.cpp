#include "tracing/chains/chain_summary.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "tracing/chains/drawn_text.hpp"
#include "tracing/terminal_text.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t head_width = 15, most_texts = 5, most_parts = 8;

/// Words of a text put into lines of a width; what follows a line break is indented.
void append_wrapped(std::string& out, std::string_view head, std::string_view text, std::size_t width, bool ascii) {
    std::string line{head};
    line.append(head.empty() || columns(head) >= head_width ? 0 : head_width - columns(head), ' ');
    auto used = columns(line);
    bool first = true;
    while (!text.empty()) {
        const auto space = std::min(text.find(' '), text.size());
        auto word = std::string{text.substr(0, space)};
        text.remove_prefix(std::min(space + 1, text.size()));
        if (columns(word) + head_width > width)
            word = short_name(word, width > head_width ? width - head_width : 1, ascii);
        const auto wide = columns(word);
        if (!first && used + 1 + wide > width) {
            out.append(line).append("\n");
            line.assign(head.empty() ? 2 : head_width, ' ');
            used = line.size();
        } else if (!first) {
            line += ' ';
            ++used;
        }
        line += word;
        used += wide;
        first = false;
    }
    out.append(line).append("\n");
}

/// Writes the lines of one summary.
class summary {
  public:
    summary(std::string& out, const chain& one, const chain_analysis& known, const summary_style& style)
        : out_(out), chain_(one), known_(known), style_(style) {}

    void append() {
        line("critical path", path_text());
        line("queues", queues_text());
        findings("retries", {finding_kind::retry});
        findings("refused", {finding_kind::refusal});
        findings("timed out", {finding_kind::time_out});
        findings("errors", {finding_kind::error});
        line("inferred", inferred_text(chain_, known_));
        findings("gaps", {finding_kind::missing_parent, finding_kind::missing_server, finding_kind::missing_consumer,
                          finding_kind::missing_outcome});
        findings("faults", {finding_kind::fault});
        line("keys", keys_text(known_));
        append_wrapped(out_, "", known_.verdict, style_.width, style_.ascii);
    }

  private:
    void line(std::string_view head, const std::string& text) {
        if (!text.empty()) append_wrapped(out_, head, text, style_.width, style_.ascii);
    }

    // In the order in which they took time, the greatest first.
    std::string path_text() const {
        std::vector<std::pair<std::uint64_t, std::string>> parts;
        for (const auto& [service, share] : known_.services)
            if (share.critical_ns != 0) parts.emplace_back(share.critical_ns, service);
        if (known_.queue_ns != 0) parts.emplace_back(known_.queue_ns, "queues");
        if (parts.size() < 2) return {};
        std::stable_sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
        return joined(parts.size(), most_parts, ", ",
                      [&](std::size_t i) { return parts[i].second + " " + time_text(parts[i].first, style_.ascii); });
    }

    std::string queues_text() const {
        std::vector<std::string> parts;
        for (const auto& [topic, wait] : known_.queues) {
            auto text = topic + " " + time_text(wait.total_ns, style_.ascii);
            if (wait.records > 1)
                text += " (" + std::to_string(wait.records) + " times, longest " +
                        time_text(wait.longest_ns, style_.ascii) + ")";
            parts.push_back(std::move(text));
        }
        return joined(parts.size(), most_parts, ", ", [&](std::size_t i) { return parts[i]; });
    }

    void findings(std::string_view head, std::initializer_list<finding_kind> kinds) {
        std::vector<std::pair<std::string_view, std::size_t>> texts;  // with how often in a row
        for (const auto& each : known_.findings) {
            if (std::find(kinds.begin(), kinds.end(), each.kind) == kinds.end()) continue;
            if (texts.empty() || texts.back().first != each.text) texts.emplace_back(each.text, 0);
            ++texts.back().second;
        }
        line(head, joined(texts.size(), most_texts, "; ", [&](std::size_t i) {
                 return std::string{texts[i].first} +
                        (texts[i].second > 1 ? " (" + std::to_string(texts[i].second) + " times)" : "");
             }));
    }

    template <class Text>
    std::string joined(std::size_t count, std::size_t most, std::string_view between, Text text) const {
        std::string out;
        for (std::size_t i = 0; i < std::min(count, most); ++i)
            out.append(i == 0 ? std::string_view{} : between).append(text(i));
        if (count > most) out.append(between).append(std::to_string(count - most)).append(" more");
        return out;
    }

    std::string& out_;
    const chain& chain_;
    const chain_analysis& known_;
    const summary_style& style_;
};

}  // namespace

std::string inferred_text(const chain& one, const chain_analysis& known) {
    struct share {
        std::size_t count = 0;
        double least = 1, most = 0;
    };
    std::map<std::string, share> sources;
    for (const auto& each : known.findings) {
        if (each.kind != finding_kind::inferred) continue;
        auto& seen = sources[each.source];
        ++seen.count;
        seen.least = std::min(seen.least, each.confidence);
        seen.most = std::max(seen.most, each.confidence);
    }
    if (sources.empty()) return {};
    auto text = "~ " + std::to_string(known.count(finding_kind::inferred)) + " of " + plural(one.spans, "span") + ":";
    bool first = true;
    for (const auto& [source, seen] : sources) {
        const auto least = share_text(seen.least);
        text += (first ? " " : ", ") + std::to_string(seen.count) + " by " + source + " (" + least +
                (least == share_text(seen.most) ? ")" : " or more)");
        first = false;
    }
    return text;
}

std::string keys_text(const chain_analysis& known) {
    std::string text;
    for (const auto& [key, values] : known.keys)
        for (const auto& value : values) text.append(text.empty() ? "" : ", ").append(key).append("=").append(value);
    return text;
}

void append_summary(std::string& out, const chain& one, const chain_analysis& known, const summary_style& style) {
    summary{out, one, known, style}.append();
}

}  // namespace outrider::tracing
