#include "tracing/chains/topology.hpp"

#include <algorithm>
#include <set>

#include "tracing/chains/chain_rows.hpp"
#include "tracing/messaging_span.hpp"
#include "tracing/utf8.hpp"

namespace outrider::tracing {
namespace {

traffic_figures figures_of(const traffic& from, double seconds) {
    traffic_figures out{from.count, from.errors, from.messages};
    if (seconds > 0) out.per_second = static_cast<double>(from.count) / seconds;
    out.p50_ns = from.latency.quantile(0.5);
    out.p95_ns = from.latency.quantile(0.95);
    out.p99_ns = from.latency.quantile(0.99);
    out.queued = from.queue.count() != 0;
    out.queue_p50_ns = from.queue.quantile(0.5);
    out.queue_p95_ns = from.queue.quantile(0.95);
    out.queue_p99_ns = from.queue.quantile(0.99);
    return out;
}

}  // namespace

void traffic::merge(const traffic& other) {
    count += other.count;
    errors += other.errors;
    messages += other.messages;
    latency.merge(other.latency);
    queue.merge(other.queue);
}

void topology::add(std::span<const span_data> spans) {
    for (const auto& one : build_chains(spans)) add(one);
}

void topology::add(const chain& one) {
    ++chains_;
    first_ns_ = std::min(first_ns_, one.start_unix_ns);
    last_ns_ = std::max(last_ns_, one.start_unix_ns);
    const auto parents = parents_of(one);
    for (std::size_t i = 0; i < one.rows.size(); ++i) add_row(one, i, parents);
}

void topology::add_row(const chain& one, std::size_t index, const std::vector<std::size_t>& parents) {
    const auto& row = one.rows[index];
    if (row.span == nullptr) return;
    const auto& span = *row.span;
    const auto* above = parents[index] == no_row ? nullptr : &one.rows[parents[index]];
    const bool called_here = above != nullptr && above->span != nullptr && is_call(*above->span);
    const auto own = named(place_kind::service, service_of(span));
    if (is_send(span)) {
        if (!is_anchor(span)) count({own, named(place_kind::topic, topic_of(span))}, row, nullptr);
    } else if (is_process(span) || is_poll(span)) {
        const bool queued = above != nullptr && above->join == chain_join::queue;
        if (!queued && is_poll(span)) return;  // waiting is no traffic
        count({named(place_kind::topic, topic_of(span)), own}, row, queued ? above : nullptr);
    } else if (is_call(span)) {
        if (!row.peer.empty()) count({own, named(place_kind::external, row.peer)}, row, nullptr);
    } else if (span.kind == span_kind::server && !called_here) {
        count({named(place_kind::outside, ""), own}, row, nullptr);
    }
    auto* const here = at(own);
    if (here == nullptr || (span.kind != span_kind::server && !is_process(span))) return;
    ++here->count;
    here->errors += span.status == status_code::error;
    here->latency.add(row.end_unix_ns - row.start_unix_ns);
}

void topology::count(const way& between, const chain_row& row, const chain_row* queue) {
    auto* const from = at(between.first);
    auto* const to = at(between.second);
    auto* const along = from == nullptr || to == nullptr ? nullptr : at(between);
    if (along == nullptr) return;
    const bool of_topic = between.first.kind == place_kind::topic || between.second.kind == place_kind::topic;
    const auto records = of_topic ? std::max<std::int64_t>(1, records_of(*row.span).count) : 0;
    const auto count_in = [&](traffic& in) {
        ++in.count;
        in.errors += row.span->status == status_code::error;
        in.messages += static_cast<std::uint64_t>(records);
        in.latency.add(row.end_unix_ns - row.start_unix_ns);
        if (queue != nullptr) in.queue.add(queue->end_unix_ns - queue->start_unix_ns);
    };
    count_in(*along);
    if (between.first.kind == place_kind::topic && queue != nullptr)
        from->queue.add(queue->end_unix_ns - queue->start_unix_ns);
    if (between.second.kind == place_kind::external || between.second.kind == place_kind::topic) count_in(*to);
}

place topology::named(place_kind kind, std::string_view name) const {
    place out{kind, {}};
    append_utf8(out.name, name, limits_.name_bytes);
    return out;
}

traffic* topology::at(const place& where) {
    if (auto found = places_.find(where); found != places_.end()) return &found->second;
    if (places_.size() < limits_.places) return &places_[where];
    ++left_out_;
    return nullptr;
}

traffic* topology::at(const way& between) {
    if (auto found = ways_.find(between); found != ways_.end()) return &found->second;
    if (ways_.size() < limits_.ways) return &ways_[between];
    ++left_out_;
    return nullptr;
}

void topology::merge(const topology& other) {
    chains_ += other.chains_;
    left_out_ += other.left_out_;
    first_ns_ = std::min(first_ns_, other.first_ns_);
    last_ns_ = std::max(last_ns_, other.last_ns_);
    for (const auto& [where, what] : other.places_) {
        if (auto* here = at(where)) here->merge(what);
    }
    for (const auto& [between, what] : other.ways_) {
        if (!places_.contains(between.first) || !places_.contains(between.second)) continue;
        if (auto* here = at(between)) here->merge(what);
    }
}

double topology::seconds_covered() const {
    return last_ns_ <= first_ns_ ? 0 : static_cast<double>(last_ns_ - first_ns_) / 1e9;
}

/// Whoever was called may have told of itself elsewhere.
place topology::resolved(const place& called) const {
    if (called.kind != place_kind::external) return called;
    auto service = place{place_kind::service, called.name};
    return places_.contains(service) ? service : called;
}

topology_view topology::view(double seconds) const {
    topology_view out;
    out.seconds = seconds;
    out.chains = chains_;
    out.left_out = left_out_;
    for (const auto& [where, what] : places_) {
        if (resolved(where) == where) out.nodes.push_back({where, figures_of(what, seconds)});
    }
    std::map<way, traffic> ways;  // two may be one, once it is known who was called
    for (const auto& [between, what] : ways_) ways[{between.first, resolved(between.second)}].merge(what);
    for (const auto& [between, what] : ways)
        out.edges.push_back({between.first, between.second, figures_of(what, seconds)});
    return out;
}

bool topology_reads(std::string_view key) {
    return key.starts_with("messaging.") || key == "server.address" || key == "server.port" || key == "peer.service" ||
           key == "outrider.anchor";
}

void rolling_topology::add(std::span<const span_data> spans, std::uint64_t now_ns) {
    began_ns_ = std::min(began_ns_, now_ns);
    parts_.try_emplace(now_ns / slot_ns_, limits_).first->second.add(spans);
    while (parts_.size() > slots_) parts_.erase(parts_.begin());
}

topology_view rolling_topology::view(std::uint64_t now_ns, std::uint64_t window_ns) const {
    const auto from_ns = now_ns > window_ns ? now_ns - window_ns : 0;
    const auto first_slot = from_ns / slot_ns_;
    topology all{limits_};
    for (auto part = parts_.lower_bound(first_slot); part != parts_.end(); ++part) all.merge(part->second);
    const auto begin_ns = std::min(now_ns, std::max(first_slot * slot_ns_, began_ns_));
    return all.view(std::max(1.0, static_cast<double>(now_ns - begin_ns) / 1e9));
}

}  // namespace outrider::tracing
