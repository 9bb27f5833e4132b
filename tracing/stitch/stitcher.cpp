#include "tracing/stitch/stitcher.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <optional>
#include <random>
#include <span>

#include "tracing/stitch/hop_windows.hpp"
#include "tracing/stitch/process_windows.hpp"
#include "tracing/stitch/span_facts.hpp"
#include "tracing/stitch/span_store.hpp"

namespace outrider::tracing {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr std::uint32_t reach_ms = 5'000;  // how long what arrived is compared with what arrives
constexpr float told_anew = 0.05F;         // a confidence that changed by less is not told again

keyed_hash new_hash() {
    std::random_device system;
    const auto word = [&] { return std::uint64_t{system()} << 32 | system(); };
    return keyed_hash{{word(), word()}};
}

std::uint8_t quantized(float confidence) {
    return static_cast<std::uint8_t>(std::clamp(confidence, 0.0F, 1.0F) * 200 + 0.5F);
}

std::uint32_t in_ms(std::chrono::nanoseconds time) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count() / ns_per_ms, 0, INT32_MAX));
}

}  // namespace

/// Takes spans in, lets them wait, and asks the store and the windows for causes.
///
///     add --> exact cause? ------------------------------------------------> decided
///              no: a root that left --> process_windows --patience--> judged -^
///              no: any other       --> waits_           --patience--> settled-^
///     a span that is late --> explained_by() --> exact cause? --better--> decided anew
struct stitcher::state {
    explicit state(const stitch_options& wanted)
        : options(wanted), hash(new_hash()), reader(hash), store(hash), windows(store, options), hops(store, options) {}

    void add(const span_view& span, std::int64_t now_ns);
    void advance(std::int64_t now_ns, bool all);
    std::vector<decision> take() { return std::exchange(decisions, {}); }
    std::size_t held_bytes() const {
        return store.memory() + windows.memory() + hops.memory() + waits.size() * sizeof(span_number);
    }
    /// Decisions that nobody has taken are counted too, but forgetting spans does not lessen them.
    std::size_t bytes() const { return held_bytes() + decisions.capacity() * sizeof(decision); }

    std::uint32_t clock(std::int64_t now_ns);
    held_span held_of(const span_facts& facts);
    void place(span_number number, const span_facts& facts);
    void join_late(span_number arrived, const span_facts& facts);
    void settle(span_number number);
    bool parent_came(span_number number);
    void decide(span_number root, const found_cause& cause, std::span<const found_cause> others);
    void take_verdicts();
    void forget_oldest();
    void keep_within_bounds(std::uint32_t now_ms);
    span_number number_since(std::uint32_t arrived_ms);

    stitch_options options;
    keyed_hash hash;
    fact_reader reader;
    span_store store;
    process_windows windows;
    hop_windows hops;
    std::deque<span_number> waits;  ///< roots and orphans by arrival, but for roots that left
    std::vector<decision> decisions;
    std::vector<window_verdict> verdicts;
    span_facts facts;
    std::vector<attribute_view> attributes;  ///< of a span that was no view
    stitch_counters counts;
    std::optional<std::int64_t> epoch_ns;
    std::uint32_t latest_ms = 0, next_step_ms = 0;
    std::uint64_t recent = 0;  ///< spans that windows no longer ask about, of all that were added
};

std::uint32_t stitcher::state::clock(std::int64_t now_ns) {
    if (!epoch_ns) epoch_ns = now_ns;
    const auto since = (now_ns - *epoch_ns) / ns_per_ms;
    latest_ms = std::max(latest_ms, static_cast<std::uint32_t>(std::clamp<std::int64_t>(since, 0, UINT32_MAX / 2)));
    return latest_ms;
}

held_span stitcher::state::held_of(const span_facts& of) {
    held_span held;
    held.key = of.key;
    held.parent = of.parent;
    held.start_ns = of.start_ns;
    held.end_ns = of.end_ns;
    held.arrived_ms = latest_ms;
    held.inbound_open = static_cast<std::int16_t>(std::min(of.inbound_open, INT16_MAX + 0));
    held.role = of.role;
    held.receives = of.receives;
    held.timed = of.timed;
    held.messaging = of.messaging;
    held.sends = of.sends;
    held.polls = of.polls;
    held.anchor = of.anchor;
    held.settles = of.settles;
    return held;
}

