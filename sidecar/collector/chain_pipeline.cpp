#include "sidecar/collector/chain_pipeline.hpp"

#include <algorithm>

#include <pthread.h>

#include "sidecar/collector/chain_search.hpp"
#include "tracing/stitch/rewrite.hpp"

namespace outrider::collector {

using tracing::span_data;

namespace {

constexpr std::chrono::milliseconds round_time{100};
constexpr std::int64_t second = 1'000'000'000;
constexpr std::uint64_t enough_to_begin = 512 << 10;  // bytes that wait: while the cache still has them
constexpr std::uint64_t spare_share = 32;             // of the queue's bytes, for memory that is kept to be used again
constexpr std::uint64_t digest_spans = 3'000;         // that are read for digests in one round, some 25 ms
constexpr std::uint64_t digest_traces = 20'000;       // that are looked at meanwhile, some 20 ms
constexpr std::size_t large_chain = 64;               // traces; such a one is not looked at by each of them
/// What the forwarder took is delivered or in its spool after that: a process killed earlier forwards it again.
constexpr std::int64_t fate_certain_ns = second;

bool summing_up_reads(std::string_view key) { return tracing::topology_reads(key) || tracing::rewriting_reads(key); }

void count(decision_latency& into, std::chrono::nanoseconds waited) {
    const double seconds = std::chrono::duration<double>(waited).count();
    const auto at = std::lower_bound(decision_latency::bounds.begin(), decision_latency::bounds.end(), seconds);
    ++into.counts[static_cast<std::size_t>(at - decision_latency::bounds.begin())];
    into.sum += seconds;
}

}  // namespace

chain_pipeline::chain_pipeline(trace_store& store, pipeline_options options, span_log* log, chain_forwarder* forward,
                               pipeline_clock clock, flow_watch* flows)
    : store_(store),
      options_(options),
      log_(log),
      forward_(forward),
      clock_(std::move(clock)),
      flows_(flows),
      stitcher_(options.stitching),
      digests_(options.digest_bytes) {}

chain_pipeline::~chain_pipeline() { stop(); }

void chain_pipeline::start() {
    thread_ = std::thread([this] {
        ::pthread_setname_np(::pthread_self(), "stitching");
        run();
    });
}

void chain_pipeline::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
    step();
    // With a log, what waits will go on waiting in the next process.
    if (log_ == nullptr) settle_all();
    write_notes(clock_.steady_ns(), true);
}

void chain_pipeline::settle_all() {
    store_.apply(stitcher_.finish());
    constexpr std::int64_t long_ago = 3'600 * second;  // as seen from there, all chains are quiet
    settle(clock_.steady_ns() + long_ago);
}

void chain_pipeline::run() {
    auto next = std::chrono::steady_clock::now();
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        lock.unlock();
        if (std::chrono::steady_clock::now() >= next) {
            step();
            next = std::chrono::steady_clock::now() + round_time;
        } else {
            stitch();
        }
        lock.lock();
        wake_.wait_until(lock, next, [this] { return stopping_ || queue_bytes_ > enough_to_begin; });
    }
}

std::unique_ptr<tracing::span_batch> chain_pipeline::spare_batch() {
    const std::lock_guard lock{mutex_};
    if (spare_.empty()) return std::make_unique<tracing::span_batch>();
    auto one = std::move(spare_.back());
    spare_.pop_back();
    spare_bytes_ -= one->memory();
    return one;
}

/// What is kept has been touched already; memory that comes fresh from the system costs more than decoding into it.
void chain_pipeline::put_away(batch used) {
    const auto bytes = used->memory();
    const std::lock_guard lock{mutex_};
    queue_bytes_ -= bytes;
    counters_.queued_spans -= used->spans().size();
    if (spare_bytes_ + bytes > options_.queue_bytes / spare_share) return;
    spare_bytes_ += bytes;
    spare_.push_back(std::move(used));
}

intake_result chain_pipeline::take(std::vector<span_data> spans, log_row encoding, std::string_view body) {
    auto all = spare_batch();
    all->take(std::move(spans));
    return take(std::move(all), encoding, body);
}

