#include "sidecar/kafka/produce_exchange.hpp"

#include <algorithm>
#include <utility>

#include "sidecar/kafka/error_names.hpp"
#include "sidecar/kafka/topic_modes.hpp"
#include "tracing/hex.hpp"

namespace outrider::kafka {

using config::record_trace;

namespace {

/// So many topics, and batches, of one request are told apart; the rest passes unseen. Lies about counts cost memory.
constexpr std::size_t most_seen = 10'000;
/// What a context adds to a record, a tracestate included.
constexpr std::size_t likely_addition = 110;

}  // namespace

std::string topic_name(const cluster& of, std::string_view name, const topic_id& id) {
    if (name.data() != nullptr) return std::string{name};
    if (auto known = of.map.topic_name(id)) return *known;
    std::string out{"id:"};
    for (auto byte : id.bytes) {
        constexpr char digits[] = "0123456789abcdef";
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

produce_exchange::produce_exchange(cluster_path& path, conversation& talk, std::int16_t version)
    : path_(path),
      talk_(talk),
      view_(path.cluster.map.view()),
      version_(version),
      client_id_(talk.client_id),
      server_address_(talk.server_address),
      server_port_(talk.server_port),
      started_(exchange::steady_clock::now()),
      candidates_(path.tracer.candidates()) {
    parser_.start(parse_produce_request(*this, version));
    if (path.policies.of(governance::traffic::produce).any())
        governed_ = std::make_unique<governed_request>(path, governance::traffic::produce, talk);
}

bool produce_exchange::feed(std::string_view piece) {
    fed_ += piece.size();
    if (parser_.state() == parse_state::malformed) return false;
    return parser_.feed(piece) != parse_state::malformed;
}

void produce_exchange::on_acks(std::int16_t acks, std::int32_t timeout_ms) {
    acks_ = acks;
    timeout_ms_ = timeout_ms;
}

void produce_exchange::on_topics(std::uint64_t count_at, std::uint64_t topics_at) {
    topics_count_at_ = count_at;
    topics_at_ = topics_at;
}

void produce_exchange::on_topic_end(std::uint64_t position) {
    if (!topics_.empty() && !passes_unseen_) topics_.back().end = position;
}

void produce_exchange::on_topic(std::string_view name, const topic_id& id) {
    passes_unseen_ = topics_.size() >= most_seen;
    if (passes_unseen_) return;
    auto text = topic_name(path_.cluster, name, id);
    auto mode = path_.tracer.enabled() ? mode_of(path_.cluster.settings.trace, text) : record_trace::none;
    auto& added = topics_.emplace_back();
    added.name = std::move(text);
    added.id = id;
    added.mode = mode;
    added.begin = topics_.size() < 2 ? topics_at_ : topics_[topics_.size() - 2].end;
}

void produce_exchange::on_partition(std::int32_t index) {
    partition_ = index;
    if (governed_ && !topics_.empty() && !passes_unseen_) topics_.back().partitions.push_back({index, 0});
}

void produce_exchange::on_records(const records_field& field) {
    field_ = field;
    if (!topics_.empty() && !passes_unseen_) topics_.back().bytes += static_cast<double>(field.size);
}

bool produce_exchange::on_batch(const seen_batch& seen) {
    if (!seen.modern() || passes_unseen_ || batches_.size() >= most_seen) return false;
    auto header = read_batch_header(seen.head);
    if (!header || topics_.empty()) return false;
    auto& added = batches_.emplace_back();
    added.topic = static_cast<std::uint32_t>(topics_.size() - 1);
    added.partition = partition_;
    added.header = *header;
    added.field = field_;
    added.size = seen.size;
    added.whole_field = seen.position == field_.at && seen.size == field_.size;
    added.without_context = header->records > 0 ? static_cast<std::uint32_t>(header->records) : 0;
    topics_.back().records += added.without_context;
    if (!topics_.back().partitions.empty()) topics_.back().partitions.back().records += added.without_context;
    return false;
}

batch_place produce_exchange::place_of(const batch& of) const {
    return {view_->cluster_id, topics_[of.topic].name, of.partition};
}

void produce_exchange::derive_before_send(batch& of) {
    auto ids = derive_context(key_before_send(place_of(of), of.header), false);
    of.own = path_.tracer.derived(ids.trace, ids.span, started_);
}

const tracing::group_capture* produce_exchange::batch::captured_of(std::size_t context) const {
    for (const auto& [number, group] : captured)
        if (number == context) return &group;
    return nullptr;
}

/// A batch that is unpacked only to see what it says for chains: contexts are not looked for there.
void produce_exchange::look_into_packed(batch& of, std::string_view bytes, const injection_limits& limits) {
    if (!path_.tracer.capture().wants_records()) return;
    thread_local batch_contexts ignored;
    batch_capture seen{path_.capture, budget_};
    if (!collect_contexts(bytes, &path_.codecs, limits.inflation, ignored, &seen)) return;
    of.captured.emplace_back(batch_contexts::most, seen.together());
}

bool produce_exchange::looks_into(const batch& of) const {
    return topics_[of.topic].mode != record_trace::none && !of.header.is_control() && of.whole_field;
}

bool produce_exchange::may_inject(const batch& of) const {
    const auto mode = topics_[of.topic].mode;
    const bool packed = of.header.codec() != codec::none;
    return looks_into(of) &&
           (mode == record_trace::inject_all || (mode == record_trace::inject_uncompressed && !packed));
}

bool produce_exchange::may_inject() const {
    return whole() &&
           std::any_of(batches_.begin(), batches_.end(), [&](const batch& each) { return may_inject(each); });
}

/// Reads the contexts that a batch's records carry.
void produce_exchange::look_into(batch& of, std::string_view bytes) {
    if (!looks_into(of)) return;
    const injection_limits limits;
    if (of.header.codec() != codec::none) return look_into_packed(of, bytes, limits);
    thread_local batch_contexts found;
    batch_capture seen{path_.capture, budget_};
    auto* observer = path_.tracer.capture().wants_records() ? &seen : nullptr;
    if (!collect_contexts(bytes, nullptr, limits.inflation, found, observer)) return;
    of.without_context = found.without;
    of.contexts = found.distinct;
    of.captured = seen.take();
}

/// Reads them and writes ours beside them.
void produce_exchange::inject_into(batch& of, std::string_view bytes, std::string& out) {
    derive_before_send(of);
    thread_local batch_contexts found;
    batch_capture seen{path_.capture, budget_};
    auto* observer = path_.tracer.capture().wants_records() ? &seen : nullptr;
    auto* codecs = of.header.codec() != codec::none ? &path_.codecs : nullptr;
    injection_limits limits;
    limits.max_batch_bytes = path_.cluster.settings.inject_bytes;
    const added_headers headers{of.own, path_.tracer.member_of(of.own)};
    const auto done = inject_context(bytes, headers, limits, codecs, out, &found, observer);
    if (done.outcome == injection_outcome::wrong_crc) path_.metrics.wrong_checksums.add();
    if (done.outcome == injection_outcome::malformed || done.outcome == injection_outcome::inflation_bound)
        path_.metrics.unreadable_batches.add();
    of.injected = done.outcome == injection_outcome::injected;
    of.injected_records = done.records;
    if (!of.injected && done.outcome != injection_outcome::nothing_to_do) return;
    of.without_context = found.without;
    of.contexts = found.distinct;
    of.captured = seen.take();
}

bool produce_exchange::inject(std::string_view body, std::string& out) {
    if (!whole()) return false;
    records_splice splice{body, encoding_of(api::produce, version_), out};
    bool changed = false;
    for (auto& each : batches_) {
        const auto bytes = body.substr(each.field.at, each.field.size);
        if (!may_inject(each)) {
            look_into(each, bytes);
            continue;
        }
        splice.begin(each.field, each.field.size + std::uint64_t{each.without_context} * likely_addition);
        inject_into(each, bytes, out);
        if (each.injected) {
            splice.replace();
        } else {
            splice.keep();
        }
        changed = changed || each.injected;
    }
    if (changed) splice.finish();
    return changed;
}

const produced_partition* produce_exchange::answer_for(const batch& of, const produce_response* answer,
                                                       std::size_t& next) const {
    const auto count = answer ? answer->partitions.size() : 0;
    const auto& asked = topics_[of.topic];
    for (std::size_t i = 0; i < count; ++i) {
        const auto at = (next + i) % count;
        const auto& each = answer->partitions[at];
        if (each.index != of.partition) continue;
        if (each.topic.data() != nullptr ? each.topic != asked.name : each.id != asked.id) continue;
        next = at + 1;
        return &each;
    }
    return nullptr;
}

/// Whether this attempt put nothing into the log, or nobody knows: its records may come again. A duplicate is there.
bool produce_exchange::fate::failed() const { return error != 0 && error != error_codes::duplicate_sequence; }

void produce_exchange::count(const batch& of, const fate& how) {
    auto& row = path_.metrics.topic(topics_[of.topic].name);
    row.sent_bytes.add(of.size);
    row.sent_records.add(of.header.records > 0 ? static_cast<std::uint64_t>(of.header.records) : 0);
    if (how.error != 0) row.send_errors.add();
    if (topics_[of.topic].mode == record_trace::none || of.header.is_control()) {
        row.untouched.add();
    } else {
        (of.injected ? row.injected : row.derived).add();
    }
}

bool produce_exchange::hides_headers(const batch& of) const {
    return of.header.codec() != codec::none || topics_[of.topic].mode == record_trace::derive;
}

void produce_exchange::write_spans(batch& of, const fate& how) {
    if (topics_[of.topic].mode == record_trace::none || of.header.is_control()) return;
    exchange::messaging_facts facts;
    facts.topic = topics_[of.topic].name;
    facts.partition = of.partition;
    const bool appended = how.outcome && how.error == 0 && how.outcome->base_offset >= 0;
    if (appended) facts.offset = how.outcome->base_offset;
    facts.client_id = client_id_;
    facts.server_address = server_address_;
    facts.server_port = server_port_;
    const auto view = path_.cluster.map.view();
    facts.cluster = view->cluster_id;
    facts.inbound_open = candidates_;
    facts.error = error_name(how.error);
    facts.error_text = how.why;
    facts.retriable = is_retriable(how.error);
    if (governed_) facts.ruling = governed_->ruling_of(topics_[of.topic].name);
    facts.started = started_;
    facts.finished = exchange::steady_clock::now();
    if (!of.injected && of.header.producer_id < 0 && appended) {
        // Consumers will call it by its offset.
        auto ids = derive_context(offset_key{place_of(of), how.outcome->base_offset}, false);
        of.own = path_.tracer.derived(ids.trace, ids.span, started_);
    } else if (!of.own.valid()) {
        derive_before_send(of);
    }
    write_sends(of, how, facts);
}

/// A span for each context that records brought, then that of the records that came without one.
///
/// Records carry the name of their batch, which is the same in every attempt. It is the span of the attempt that put
/// them into the log; one that failed has a name of its own in the same trace, and a link to where they went later.
void produce_exchange::write_sends(batch& of, const fate& how, exchange::messaging_facts& facts) {
    const bool appended = facts.offset.has_value();
    tracing::span_context first;
    // Only where consumers may be led there by the batch is there anything to link to.
    const auto derived = !of.injected && hides_headers(of) ? of.own : tracing::span_context{};
    for (std::size_t i = 0; i < of.contexts.size(); ++i) {
        const auto& each = of.contexts[i];
        auto own = path_.tracer.below(each.context, started_);
        if (!first.valid() && path_.tracer.records(own)) first = own;
        facts.captured = of.captured_of(i);
        facts.messages = each.records;
        if (appended) facts.offset = how.outcome->base_offset + each.first_offset_delta;
        path_.tracer.send(own, each.context.span, how.failed() ? tracing::span_context{} : derived, false, facts);
    }
    if (appended) facts.offset = how.outcome->base_offset;
    if (of.without_context > 0) {
        facts.messages = of.without_context;
        facts.captured = of.captured_of(batch_contexts::most);
        if (how.failed())
            path_.tracer.send(path_.tracer.below(of.own, started_), {}, of.own, false, facts);
        else
            path_.tracer.send(of.own, {}, {}, of.injected, facts);
    }
    facts.captured = nullptr;
    if (!how.failed()) write_anchor(of, first, appended, facts);
}

/// Consumers that do not find the contexts in the records look where the batch's name leads: there has to be a span.
void produce_exchange::write_anchor(const batch& of, const tracing::span_context& first, bool appended,
                                    exchange::messaging_facts& facts) {
    facts.messages = static_cast<std::uint64_t>(std::max(of.header.records, 0));
    if (of.injected) {
        // The context was named before the offset was known, and not everybody unpacks a batch to find it.
        if (of.header.codec() == codec::none || of.header.producer_id >= 0 || !appended) return;
        auto ids = derive_context(offset_key{place_of(of), *facts.offset}, false);
        return path_.tracer.anchor(path_.tracer.derived(ids.trace, ids.span, started_), of.own, facts);
    }
    if (hides_headers(of) && of.without_context == 0 && first.valid()) path_.tracer.anchor(of.own, first, facts);
}

void produce_exchange::finish(batch& of, const fate& how) {
    count(of, how);
    write_spans(of, how);
}

void produce_exchange::finish(const produce_response* answer) {
    learn(answer);
    if (std::exchange(finished_, true)) return;
    std::size_t next = 0;
    for (auto& each : batches_) {
        const auto* outcome = answer_for(each, answer, next);
        finish(each, {outcome, outcome ? outcome->error : std::int16_t{0}});
    }
}

/// What clients call it, and send again: the broker may have the records, or not.
void produce_exchange::unanswered(bool broker_lost) {
    if (governed_) {
        const auto now = exchange::steady_clock::now();
        look(now);
        const auto how = broker_lost ? governance::outcome::failure : governance::outcome::ignored;
        governed_->finish(how, now - started_, now);
    }
    if (std::exchange(finished_, true)) return;
    const fate lost{nullptr, error_codes::network_exception, no_answer(broker_lost)};
    for (auto& each : batches_) finish(each, lost);
}

}  // namespace outrider::kafka
