#include "sidecar/kafka/fetch_exchange.hpp"

#include <algorithm>

#include "sidecar/kafka/error_names.hpp"
#include "sidecar/kafka/produce_exchange.hpp"
#include "sidecar/kafka/record_injection.hpp"
#include "sidecar/kafka/topic_modes.hpp"

namespace outrider::kafka {
namespace {

using config::record_trace;

/// So many producers are told apart in one answer; the rest is counted with the last one.
constexpr std::size_t most_sources = 4'096;
/// So many topics are told apart; what follows passes unseen. Lies about counts cost memory.
constexpr std::size_t most_topics = 10'000;
/// A context is looked for among so many that came last: records of one request stand close together.
constexpr std::size_t looked_back = 8;

}  // namespace

fetch_exchange::fetch_exchange(cluster_path& path, conversation& talk, std::int16_t version)
    : path_(path),
      talk_(talk),
      view_(path.cluster.map.view()),
      client_id_(talk.client_id),
      server_address_(talk.server_address),
      server_port_(talk.server_port),
      started_(exchange::steady_clock::now()),
      captures_(path.tracer.capture().wants_records()) {
    parser_.start(parse_fetch_response(*this, version));
    if (path.policies.of(governance::traffic::consume).any())
        governed_ = std::make_unique<governed_request>(path, governance::traffic::consume, talk);
}

void fetch_exchange::answer_begins() {
    started_ = exchange::steady_clock::now();
    view_ = path_.cluster.map.view();
}

void fetch_exchange::hands_over() { handed_over_ = exchange::steady_clock::now(); }

bool fetch_exchange::feed(std::string_view piece) {
    addresses_at_.reset();
    if (parser_.state() == parse_state::malformed) return false;
    auto state = parser_.feed(piece);
    fed_ += piece.size();
    return state == parse_state::wants_more || whole();
}

bool fetch_exchange::went_by(std::uint64_t size) {
    addresses_at_.reset();
    auto state = parser_.went_by(size);
    fed_ += size;
    return state == parse_state::wants_more || whole();
}

void fetch_exchange::on_response(const head& first) {
    ill_ = ill_ || says_ill(first.error);
    // Ours may stand there already.
    if (first.throttle_ms > throttle_ms_)
        path_.metrics.of(static_cast<std::int16_t>(api::fetch))
            .throttle_milliseconds.add(static_cast<std::uint64_t>(first.throttle_ms));
}

void fetch_exchange::on_topic(std::string_view name, const topic_id& id) {
    passes_unseen_ = topics_.size() >= most_topics;
    if (passes_unseen_) return;
    auto& added = topics_.emplace_back();
    added.name = topic_name(path_.cluster, name, id);
    if (path_.tracer.enabled()) added.mode = mode_of(path_.cluster.settings.trace, added.name);
    added.row = &path_.metrics.topic(added.name);
}

void fetch_exchange::on_partition(const fetched_partition& partition) {
    partition_ = partition;
    ill_ = ill_ || says_ill(partition.error);
    if (topics_.empty() || passes_unseen_) return;
    if (partition.error != 0) topics_.back().row->fetch_errors.add();
}

void fetch_exchange::on_records(const records_field& field) {
    if (!topics_.empty() && !passes_unseen_) topics_.back().bytes += field.size;
}

void fetch_exchange::note_batch(const seen_batch& seen) {
    auto& into = topics_.back();
    auto records = batch_.records > 0 ? static_cast<std::uint64_t>(batch_.records) : 0;
    into.row->fetched_bytes.add(seen.available);
    into.row->fetched_records.add(records);
    if (partition_.high_watermark >= 0)
        into.row->set_lag(
            partition_.index,
            std::max<std::int64_t>(partition_.high_watermark - batch_.base_offset - batch_.last_offset_delta - 1, 0));
    into.records += records;
    if (into.first_partition < 0) {
        into.first_partition = partition_.index;
        into.first_offset = batch_.base_offset;
    }
    into.one_partition = into.one_partition && into.first_partition == partition_.index;
}

bool fetch_exchange::on_batch(const seen_batch& seen) {
    scanning_ = unpacking_ = false;
    without_context_ = 0;
    auto header = seen.modern() ? read_batch_header(seen.head) : std::nullopt;
    // What is cut at the end comes again with the next fetch.
    if (!header || seen.cut || topics_.empty() || passes_unseen_ || header->is_control()) return false;
    batch_ = *header;
    note_batch(seen);
    const auto mode = topics_.back().mode;
    if (mode == record_trace::none) return false;
    without_context_ = batch_.records > 0 ? static_cast<std::uint64_t>(batch_.records) : 0;
    const bool packed = batch_.codec() != codec::none;
    scanning_ = !packed && (mode != record_trace::derive || captures_);
    if (scanning_) scanner_.start(batch_.records, captures_);
    // Where headers are written into compressed batches they are also looked for there.
    unpacking_ =
        packed && (mode == record_trace::inject_all || captures_) && seen.size <= cluster_path::most_held_frame;
    if (unpacking_) kept_ = seen.head;
    return scanning_ || unpacking_;
}

void fetch_exchange::on_batch_bytes(std::string_view piece) {
    if (unpacking_) kept_ += piece;
    if (scanning_ && !scanner_.feed(piece)) scanning_ = false;
}

void fetch_exchange::unpack() {
    thread_local batch_contexts found;
    unpacking_ = false;
    batch_capture seen{path_.capture, budget_};
    if (!collect_contexts(kept_, &path_.codecs, inflation_bound{}, found, captures_ ? &seen : nullptr)) return;
    if (topics_.back().mode != record_trace::inject_all) return topics_.back().captured.add(seen.together());
    for (std::size_t i = 0; i < found.distinct.size(); ++i) {
        const auto& each = found.distinct[i];
        const auto told = add(each.context, batch_.base_offset + each.first_offset_delta, each.records, true);
        if (const auto* said = seen.of(i)) captured_of(told).add(*said);
    }
    if (const auto* said = seen.of(batch_contexts::most)) captured_of(none).add(*said);
    without_context_ = found.without;
}

void fetch_exchange::on_record(const scanned_record& record) {
    auto told = none;
    if (record.headers != 0 && topics_.back().mode != record_trace::derive) {
        const auto found = tracing::extract(record.fields);
        if (found.parent.valid()) {
            if (without_context_ > 0) --without_context_;
            told = add(found.parent, batch_.base_offset + record.offset_delta, 1, true);
        }
    }
    if (!captures_) return;
    capture_value(value_, value_whole_, path_.capture, budget_);
    captured_of(told).add(path_.capture);
}

void fetch_exchange::on_key(std::string_view key) {
    path_.capture.clear();
    value_.clear();
    value_whole_ = true;
    if (!key.empty()) path_.capture.record_key(key);
}

void fetch_exchange::on_value(std::string_view piece, std::uint64_t) {
    const auto most = path_.tracer.capture().body_bytes;
    const auto fits = std::min(piece.size(), most - value_.size());
    value_whole_ = value_whole_ && fits == piece.size();
    value_.append(piece.substr(0, fits));
}

void fetch_exchange::on_header(std::string_view name, std::string_view value) {
    path_.capture.record_header(name, value);
}

/// Records without a span of their own are told of by the poll.
tracing::group_capture& fetch_exchange::captured_of(std::size_t told) {
    if (told == none) return topics_.back().captured;
    auto& of = sources_[told].captured;
    if (!of) of = std::make_unique<tracing::group_capture>();
    return *of;
}

void fetch_exchange::on_batch_end() {
    if (unpacking_) unpack();
    if (without_context_ == 0 || topics_.empty()) return;
    auto key = key_in_log({view_->cluster_id, topics_.back().name, partition_.index}, batch_);
    auto ids = derive_context(key, false);
    add(path_.tracer.derived(ids.trace, ids.span, started_), batch_.base_offset, without_context_, false);
    without_context_ = 0;
}

std::size_t fetch_exchange::add(const tracing::span_context& context, std::int64_t offset, std::uint64_t records,
                                bool carried) {
    if (!path_.tracer.records(context)) return none;
    const auto current = topics_.size() - 1;
    const auto last = sources_.size();
    for (auto i = last; i > 0 && i + looked_back > last; --i) {
        auto& each = sources_[i - 1];
        if (each.topic != current || each.context.span != context.span || each.context.trace != context.trace ||
            each.partition != partition_.index)
            continue;
        each.records += records;
        return i - 1;
    }
    if (last < most_sources)
        sources_.push_back({current, context, partition_.index, offset, records, carried});
    else
        sources_.back().records += records;
    return sources_.size() - 1;
}

void fetch_exchange::on_node_endpoints(std::uint64_t position) {
    addresses_at_ = static_cast<std::size_t>(position - fed_);
}

bool fetch_exchange::refused(const std::set<std::string, std::less<>>& topics) {
    if (!governed_) return false;
    const auto now = exchange::steady_clock::now();
    if (governed_->refused_by_breaker({}, now)) return true;
    return std::any_of(topics.begin(), topics.end(),
                       [&](const std::string& each) { return governed_->refused_by_breaker(each, now).has_value(); });
}

/// Waiting for records is no latency of the cluster's.
void fetch_exchange::learn() {
    governed_->finish(ill_ ? governance::outcome::failure : governance::outcome::success, {},
                      exchange::steady_clock::now());
    if (!path_.policies.of(governance::traffic::consume).topics) return;
    // Within a fetch session requests do not name what they are for.
    for (const auto& each : topics_)
        if (each.bytes > 0 && talk_.fetch_topics.size() < most_topics) talk_.fetch_topics.insert(each.name);
}

void fetch_exchange::unanswered(bool broker_lost) {
    if (!governed_) return;
    governed_->finish(broker_lost ? governance::outcome::failure : governance::outcome::ignored, {},
                      exchange::steady_clock::now());
}

void fetch_exchange::kept_back(governance::nanoseconds time) {
    throttle_ms_ = static_cast<std::int32_t>(std::chrono::ceil<governance::milliseconds>(time).count());
}

/// An answer that brings nothing is a request all the same.
void fetch_exchange::charge() {
    const auto now = exchange::steady_clock::now();
    bool any = false;
    for (const auto& each : topics_) {
        if (each.bytes == 0) continue;
        any = true;
        governed_->charge(each.name, {1, static_cast<double>(each.bytes), static_cast<double>(each.records)}, now);
    }
    if (!any) governed_->charge({}, {}, now);
    note_throttle(path_.metrics, api::fetch, governed_->silent_until(), now);
}

void fetch_exchange::finish() {
    if (governed_) {
        charge();
        learn();
    }
    for (std::size_t i = 0; i < topics_.size(); ++i)
        if (topics_[i].records > 0 && topics_[i].mode != record_trace::none) write_spans(i);
}

void fetch_exchange::write_spans(std::size_t index) {
    const auto& of = topics_[index];
    exchange::messaging_facts facts;
    facts.topic = of.name;
    facts.client_id = client_id_;
    const auto group = path_.cluster.group_of(client_id_);
    facts.group = group;
    facts.server_address = server_address_;
    facts.server_port = server_port_;
    if (governed_) facts.ruling = governed_->ruling_of(of.name);
    facts.started = started_;
    facts.finished = handed_over_;
    const auto view = path_.cluster.map.view();
    facts.cluster = view->cluster_id;
    thread_local std::vector<tracing::span_context> producers;
    producers.clear();
    bool processed = false;
    tracing::group_capture all = of.captured;
    for (const auto& each : sources_) {
        if (each.topic != index) continue;
        producers.push_back(each.context);
        if (each.captured) all.add(*each.captured);
        if (!each.carried) continue;
        processed = true;
        facts.partition = each.partition;
        facts.offset = each.offset;
        facts.messages = each.records;
        facts.captured = each.captured.get();
        path_.tracer.process(each.context, facts);
    }
    facts.captured = &all;
    facts.partition.reset();
    facts.offset.reset();
    if (of.one_partition) {
        facts.partition = of.first_partition;
        facts.offset = of.first_offset;
    }
    facts.messages = of.records;
    path_.tracer.poll(producers, facts, !processed);
}

}  // namespace outrider::kafka
