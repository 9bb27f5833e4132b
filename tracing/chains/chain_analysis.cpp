#include "tracing/chains/chain_analysis.hpp"

#include <algorithm>
#include <array>

#include "tracing/chains/chain_findings.hpp"
#include "tracing/chains/chain_rows.hpp"
#include "tracing/chains/drawn_text.hpp"
#include "tracing/messaging_span.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t most_keys = 16, most_values = 16, key_columns = 40, most_names = 1'000, most_faults = 4;

bool is_gap(finding_kind kind) {
    return kind == finding_kind::missing_consumer || kind == finding_kind::missing_outcome ||
           kind == finding_kind::missing_server || kind == finding_kind::missing_parent;
}

/// Sums up a chain and judges it.
class analysis {
  public:
    analysis(const chain& one, const analysis_options& options)
        : chain_(one), options_(options), parents_(parents_of(one)) {}

    chain_analysis run() && {
        out_.times = row_times(chain_, parents_);
        out_.critical = critical_path(chain_, parents_, out_.times);
        sum_rows();
        sum_path();
        findings_list found{out_};
        find_events(chain_, parents_, options_, found);
        const auto halts = find_gaps(chain_, parents_, options_, found);
        std::stable_sort(out_.findings.begin(), out_.findings.end(),
                         [](const auto& a, const auto& b) { return a.row < b.row; });
        judge(halts);
        return std::move(out_);
    }

  private:
    std::string name(std::string_view from_outside) const {
        return short_name(from_outside, key_columns, options_.ascii);
    }

    service_share* share_of(const span_data& span) {
        auto service = name(service_of(span));
        if (out_.services.size() >= most_names && !out_.services.contains(service)) return nullptr;
        return &out_.services[std::move(service)];
    }

    queue_wait* queue_of(const chain_row& row) {
        auto topic = name(row.topic);
        if (out_.queues.size() >= most_names && !out_.queues.contains(topic)) return nullptr;
        return &out_.queues[std::move(topic)];
    }

    void sum_rows() {
        const auto own = own_times();
        for (std::size_t i = 0; i < chain_.rows.size(); ++i) {
            const auto& row = chain_.rows[i];
            if (row.join == chain_join::queue) {
                auto* const queue = queue_of(row);
                if (queue == nullptr) continue;
                ++queue->records;
                queue->total_ns += out_.times[i].length();
                queue->longest_ns = std::max(queue->longest_ns, out_.times[i].length());
            }
            if (row.span == nullptr) continue;
            note_keys(*row.span);
            auto* const share = share_of(*row.span);
            if (share == nullptr) continue;
            ++share->spans;
            share->errors += row.span->status == status_code::error;
            if (!is_poll(*row.span)) share->own_ns += own[i];
        }
    }

    /// What of each row no row below it covers.
    std::vector<std::uint64_t> own_times() const {
        std::vector<std::uint64_t> covered(chain_.rows.size()), until(chain_.rows.size()), own(chain_.rows.size());
        for (std::size_t i = 0; i < chain_.rows.size(); ++i) {  // rows below one another come by start
            const auto above = parents_[i];
            if (above == no_row) continue;
            const auto& whole = out_.times[above];
            const auto from = std::clamp(std::max(out_.times[i].start, until[above]), whole.start, whole.end);
            const auto to = std::clamp(out_.times[i].end, from, whole.end);
            covered[above] += to - from;
            until[above] = std::max(until[above], to);
        }
        for (std::size_t i = 0; i < own.size(); ++i)
            own[i] = out_.times[i].length() - std::min(covered[i], out_.times[i].length());
        return own;
    }

    void sum_path() {
        for (const auto& stretch : out_.critical) {
            const auto& row = chain_.rows[stretch.row];
            if (row.span == nullptr) {
                out_.queue_ns += stretch.when.length();
            } else if (auto* const share = share_of(*row.span)) {
                share->critical_ns += stretch.when.length();
            }
        }
    }

    void note_keys(const span_data& span) {
        for (const auto& each : span.attributes) {
            if (!each.key.starts_with(chain_attributes::key_prefix)) continue;
            const auto key = name(std::string_view{each.key}.substr(chain_attributes::key_prefix.size()));
            if (const auto* one = std::get_if<std::string>(&each.value.data)) note_key(key, *one);
            const auto* several = std::get_if<attribute_value::array>(&each.value.data);
            if (several == nullptr) continue;
            for (const auto& value : *several)
                if (const auto* text = std::get_if<std::string>(&value.data)) note_key(key, *text);
        }
    }

    void note_key(const std::string& key, std::string_view value) {
        if (out_.keys.size() >= most_keys && !out_.keys.contains(key)) return;
        auto& values = out_.keys[key];
        if (values.size() < most_values) values.insert(name(value));
    }