intake_result chain_pipeline::take(batch spans, log_row encoding, std::string_view body) {
    {
        const std::lock_guard lock{mutex_};
        if (queue_bytes_ > options_.queue_bytes) {
            ++counters_.busy_refusals;
            return {false, 0, "more spans came than can be stitched at the moment"};
        }
    }
    std::uint64_t row = 0;
    if (log_ != nullptr && !spans->spans().empty()) {
        row = log_->append(encoding, body, clock_.unix_ns());
        if (row == 0) {
            const std::lock_guard lock{mutex_};
            ++counters_.log_refusals;
            return {false, 0, "the spans could not be stored: " + log_->failure()};
        }
    }
    const auto dropped = store_.add(spans->spans(), clock_.steady_ns(), row);
    ++version_;
    const std::lock_guard lock{mutex_};
    queue_bytes_ += spans->memory();
    counters_.queued_spans += spans->spans().size();
    queue_.push_back(std::move(spans));
    if (queue_bytes_ > enough_to_begin) wake_.notify_one();
    return {true, dropped, {}};
}

std::deque<chain_pipeline::batch> chain_pipeline::taken() {
    const std::lock_guard lock{mutex_};
    return std::exchange(queue_, {});
}

void chain_pipeline::stitch() {
    const auto now = clock_.steady_ns();
    auto batches = taken();
    for (auto& one : batches) {
        for (const auto& span : one->spans()) stitcher_.add(span, now);
        if (flows_ != nullptr) flows_->observe(one->spans(), clock_.unix_ns());
        put_away(std::move(one));
    }
}

void chain_pipeline::step() {
    stitch();
    const auto now = clock_.steady_ns();
    decide(now);
    settle(now);
    if (flows_ != nullptr) flows_->advance(clock_.unix_ns());
    if (forward_ != nullptr) forward_->flush();
    keep_house(now);
    make_digests(now);
    write_notes(now, false);
}

void chain_pipeline::decide(std::int64_t now_ns) {
    auto known = stitcher_.advance(now_ns);
    if (now_ns < restored_until_ns_)
        std::erase_if(known, [&](const tracing::decision& one) {
            return std::binary_search(restored_.begin(), restored_.end(), one.root);
        });
    else
        restored_ = {};
    apply(known);
    {
        const std::lock_guard lock{mutex_};
        counters_.stitching = stitcher_.counters();
        for (const auto& one : known) {
            const auto source = one.cause.cause.valid() ? one.cause.source : tracing::link_source::none;
            ++counters_.decisions[static_cast<std::size_t>(source)];
        }
    }
    if (log_ == nullptr) return;
    unwritten_.insert(unwritten_.end(), std::make_move_iterator(known.begin()), std::make_move_iterator(known.end()));
}

/// Flows whose runs are chains are told which of these may have another name now.
void chain_pipeline::apply(const std::vector<tracing::decision>& known) {
    std::vector<tracing::trace_id> former;
    if (flows_ != nullptr && !known.empty() && flows_->wants_names())
        for (const auto& one : known) {
            former.push_back(store_.chain_of(one.root.trace));
            if (one.cause.cause.valid()) former.push_back(store_.chain_of(one.cause.cause.trace));
        }
    if (store_.apply(known) > 0) ++version_;
    if (former.empty()) return;
    std::sort(former.begin(), former.end());
    former.erase(std::unique(former.begin(), former.end()), former.end());
    flows_->regroup(former, clock_.unix_ns());
}

void chain_pipeline::settle(std::int64_t now_ns) {
    // Nobody else reads these spans: what is not asked for need not be decoded.
    const auto wanted = forward_ == nullptr ? &summing_up_reads : nullptr;
    while (auto settled = store_.next_settled(now_ns, wanted)) {
        ++version_;
        {
            const std::lock_guard lock{mutex_};
            ++(settled->complete ? counters_.chains_settled : counters_.chains_given_up);
            count(counters_.latency, settled->waited);
        }
        auto& chain = settled->chain;
        auto spans = tracing::rewrite_chain(std::move(chain.spans), chain.decisions, chain.id);
        if (forward_ != nullptr) {
            const bool sent =
                forward_->take(*settled, spans, static_cast<std::uint64_t>(clock_.unix_ns()), digests_.usual());
            const auto sent_as = sent ? chain.id : tracing::trace_id{};
            store_.record(chain.traces, sent_as);
            note(*settled, sent_as, now_ns);
        }
        if (settled->spans == spans.size()) digests_.usual().learn(spans, now_ns);
        learn(*settled, std::move(spans), now_ns);
    }
}