void stitcher::state::add(const span_view& span, std::int64_t now_ns) {
    const auto now_ms = clock(now_ns);
    store.expect({span.trace, span.span});
    reader.read(span, facts);
    if (!facts.key.valid()) return;
    ++counts.added;
    if (store.find(facts.key, facts.receives) != no_number) {
        ++counts.duplicates;
        return;
    }
    keep_within_bounds(now_ms);
    auto held = held_of(facts);
    const auto& origin = reader.origin_of(span);
    held.process = windows.join(origin);
    held.handed_over = origin.sidecar && held.messaging && held.role == span_role::enters;
    held.operation = windows.operation_of(held.process, facts.operation);
    const auto number = store.add(held, facts);
    place(number, facts);
    join_late(number, facts);
}

/// What a span is to the others, as far as that is known already.
void stitcher::state::place(span_number number, const span_facts& of) {
    if (of.role == span_role::enters) windows.entered(number);
    const bool left = of.role == span_role::leaves;
    if (left) hops.left(number, of.hop);
    const bool known = parent_came(number);
    if (known) {
        if (left) windows.left(number, false);
        return;
    }
    if (!of.parent.valid()) {
        if (const auto cause = store.exact_cause(number); cause.valid()) decide(number, cause, {});
        if (left && windows.left(number, true)) return;
        if (store[number].decided || (of.receives && hops.entered(number, of.hop))) return;
    }
    waits.push_back(number);
}

/// Its parent, or the client that shares its id.
bool stitcher::state::parent_came(span_number number) {
    auto& span = store[number];
    if (span.parented) return true;
    auto parent = span.receives ? store.find(span.key, false) : no_number;
    if (parent == no_number && span.parent.valid()) parent = store.find({span.key.trace, span.parent});
    if (parent == no_number) return false;
    span.parented = true;
    if (span.receives) store[parent].followed = true;
    return true;
}

/// A span that had been missed.
void stitcher::state::join_late(span_number arrived, const span_facts& of) {
    bool joined = false;
    store.explained_by(arrived, of, [&](span_number number) {
        auto& root = store[number];
        if (root.parented) return;
        const auto former = root.source;
        if (root.parent.valid() && parent_came(number)) {
            const auto parent = store.find({root.key.trace, root.parent});
            if (parent != no_number && former != link_source::none)
                decide(number, {parent, link_source::context, 1}, {});
            joined = true;
            return;
        }
        const auto better = store.exact_cause(number);
        if (!better.valid() || better.source >= former) return;
        decide(number, better, {});
        joined = true;
    });
    counts.late += joined;
}

/// The patience for a root that did not leave its process, or for a span whose parent is missing, is over.
void stitcher::state::settle(span_number number) {
    if (!store.holds(number) || parent_came(number)) return;
    auto cause = store[number].decided ? found_cause{} : store.exact_cause(number);
    if (!store[number].decided) decide(number, cause, {});
    store.seek_causes(number);
}

void stitcher::state::decide(span_number number, const found_cause& cause, std::span<const found_cause> others) {
    auto& root = store[number];
    const bool believed = cause.valid() && cause.confidence >= options.least_confidence;
    decision told;
    told.root = root.key;
    const auto candidate = [this](const found_cause& of) {
        return cause_candidate{store[of.cause].key, of.source, of.confidence};
    };
    if (believed) told.cause = candidate(cause);
    if (!believed && cause.valid() && store.holds(cause.cause)) told.alternatives.push_back(candidate(cause));
    for (const auto& each : others) {
        if (each.valid() && store.holds(each.cause) && told.alternatives.size() < 4)
            told.alternatives.push_back(candidate(each));
    }
    root.decided = true;
    root.source = believed ? cause.source : link_source::none;
    root.cause = believed ? cause.cause : no_number;
    root.confidence = quantized(cause.confidence);
    decisions.push_back(std::move(told));
}

