#include "tracing/chains/chain_sequence.hpp"

#include <algorithm>
#include <map>

#include "tracing/chains/chain_findings.hpp"
#include "tracing/chains/chain_rows.hpp"
#include "tracing/chains/drawn_text.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

using step = drawn_sequence::step;
using step_kind = drawn_sequence::step_kind;

constexpr std::size_t least_spans = 8;

class sequence_builder {
  public:
    sequence_builder(const chain& one, const chain_analysis& known, const drawing_limits& limits)
        : chain_(one), known_(known), limits_(limits), parents_(parents_of(one)), remarks_(one.rows.size()) {
        for (const auto& found : known.findings) {
            const bool shown = found.kind == finding_kind::missing_consumer ||
                               found.kind == finding_kind::missing_server ||
                               found.kind == finding_kind::missing_outcome || found.kind == finding_kind::retry ||
                               found.kind == finding_kind::fault;
            if (shown) remarks_[found.row].push_back(&found);
        }
        begin_ns_ = one.rows.empty() ? 0 : UINT64_MAX;
        for (std::size_t i = 0; i < one.rows.size(); ++i)
            if (one.rows[i].span != nullptr) begin_ns_ = std::min(begin_ns_, known.times[i].start);
    }

    drawn_sequence build() && {
        const auto shown = std::min(chain_.rows.size(), limits_.spans);
        std::vector<std::size_t> open;  // rows that the next one may hang from
        for (std::size_t i = 0; i < shown; ++i) {
            for (; open.size() > chain_.rows[i].depth; open.pop_back()) leave(open.back());
            enter(i);
            open.push_back(i);
        }
        for (; !open.empty(); open.pop_back()) leave(open.back());
        std::stable_sort(steps_.begin(), steps_.end(),
                         [](const auto& a, const auto& b) { return a.offset_ns < b.offset_ns; });
        name_participants();
        out_.title = short_name(known_.verdict, 160);
        if (const auto more = chain_.rows.size() - shown; more != 0) out_.left_out = "... " + plural(more, "more row");
        return std::move(out_);
    }

  private:
    using who = place;

    who service(const span_data& span) const { return {place_kind::service, name(service_of(span))}; }
    who topic(std::string_view of) const { return {place_kind::topic, name(of.empty() ? "?" : of)}; }
    std::string name(std::string_view text) const { return short_name(text, limits_.columns); }
    const chain_row* above(std::size_t at) const {
        return parents_[at] == no_row ? nullptr : &chain_.rows[parents_[at]];
    }

    /// The row of the answer to a call.
    std::size_t answer_to(std::size_t call) const {
        for (auto i = call + 1; i < chain_.rows.size() && chain_.rows[i].depth > chain_.rows[call].depth; ++i) {
            const auto* span = chain_.rows[i].span;
            if (parents_[i] == call && span != nullptr && span->kind == span_kind::server) return i;
            if (i > call + 64) break;
        }
        return no_row;
    }

    who callee(std::size_t call) const {
        if (const auto answer = answer_to(call); answer != no_row) return service(*chain_.rows[answer].span);
        const auto& row = chain_.rows[call];
        return {place_kind::external, name(row.peer.empty() ? "?" : row.peer)};
    }

    bool is_called(std::size_t at) const {
        const auto* caller = above(at);
        return caller != nullptr && caller->span != nullptr && is_call(*caller->span);
    }

    /// Who asked a server where no call is known.
    who caller_of(std::size_t at) const {
        const auto* row = above(at);
        if (row == nullptr || row->span == nullptr) return {place_kind::outside, "outside"};
        return service(*row->span);
    }

    void enter(std::size_t at) {
        const auto& row = chain_.rows[at];
        if (row.join == chain_join::gap) return;
        if (row.join == chain_join::queue) return;
        if (const auto* gap = above(at); gap != nullptr && gap->join == chain_join::gap)
            remark(at, known_.times[at].start, "parent " + gap->missing.hex() + " was never received", true);
        const auto& span = *row.span;
        const auto start = known_.times[at].start;
        if (is_send(span)) {
            message(at, step_kind::send, service(span), topic(topic_of(span)), start, send_text(span));
        } else if (is_process(span) || is_poll(span)) {
            enter_taker(at);
        } else if (is_call(span)) {
            const auto answer = answer_to(at);
            if (answer == no_row && was_refused(span)) return remark(at, start, refusal(at), true);
            auto text = operation_text(span, false);
            if (const auto before = resend_count(span); before > 0)
                text += " (attempt " + std::to_string(before + 1) + ")";
            message(at, step_kind::call, service(span), callee(at), start, std::move(text), answer);
        } else if (span.kind == span_kind::server) {
            if (!is_called(at))
                message(at, step_kind::call, caller_of(at), service(span), start, operation_text(span, false));
        } else if (span.kind == span_kind::internal) {
            message(at, step_kind::inside, service(span), service(span), start,
                    name(span.name) + ", " + time_text(known_.times[at].length()));
        }
    }

