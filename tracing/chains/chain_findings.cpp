// What happened in a chain, in words.
#include "tracing/chains/chain_findings.hpp"

#include <algorithm>
#include <cmath>

#include "tracing/chains/chain_rows.hpp"
#include "tracing/chains/drawn_text.hpp"
#include "tracing/messaging_span.hpp"
#include "tracing/stitch/attribute_names.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t most_of_a_kind = 200, name_columns = 60;

bool says(const span_data& span, std::string_view key, std::string_view what) {
    return text_attribute(span.attributes, key) == what;
}

bool mentions_time_out(std::string_view text) {
    return text.find("timeout") != std::string_view::npos || text == "deadline_exceeded";
}

double number_of(const attribute_value* value) {
    if (value == nullptr) return 0;
    if (const auto* real = std::get_if<double>(&value->data)) return std::isfinite(*real) ? *real : 0;
    if (const auto* whole = std::get_if<std::int64_t>(&value->data)) return static_cast<double>(*whole);
    return 0;
}

std::optional<inferred_link> inferred_by(const std::vector<attribute>& attributes) {
    const auto source = text_attribute(attributes, chain_attributes::link_source);
    if (source.empty() || source == "context") return std::nullopt;
    const auto confidence = number_of(find_attribute(attributes, chain_attributes::link_confidence));
    return inferred_link{source, std::clamp(confidence, 0.0, 1.0)};
}

std::string refusal_text(const chain_row& row, bool ascii) {
    const auto& span = *row.span;
    const auto clean = [&](std::string_view key) {
        return short_name(text_attribute(span.attributes, key), name_columns, ascii);
    };
    const bool degraded = says(span, "outrider.decision", "degraded");
    auto text = who_text(row, ascii) + " " + operation_text(span, ascii) +
                (degraded ? ": answered by a fallback" : ": refused");
    if (auto policy = clean("outrider.policy"); !policy.empty()) {
        text += (degraded ? " of " : " by ") + policy;
        if (auto rule = clean("outrider.rule"); !rule.empty()) text += " (" + rule + ")";
    }
    if (auto reason = clean("outrider.reason"); !reason.empty()) text += ", " + reason;
    return text;
}

/// Spans under one parent that ask the same of the same: attempts, when each came after the end of a failed one.
class attempts {
  public:
    explicit attempts(const chain& one) : chain_(one) {}

    void see(std::size_t at, std::size_t parent) {
        const auto& row = chain_.rows[at];
        if (!is_call(*row.span)) return;
        auto& last = last_[{parent, row.peer, row.span->name}];
        const bool again = last.row != no_row && chain_.rows[last.row].span->status == status_code::error &&
                           row.start_unix_ns >= chain_.rows[last.row].end_unix_ns;
        if (again || (last.row != no_row && resend_count(*row.span) > 0)) {
            ++last.times;
        } else {
            finish(last);
            last.times = 1 + static_cast<std::size_t>(resend_count(*row.span));
        }
        last.row = at;
    }

    /// By row of the last attempt: how many there were.
    std::map<std::size_t, std::size_t> retried() && {
        for (auto& [key, one] : last_) finish(one);
        return std::move(retried_);
    }

  private:
    struct series {
        std::size_t row = no_row, times = 0;
    };

    void finish(const series& of) {
        if (of.row != no_row && of.times > 1) retried_[of.row] = of.times;
    }

    const chain& chain_;
    std::map<std::tuple<std::size_t, std::string_view, std::string_view>, series> last_;
    std::map<std::size_t, std::size_t> retried_;
};

/// Whether an error of a row shows in a row below it, where it began.
std::vector<bool> errors_below(const chain& one, const std::vector<std::size_t>& parents) {
    std::vector<bool> below(one.rows.size(), false);
    for (std::size_t i = one.rows.size(); i-- > 0;) {
        const auto* span = one.rows[i].span;
        const bool bad = span != nullptr && span->status == status_code::error;
        if (parents[i] != no_row && (bad || below[i])) below[parents[i]] = true;
    }
    return below;
}