void stitcher::state::take_verdicts() {
    for (const auto& verdict : verdicts) {
        auto& root = store[verdict.root];
        // What it says of itself may have been explained meanwhile.
        if (const auto exact = store.exact_cause(verdict.root); exact.valid()) {
            if (exact.source < root.source) decide(verdict.root, exact, {});
            continue;
        }
        root.incomplete = verdict.missing;
        if (root.decided) {
            const auto former = static_cast<float>(root.confidence) / 200;
            const bool same =
                root.cause == verdict.cause.cause && std::abs(former - verdict.cause.confidence) < told_anew;
            const bool worse = root.source != link_source::none && verdict.cause.confidence < former;
            if (same || worse) continue;
            counts.late += root.cause != verdict.cause.cause;
        }
        decide(verdict.root, verdict.cause, verdict.others);
        if (root.has_details) store.seek_causes(verdict.root);
    }
    verdicts.clear();
}

void stitcher::state::advance(std::int64_t now_ns, bool all) {
    const auto now_ms = clock(now_ns), patience = in_ms(options.patience);
    keep_within_bounds(now_ms);
    while (!waits.empty() &&
           (all || !store.holds(waits.front()) || now_ms - store[waits.front()].arrived_ms >= patience)) {
        const auto number = waits.front();
        waits.pop_front();
        settle(number);
    }
    if (!all && now_ms < next_step_ms) return;
    next_step_ms = now_ms + std::max(1U, patience / 4);
    const auto kept_ms = reach_ms + 2 * patience;
    const auto oldest = number_since(now_ms > kept_ms ? now_ms - kept_ms : 0);
    windows.step(now_ms, oldest, all, verdicts);
    hops.step(now_ms, oldest, all, verdicts);
    take_verdicts();
    keep_within_bounds(now_ms);  // windows and models have grown
}

/// The first that arrived since.
span_number stitcher::state::number_since(std::uint32_t arrived_ms) {
    const auto forgotten = counts.forgotten;
    recent = std::max(recent, forgotten);
    const auto number = [&] {
        return static_cast<span_number>((store.first_number() + (recent - forgotten)) & number_mask);
    };
    while (recent - forgotten < store.size() && store[number()].arrived_ms < arrived_ms) ++recent;
    return number();
}

void stitcher::state::forget_oldest() {
    const auto oldest = store.first_number();
    if (!store[oldest].decided && !parent_came(oldest)) decide(oldest, store.exact_cause(oldest), {});
    const auto process = store.oldest().process;
    store.forget_oldest();
    windows.let_go(process);
    ++counts.forgotten;
}

void stitcher::state::keep_within_bounds(std::uint32_t now_ms) {
    const auto memory = in_ms(options.memory);
    while (store.size() > 0 && now_ms - store.oldest().arrived_ms > memory) forget_oldest();
    const auto too_much = [this] { return held_bytes() + store.growth() > options.memory_bytes; };
    // In portions, as memory comes back in blocks.
    for (int i = 0; i < 4 && store.size() > 0 && too_much(); ++i) {
        for (auto portion = store.size() / 8 + 1; portion > 0; --portion) forget_oldest();
    }
}

stitcher::stitcher(stitch_options options) : state_(std::make_unique<state>(options)) {}
stitcher::~stitcher() = default;
stitcher::stitcher(stitcher&&) noexcept = default;
stitcher& stitcher::operator=(stitcher&&) noexcept = default;

void stitcher::add(const span_view& span, std::int64_t now_ns) { state_->add(span, now_ns); }

void stitcher::add(const span_data& span, std::int64_t now_ns) {
    state_->add(view_of(span, state_->attributes), now_ns);
}

std::vector<decision> stitcher::advance(std::int64_t now_ns) {
    state_->advance(now_ns, false);
    return state_->take();
}

std::vector<decision> stitcher::finish() {
    state_->advance(state_->epoch_ns.value_or(0) + std::int64_t{state_->latest_ms} * ns_per_ms, true);
    return state_->take();
}

stitch_counters stitcher::counters() const {
    auto counts = state_->counts;
    counts.held = state_->store.size();
    counts.bytes = state_->bytes();
    return counts;
}

}  // namespace outrider::tracing
