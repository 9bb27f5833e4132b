#include "sidecar/collector/traffic_history.hpp"

#include <algorithm>
#include <set>

#include "tracing/json_writer.hpp"
#include "tracing/messaging_span.hpp"

namespace outrider::collector {

using tracing::span_data;

namespace {

/// A chain settles seconds after its last span; an end further away is of a clock that nobody can go by.
constexpr std::uint64_t latest_ns = 120'000'000'000;

/// What its service was asked for, or given, and did.
bool is_handled(const span_data& span) { return span.kind == tracing::span_kind::server || tracing::is_process(span); }

std::uint64_t slot_of(const span_data& span, std::uint64_t now_ns) {
    const bool plausible = span.end_unix_ns <= now_ns && now_ns - span.end_unix_ns < latest_ns;
    return (plausible ? span.end_unix_ns : now_ns) / traffic_history::slot_ns;
}

}  // namespace

std::uint32_t traffic_history::number_of(std::string_view service) {
    if (const auto at = numbers_.find(service); at != numbers_.end()) return at->second;
    const std::string_view name = names_.size() + 1 < most_services ? service : "other";
    if (const auto at = numbers_.find(name); at != numbers_.end()) return at->second;
    const auto number = static_cast<std::uint32_t>(names_.size());
    names_.emplace_back(name.substr(0, 200));
    numbers_.emplace(name, number);
    return number;
}

void traffic_history::forget(std::uint64_t current) {
    while (!slots_.empty() && slots_.begin()->first + slots <= current) slots_.erase(slots_.begin());
    // The wall clock was set back: what lies ahead will come again.
    slots_.erase(slots_.upper_bound(current), slots_.end());
}

void traffic_history::add(std::span<const span_data> spans, std::uint64_t now_unix_ns) {
    const auto current = now_unix_ns / slot_ns;
    forget(current);
    bool fault = false;
    for (const auto& span : spans) {
        const bool error = span.status == tracing::status_code::error;
        fault = fault || error;
        if (!is_handled(span)) continue;
        auto& of = slots_[slot_of(span, now_unix_ns)].services[number_of(tracing::service_of(span))];
        ++of.count;
        of.errors += error ? 1 : 0;
        of.latency.add(span.end_unix_ns > span.start_unix_ns ? span.end_unix_ns - span.start_unix_ns : 0);
    }
    auto& now = slots_[current];
    ++now.chains;
    now.faults += fault ? 1 : 0;
}

std::string traffic_history::json(std::uint64_t window_ns, std::uint64_t now_unix_ns) const {
    const auto current = now_unix_ns / slot_ns;
    const auto wanted = std::clamp<std::uint64_t>((window_ns + slot_ns - 1) / slot_ns, 1, slots);
    const auto first = current + 1 - std::min(wanted, current + 1);
    std::string text;
    tracing::json_writer out{text};
    const auto series = [&](std::string_view name, auto value_of) {
        out.begin_array(name);
        for (auto at = first; at <= current; ++at) {
            const auto found = slots_.find(at);
            out.number(found == slots_.end() ? std::uint64_t{0} : value_of(found->second));
        }
        out.end_array();
    };
    std::set<std::pair<std::string_view, std::uint32_t>> seen;
    for (auto at = slots_.lower_bound(first); at != slots_.end() && at->first <= current; ++at)
        for (const auto& [number, one] : at->second.services) seen.emplace(names_[number], number);
    out.begin_object();
    out.quoted("slotNano", slot_ns);
    out.quoted("firstUnixNano", first * slot_ns);
    out.begin_array("services");
    for (const auto& [name, number] : seen) {
        const auto of = [&, which = number](auto read) {
            return [read, which](const slot& one) {
                const auto found = one.services.find(which);
                return found == one.services.end() ? std::uint64_t{0} : read(found->second);
            };
        };
        out.begin_object();
        out.text("name", name);
        series("count", of([](const figures& one) { return one.count; }));
        series("errors", of([](const figures& one) { return one.errors; }));
        series("p95Nano", of([](const figures& one) { return one.latency.quantile(0.95); }));
        out.end_object();
    }
    out.end_array();
    series("chains", [](const slot& one) { return one.chains; });
    series("faults", [](const slot& one) { return one.faults; });
    out.end_object();
    return text;
}

}  // namespace outrider::collector
