// What should have been there and is not.
#include <algorithm>
#include <array>
#include <utility>

#include "tracing/chains/chain_findings.hpp"
#include "tracing/chains/chain_rows.hpp"
#include "tracing/chains/drawn_text.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t name_columns = 60;

std::string record_text(const span_data& span, bool ascii) {
    const auto range = records_of(span);
    auto text = short_name(topic_of(span).empty() ? "(unknown topic)" : topic_of(span), name_columns, ascii);
    if (range.count == 0) return text;
    text += "[" + short_name(range.partition, 12, ascii) + "]@" + std::to_string(range.first);
    if (range.count > 1) text += "-" + std::to_string(range.first + std::min(range.count - 1, INT64_MAX - range.first));
    return text;
}

/// Failures after which the callee has nothing to tell: it was never reached.
bool never_arrived(const span_data& span) {
    static constexpr std::array<std::string_view, 12> before{
        "connect_refused", "connect_timeout",     "unresolvable", "tls_failed", "destination_refused",
        "no_endpoint",     "unknown_host",        "overloaded",   "draining",   "rate_limited",
        "circuit_open",    "concurrency_limited",
    };
    const auto why = text_attribute(span.attributes, "error.type");
    return was_refused(span) || std::find(before.begin(), before.end(), why) != before.end();
}

/// Which rows took records, for each send.
class takers {
  public:
    takers(const chain& one, const std::vector<std::size_t>& parents) : chain_(one) {
        for (std::size_t i = 0; i < one.rows.size(); ++i) {
            const auto* span = one.rows[i].span;
            if (span == nullptr || (!is_process(*span) && !is_poll(*span))) continue;
            auto above = parents[i];
            if (above != no_row && one.rows[above].join == chain_join::queue) above = parents[above];
            const auto* send = above == no_row ? nullptr : one.rows[above].span;
            if (send != nullptr && is_send(*send)) {
                of_sends_[above].insert(group_of(*span));
            } else {
                elsewhere_[topic_of(*span)].insert(group_of(*span));
            }
        }
    }

    /// The groups that took what was sent; an empty name for one that does not say.
    std::set<std::string_view> of(std::size_t send) const {
        std::set<std::string_view> groups;
        if (auto found = of_sends_.find(send); found != of_sends_.end()) groups = found->second;
        // A send that knows no offset is paired with nothing: then whoever took from the topic may have taken it.
        const auto& span = *chain_.rows[send].span;
        const auto found = elsewhere_.find(topic_of(span));
        if (records_of(span).count == 0 && found != elsewhere_.end())
            groups.insert(found->second.begin(), found->second.end());
        return groups;
    }

  private:
    const chain& chain_;
    std::map<std::size_t, std::set<std::string_view>> of_sends_;
    std::map<std::string_view, std::set<std::string_view>> elsewhere_;
};

/// Walks over the rows of a chain.
class gap_search {
  public:
    gap_search(const chain& one, const std::vector<std::size_t>& parents, const analysis_options& options,
               findings_list& found)
        : chain_(one),
          options_(options),
          found_(found),
          takers_(one, parents),
          takers_above_(takers_above(one, parents)),
          answered_(one.rows.size(), false) {
        own_.learn(one);
        for (std::size_t i = 0; i < one.rows.size(); ++i) {
            const auto* span = one.rows[i].span;
            if (takers_above_[i] != i && span != nullptr && (is_send(*span) || is_call(*span)))
                followed_.insert(takers_above_[i]);
            if (parents[i] != no_row && one.rows[i].span != nullptr && one.rows[i].span->kind == span_kind::server)
                answered_[parents[i]] = true;
        }
    }