/// A chain counts once, with what it had when it settled; what comes late counts by itself.
void chain_pipeline::learn(const settled_chain& settled, std::vector<span_data> spans, std::int64_t now_ns) {
    if (settled.spans < spans.size()) {
        std::size_t kept = 0;
        for (std::size_t i = 0; i < spans.size() && i < settled.fresh.size(); ++i)
            if (settled.fresh[i]) std::swap(spans[kept++], spans[i]);
        spans.resize(kept);
    }
    const std::lock_guard lock{topology_mutex_};
    topology_.add(spans, static_cast<std::uint64_t>(now_ns));
    history_.add(spans, static_cast<std::uint64_t>(clock_.unix_ns()));
}

std::string chain_pipeline::history(std::chrono::nanoseconds since) const {
    const std::lock_guard lock{topology_mutex_};
    return history_.json(static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0)),
                         static_cast<std::uint64_t>(clock_.unix_ns()));
}

tracing::topology_view chain_pipeline::topology(std::chrono::nanoseconds since) const {
    const std::lock_guard lock{topology_mutex_};
    return topology_.view(static_cast<std::uint64_t>(clock_.steady_ns()),
                          static_cast<std::uint64_t>(std::max<std::int64_t>(since.count(), 0)));
}

void chain_pipeline::note(const settled_chain& settled, const tracing::trace_id& sent_as, std::int64_t now_ns) {
    if (log_ == nullptr) return;
    for (const auto& trace : settled.chain.traces)
        fates_.push_back({{trace, sent_as, settled.through}, now_ns + fate_certain_ns});
}

void chain_pipeline::write_notes(std::int64_t now_ns, bool all) {
    if (log_ == nullptr) return;
    chain_notes notes{std::exchange(unwritten_, {}), {}};
    for (; !fates_.empty() && (all || fates_.front().since_ns <= now_ns); fates_.pop_front())
        notes.fates.push_back(fates_.front().fate);
    if (!notes.empty()) log_->append(log_row::notes, encode_notes(notes), clock_.unix_ns());
}

/// While somebody looks at lists, digests are made here, a few at a time, so that no search has to wait for them.
void chain_pipeline::make_digests(std::int64_t now_ns) {
    const auto unix_ns = static_cast<std::uint64_t>(clock_.unix_ns());
    if (!digests_.is_read(unix_ns)) return;
    if (without_digest_.empty() && now_ns >= next_look_ns_) {
        next_look_ns_ = now_ns + 5 * second;
        without_digest_ = store_.candidates({});
        std::sort(without_digest_.begin(), without_digest_.end());
    }
    for (std::uint64_t read = 0, seen = 0; !without_digest_.empty() && read < digest_spans && seen < digest_traces;) {
        const auto id = without_digest_.back().id;
        without_digest_.pop_back();
        ++seen;
        if (of_large_chains_.contains(id)) continue;
        const auto made = look_up(store_, digests_, id, unix_ns, true);
        read += made.spans_read;
        seen += made.mark.traces.size();
        if (made.mark.traces.size() > large_chain)
            of_large_chains_.insert(made.mark.traces.begin(), made.mark.traces.end());
        if (!made.kept) without_digest_.clear();  // nor is there room for those that began before
    }
    if (without_digest_.empty()) of_large_chains_.clear();
}

/// What need not be done every time.
void chain_pipeline::keep_house(std::int64_t now_ns) {
    if (now_ns < next_house_ns_) return;
    next_house_ns_ = now_ns + second;
    store_.expire(now_ns);
    if (log_ != nullptr) log_->trim(clock_.unix_ns());
    pages_.look(store_.counters().bytes + stitcher_.counters().bytes + digests_.memory(), now_ns);
}

pipeline_counters chain_pipeline::counters() const {
    const std::lock_guard lock{mutex_};
    return counters_;
}

}  // namespace outrider::collector