    void judge(const std::vector<halt>& halts) {
        const auto sum = sums();
        if (!halts.empty()) {
            const auto& oldest = *std::min_element(halts.begin(), halts.end(), [](const auto& a, const auto& b) {
                return a.since_unix_ns < b.since_unix_ns;
            });
            return judge_halt(oldest, halts.size());
        }
        if (const auto* why = failure(); why != nullptr) {
            out_.state = chain_state::failed;
            out_.verdict = "failed: " + why->text + "; " + sum;
            return;
        }
        std::size_t gaps = out_.gaps();
        if (gaps != 0) {
            const auto first = std::find_if(out_.findings.begin(), out_.findings.end(),
                                            [](const auto& found) { return is_gap(found.kind); });
            out_.state = chain_state::incomplete;
            out_.verdict = "incomplete: " + first->text;
            if (gaps > 1) out_.verdict += " and " + plural(gaps - 1, "more gap");
            out_.verdict += "; " + sum;
            return;
        }
        if (const auto faults = out_.count(finding_kind::fault); faults != 0) {
            out_.state = chain_state::incomplete;
            out_.verdict = "incomplete: " + plural(faults, "faulty span") + " (" + faults_text() + "); " + sum;
            return;
        }
        out_.verdict = "complete: " + sum;
        if (chain_.errors != 0) out_.verdict += ", " + plural(chain_.errors, "error") + " on the way";
    }

    /// What is wrong with spans, each word once.
    std::string faults_text() const {
        std::vector<std::string_view> seen;
        for (const auto& found : out_.findings) {
            if (found.kind != finding_kind::fault || std::ranges::find(seen, found.source) != seen.end()) continue;
            if (seen.size() == most_faults) break;
            seen.emplace_back(found.source);
        }
        std::string text;
        for (const auto& each : seen) text.append(text.empty() ? "" : ", ").append(each);
        return text;
    }

    void judge_halt(const halt& oldest, std::size_t count) {
        const auto now = options_.now_unix_ns;
        const auto age = now > oldest.since_unix_ns ? now - oldest.since_unix_ns : 0;
        const bool young = now != 0 && age < static_cast<std::uint64_t>(options_.patience.count());
        out_.state = young ? chain_state::waiting : chain_state::stuck;
        const auto begin = std::min(chain_.start_unix_ns, oldest.since_unix_ns);
        const auto when = now == 0 ? "at +" + time_text(oldest.since_unix_ns - begin, options_.ascii)
                                   : time_text(age, options_.ascii) + " ago";
        out_.verdict = std::string{name_of(out_.state)} + ": " + oldest.what + " " + when + " " +
                       (young ? oldest.so_far : oldest.since);
        if (count > 1) out_.verdict += "; " + std::to_string(count - 1) + " more" + " like it";
    }

    /// Why the chain did not come to a good end: the last thing that went wrong, when that shows at its beginning or
    /// where messages are sent and handled, behind which nobody waits for an answer.
    const chain_finding* failure() const {
        bool bad = false;
        for (std::size_t i = 0; i < chain_.rows.size(); ++i) {
            const auto* span = chain_.rows[i].span;
            if (span == nullptr || is_poll(*span)) continue;
            const bool counts = parents_[i] == no_row || is_process(*span) || is_send(*span);
            bad = bad || (counts && span->status == status_code::error);
        }
        if (!bad) return nullptr;
        const chain_finding* last = nullptr;
        for (const auto& found : out_.findings) {
            const auto* span = chain_.rows[found.row].span;
            const bool explains = span != nullptr && span->status == status_code::error &&
                                  (found.kind == finding_kind::error || found.kind == finding_kind::refusal ||
                                   found.kind == finding_kind::time_out);
            if (explains && (last == nullptr || out_.times[found.row].end >= out_.times[last->row].end)) last = &found;
        }
        return last;
    }

    std::string sums() const {
        auto text = plural(chain_.spans, "span") + ", " + plural(chain_.services, "service") + ", " +
                    time_text(chain_.end_unix_ns - chain_.start_unix_ns, options_.ascii);
        if (out_.queue_ns != 0) text += ", " + time_text(out_.queue_ns, options_.ascii) + " of it in queues";
        return text;
    }

    const chain& chain_;
    const analysis_options& options_;
    std::vector<std::size_t> parents_;
    chain_analysis out_;
};

}  // namespace

std::string_view name_of(chain_state state) {
    static constexpr std::array<std::string_view, 5> names{"complete", "failed", "incomplete", "waiting", "stuck"};
    return names[static_cast<std::size_t>(state)];
}

std::string_view name_of(finding_kind kind) {
    static constexpr std::array<std::string_view, 10> names{
        "retry",           "refusal",        "timeout",        "error", "inferred", "missing consumer",
        "missing outcome", "missing server", "missing parent", "fault"};
    return names[static_cast<std::size_t>(kind)];
}

std::size_t chain_analysis::count(finding_kind kind) const {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [kind](const auto& each) { return each.kind == kind; }));
}

std::size_t chain_analysis::gaps() const {
    return static_cast<std::size_t>(
        std::count_if(findings.begin(), findings.end(), [](const auto& each) { return is_gap(each.kind); }));
}

chain_analysis analyze(const chain& one, const analysis_options& options) { return analysis{one, options}.run(); }

}  // namespace outrider::tracing