    std::vector<halt> run() && {
        for (std::size_t i = 0; i < chain_.rows.size(); ++i) {
            const auto& row = chain_.rows[i];
            if (row.join == chain_join::gap) {
                found_.add({finding_kind::missing_parent, i, "parent " + row.missing.hex() + " was never received"});
            } else if (row.span != nullptr && is_send(*row.span)) {
                look_at_send(i);
            } else if (row.span != nullptr && is_call(*row.span)) {
                look_at_call(i);
            } else if (row.span != nullptr && takers_above_[i] == i) {
                look_at_taker(i);
            }
        }
        return std::move(halts_);
    }

  private:
    void look_at_send(std::size_t at) {
        const auto& span = *chain_.rows[at].span;
        if (is_anchor(span) || span.status == status_code::error || was_refused(span)) return;
        const auto took = takers_.of(at);
        std::set<std::string_view> missing;
        for (const chain_surroundings* known : {&std::as_const(own_), options_.known}) {
            if (known == nullptr) continue;
            for (const auto& group : known->groups_of(topic_of(span))) missing.insert(group);
        }
        for (auto group : took) missing.erase(group);
        if (took.contains("")) return;  // somebody who may be any of them
        if (took.empty() && missing.empty()) missing.insert("");
        for (auto group : missing) note(at, group);
    }

    void note(std::size_t at, std::string_view group) {
        const auto& row = chain_.rows[at];
        const auto record = record_text(*row.span, options_.ascii);
        const auto who = short_name(group, name_columns, options_.ascii);
        auto text = "no consumer span for " + record;
        if (!group.empty()) text += " in group " + who;
        found_.add({finding_kind::missing_consumer, at, std::move(text)});
        const auto nobody = "and group " + who + " has not taken it";
        halts_.push_back({at, row.end_unix_ns, record + " was sent",
                          group.empty() ? "and no consumer of it is known" : nobody,
                          group.empty() ? "and nobody has taken it yet" : nobody + " yet"});
    }

    /// Who nearly always does something with such a record and this time did not has lost it.
    void look_at_taker(std::size_t at) {
        const auto& row = chain_.rows[at];
        if (followed_.contains(at) || row.span->status == status_code::error || options_.known == nullptr) return;
        const auto* usual = options_.known->outcomes_of(service_of(*row.span), topic_of(*row.span));
        if (usual == nullptr || !usual->nearly_always_but(row.span->start_unix_ns)) return;
        const auto took = short_name(service_of(*row.span), name_columns, options_.ascii) + " took " +
                          record_text(*row.span, options_.ascii);
        std::string usually;
        for (const auto& effect : usual->effects)
            usually.append(usually.empty() ? "" : " or ").append(short_name(effect, name_columns, options_.ascii));
        auto nothing = "and nothing came of it (else " + usually + ")";
        found_.add({finding_kind::missing_outcome, at, took + " " + nothing});
        halts_.push_back({at, row.end_unix_ns, took, nothing, "and nothing has come of it yet"});
    }

    void look_at_call(std::size_t at) {
        const auto& row = chain_.rows[at];
        const bool tells = own_.tells(row.peer) || (options_.known != nullptr && options_.known->tells(row.peer));
        if (answered_[at] || row.peer.empty() || !tells || never_arrived(*row.span)) return;
        if (row.peer == service_of(*row.span)) return;
        found_.add({finding_kind::missing_server, at,
                    "no server span for " + operation_text(*row.span, options_.ascii) + " to " +
                        short_name(row.peer, name_columns, options_.ascii)});
    }

    const chain& chain_;
    const analysis_options& options_;
    findings_list& found_;
    takers takers_;
    std::vector<std::size_t> takers_above_;
    std::set<std::size_t> followed_;  ///< takers that something came of
    std::vector<bool> answered_;
    chain_surroundings own_;
    std::vector<halt> halts_;
};

}  // namespace

std::vector<halt> find_gaps(const chain& one, const std::vector<std::size_t>& parents, const analysis_options& options,
                            findings_list& found) {
    return gap_search{one, parents, options, found}.run();
}

}  // namespace outrider::tracing