    void leave(std::size_t at) {
        const auto& row = chain_.rows[at];
        if (row.span == nullptr) return;
        const auto& span = *row.span;
        const auto end = known_.times[at].end;
        if (is_call(span)) {
            const auto answer = answer_to(at);
            if (answer != no_row || !was_refused(span)) answered(at, callee(at), service(span), end);
        } else if (span.kind == span_kind::server && !is_called(at)) {
            answered(at, service(span), caller_of(at), end);
        } else if (is_process(span) && span.status == status_code::error) {
            remark(at, end, name(status_text(span)), true);
        }
        for (const auto* found : remarks_[at]) {
            if (found->kind == finding_kind::missing_consumer) {
                place_remark(topic(topic_of(span)), end, found->text, true);
            } else {
                remark(at, end, found->text, found->kind != finding_kind::retry);
            }
        }
    }

    void enter_taker(std::size_t at) {
        const auto& span = *chain_.rows[at].span;
        const auto* queue = above(at);
        const bool queued = queue != nullptr && queue->join == chain_join::queue;
        if (is_poll(span) && !queued) return;
        const auto start = known_.times[at].start;
        const auto from = topic(topic_of(span));
        if (queued) place_remark(from, start, time_text(known_.times[parents_[at]].length()) + " in the queue", false);
        auto text = is_process(span) ? std::string{"process"} : std::string{"poll"};
        if (const auto range = records_of(span); range.count != 0)
            text += " [" + short_name(range.partition, 12) + "]@" + std::to_string(range.first);
        if (auto group = group_of(span); !group.empty()) text += ", group " + name(group);
        message(at, step_kind::take, from, service(span), start, std::move(text));
    }

    static std::string send_text(const span_data& span) {
        std::string text = "send";
        if (const auto range = records_of(span); range.count != 0) {
            text += " [" + short_name(range.partition, 12) + "]@" + std::to_string(range.first);
            if (range.count > 1) text += " x" + std::to_string(range.count);
        }
        if (auto status = status_text(span); !status.empty()) text += ", " + short_name(status, 40);
        return text;
    }

    std::string refusal(std::size_t at) const {
        for (const auto& found : known_.findings)
            if (found.row == at && found.kind == finding_kind::refusal) return found.text;
        return "refused";
    }

    void answered(std::size_t at, const who& from, const who& to, std::uint64_t end) {
        const auto& span = *chain_.rows[at].span;
        const auto took = time_text(known_.times[at].length());
        const bool lost = timed_out(span) && is_call(span);
        auto text = lost ? "timed out after " + took : status_text(span);
        if (!lost) text = text.empty() ? took : short_name(text, limits_.columns) + ", " + took;
        add({lost ? step_kind::lost : step_kind::answer, 0, 0, std::move(text), end, false,
             lost || span.status == status_code::error},
            from, to);
    }

    void message(std::size_t at, step_kind kind, const who& from, const who& to, std::uint64_t when, std::string text,
                 std::size_t answer = no_row) {
        auto link = inferred_link_of(chain_.rows[at]);
        if (!link && answer != no_row) link = inferred_link_of(chain_.rows[answer]);
        if (link) text = "~ " + text + " (" + name(link->source) + " " + share_text(link->confidence) + ")";
        const auto& span = *chain_.rows[at].span;
        const bool bad = span.status == status_code::error && kind != step_kind::call;
        add({kind, 0, 0, std::move(text), when, link.has_value(), bad}, from, to);
    }

    void remark(std::size_t at, std::uint64_t when, std::string text, bool bad) {
        place_remark(service(*chain_.rows[at].span), when, std::move(text), bad);
    }

    void place_remark(const who& where, std::uint64_t when, std::string text, bool bad) {
        add({step_kind::note, 0, 0, std::move(text), when, false, bad}, where, where);
    }

    void add(step what, const who& from, const who& to) {
        what.offset_ns = what.offset_ns > begin_ns_ ? what.offset_ns - begin_ns_ : 0;
        what.from = number_of(from);
        what.to = number_of(to);
        steps_.push_back(std::move(what));
    }

    std::size_t number_of(const who& one) {
        auto [at, added] = numbers_.try_emplace(one, people_.size());
        if (added) people_.push_back(one);
        return at->second;
    }

    /// Participants stand in the order in which they come in; those of too many are one, "others".
    void name_participants() {
        std::map<std::size_t, std::size_t> places;
        const auto place_of = [&](std::size_t number) {
            if (auto found = places.find(number); found != places.end()) return found->second;
            if (out_.participants.size() < limits_.nodes / 3) {
                out_.participants.push_back({people_[number].kind, people_[number].name});
            } else if (out_.participants.size() == limits_.nodes / 3) {
                out_.participants.push_back({place_kind::external, "others"});
            }
            return places[number] = out_.participants.size() - 1;
        };
        for (auto& one : steps_) {
            one.from = place_of(one.from);
            one.to = place_of(one.to);
        }
        out_.steps = std::move(steps_);
    }

    const chain& chain_;
    const chain_analysis& known_;
    const drawing_limits& limits_;
    std::vector<std::size_t> parents_;
    std::vector<std::vector<const chain_finding*>> remarks_;
    std::uint64_t begin_ns_ = 0;
    std::map<who, std::size_t> numbers_;
    std::vector<who> people_;
    std::vector<step> steps_;
    drawn_sequence out_;
};

}  // namespace

drawn_sequence sequence_of(const chain& one, const chain_analysis& known, const drawing_limits& limits) {
    for (auto how = limits;; how.spans /= 2) {
        auto drawn = sequence_builder{one, known, how}.build();
        if (how.spans <= least_spans || sequence_mermaid(drawn).size() <= limits.text_bytes) return drawn;
    }
}

}  // namespace outrider::tracing