void find_outcomes(const chain_row& row, std::size_t at, bool error_below, bool ascii, findings_list& found) {
    const auto& span = *row.span;
    const auto what = [&] { return who_text(row, ascii) + " " + operation_text(span, ascii) + ": "; };
    const auto add = [&](finding_kind kind, const auto& text) {
        if (found.has_room(kind)) found.add({kind, at, text()});
    };
    if (was_refused(span)) {
        add(finding_kind::refusal, [&] { return refusal_text(row, ascii); });
    } else if (timed_out(span)) {
        add(finding_kind::time_out,
            [&] { return what() + "timed out after " + time_text(row.end_unix_ns - row.start_unix_ns, ascii); });
    } else if (span.status == status_code::error && !error_below) {
        add(finding_kind::error, [&] { return what() + short_name(status_text(span), 2 * name_columns, ascii); });
    }
    if (const auto inferred = inferred_link_of(row); inferred && found.has_room(finding_kind::inferred)) {
        auto source = short_name(inferred->source, name_columns, ascii);
        auto text = what() + "by " + source + ", " + share_text(inferred->confidence);
        found.add({finding_kind::inferred, at, std::move(text), 1, std::move(source), inferred->confidence});
    }
    const auto add_fault = [&](std::string_view of) {
        if (!found.has_room(finding_kind::fault)) return;
        auto name = short_name(of, name_columns, ascii);
        auto text = what() + name;
        found.add({finding_kind::fault, at, std::move(text), 1, std::move(name)});
    };
    if (auto fault = text_attribute(span.attributes, chain_attributes::fault); !fault.empty()) add_fault(fault);
    if (row.join == chain_join::cycle) add_fault("cycle of parents");
}

}  // namespace

bool findings_list::has_room(finding_kind kind) {
    if (counts_[kind] < most_of_a_kind) return true;
    ++into_.left_out;
    return false;
}

void findings_list::add(chain_finding found) {
    if (!has_room(found.kind)) return;
    ++counts_[found.kind];
    into_.findings.push_back(std::move(found));
}

std::string operation_text(const span_data& span, bool ascii) {
    const auto method = text_attribute(span.attributes, "http.request.method");
    if (method.empty() || span.name != method) return short_name(span.name, name_columns, ascii);
    auto path = text_attribute(span.attributes, "url.path");
    if (path.empty()) {  // a client tells the whole URL
        path = text_attribute(span.attributes, "url.full");
        const auto host = path.find("://");
        const auto begin = host == std::string_view::npos ? host : path.find('/', host + 3);
        path = begin == std::string_view::npos ? std::string_view{} : path.substr(begin);
        path = path.substr(0, path.find('?'));
    }
    return short_name(span.name + (path.empty() ? "" : " ") + std::string{path.substr(0, 4 * name_columns)},
                      name_columns, ascii);
}

std::string who_text(const chain_row& row, bool ascii) {
    auto text = short_name(service_of(*row.span), name_columns, ascii);
    if (!row.peer.empty() && !is_send(*row.span))
        text.append(ascii ? " -> " : " → ").append(short_name(row.peer, name_columns, ascii));
    return text;
}

std::int64_t resend_count(const span_data& span) {
    const auto* value = find_attribute(span.attributes, "http.request.resend_count");
    const auto* number = value == nullptr ? nullptr : std::get_if<std::int64_t>(&value->data);
    return number == nullptr ? 0 : std::clamp<std::int64_t>(*number, 0, 1'000);
}

bool timed_out(const span_data& span) {
    return mentions_time_out(text_attribute(span.attributes, "error.type")) ||
           mentions_time_out(text_attribute(span.attributes, "outrider.reason"));
}

bool was_refused(const span_data& span) {
    return says(span, "outrider.decision", "refused") || says(span, "outrider.decision", "degraded");
}

std::optional<inferred_link> inferred_link_of(const chain_row& row) {
    if (row.span == nullptr) return std::nullopt;
    if (auto own = inferred_by(row.span->attributes)) return own;
    if (row.join != chain_join::link) return std::nullopt;
    for (const auto& link : row.span->links)
        if (auto by = inferred_by(link.attributes)) return by;
    return std::nullopt;
}

void find_events(const chain& one, const std::vector<std::size_t>& parents, const analysis_options& options,
                 findings_list& found) {
    const auto below = errors_below(one, parents);
    attempts tried{one};
    for (std::size_t i = 0; i < one.rows.size(); ++i)
        if (one.rows[i].span != nullptr) tried.see(i, parents[i]);
    const auto retried = std::move(tried).retried();
    for (std::size_t i = 0; i < one.rows.size(); ++i) {
        const auto& row = one.rows[i];
        if (row.span == nullptr) continue;
        if (auto series = retried.find(i); series != retried.end()) {
            found.add({finding_kind::retry, i,
                       who_text(row, options.ascii) + " " + operation_text(*row.span, options.ascii) + ": " +
                           std::to_string(series->second) + " attempts",
                       series->second});
        }
        find_outcomes(row, i, below[i], options.ascii, found);
    }
}

}  // namespace outrider::tracing
