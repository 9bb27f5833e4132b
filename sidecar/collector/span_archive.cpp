#include "sidecar/collector/span_archive.hpp"

#include <algorithm>
#include <random>

#include "tracing/stitch/attribute_names.hpp"

namespace outrider::collector {

using tracing::span_data;
using tracing::span_view;
using tracing::value_view;

namespace {

constexpr std::uint32_t large_trace = 64;  // spans; up to here they are looked through one by one
constexpr std::uint64_t offset_bytes = 80;
constexpr std::size_t keys_of_span = 16;
constexpr std::uint64_t longest_trace = 1ULL << 30;

governance::hash_secret new_secret() {
    std::random_device chance;
    const auto word = [&] { return std::uint64_t{chance()} << 32 | chance(); };
    return {word(), word()};
}

/// The business keys that the span carries, as key and value.
template <class Found>
void each_key(const span_view& span, Found found) {
    std::size_t left = keys_of_span;
    const auto text = [&](std::string_view key, const value_view& value) {
        if (value.is() != value_view::type::text || left == 0) return;
        --left;
        found(key, value.text());
    };
    for (const auto& one : span.attributes) {
        if (!one.key.starts_with(tracing::chain_attributes::key_prefix)) continue;
        const auto key = one.key.substr(tracing::chain_attributes::key_prefix.size());
        text(key, one.value);
        if (const auto* list = one.value.array())
            for (const auto& each : *list) text(key, value_view{each});
    }
}

}  // namespace

span_archive::span_archive(std::uint64_t bytes, std::uint64_t trace_bytes)
    : trace_bytes_(std::min(trace_bytes, longest_trace)),
      secret_(new_secret()),
      table_(secret_),
      shelf_(std::clamp<std::uint64_t>(bytes / 64, 16 << 10, 1 << 20), secret_),
      keys_(secret_) {}

span_archive::~span_archive() {
    for (number which = 0; which < table_.end(); ++which) table_[which].entries.release(pieces_);
}

span_archive::number span_archive::touch(const tracing::trace_id& id, std::int64_t now_ns) {
    const auto known = table_.find(id);
    const auto which = known ? *known : table_.insert(id);
    table_[which].touched_ns = now_ns;
    return which;
}

span_archive::outcome span_archive::put(number into, const span_view& span) {
    auto& trace = table_[into];
    if (trace.spans == 0) trace.base_ns = trace.start_ns = span.start_unix_ns;
    scratch_.clear();
    const auto slot = shelf_.current();
    const bool fits = encode_compact(span, trace.base_ns, shelf_.at(slot), scratch_, tracing::chain_attributes::echo) &&
                      trace.entries.size() + scratch_.size() <= trace_bytes_;
    if (!fits) {
        ++trace.dropped;
        return outcome::dropped;
    }
    const auto before = trace.entries.memory();
    const auto old = offset_of(into, {span.span, true});
    if (old) {
        replace(into, *old, slot, span);
    } else {
        const auto at = trace.entries.append(pieces_, slot, 0, scratch_);
        note_offset(into, {span.span, true}, at);
        ++trace.spans;
        ++trace.waiting;
    }
    shelf_.hold(slot);
    trace.start_ns = std::min(trace.start_ns, span.start_unix_ns);
    operations_.add(tracing::service_of(span), span.name, span.kind);
    index_keys(into, span);
    recount(into, before);
    return old ? outcome::replaced : outcome::stored;
}

void span_archive::replace(number in, std::uint32_t old, std::uint8_t slot, const span_view& span) {
    auto& trace = table_[in];
    const auto former = trace.entries.at(old);
    // The fate of the first is the fate of both.
    auto marks = static_cast<std::uint8_t>(former.marks & (mark_settled | mark_differed));
    const auto before = decode(trace, former);
    if (before.start_unix_ns != span.start_unix_ns || before.kind != span.kind || before.name != span.name)
        marks |= mark_differed;
    forget_operation(trace, former);
    const auto former_slot = former.slot;
    const bool wasteful = trace.entries.kill(old);
    const auto at = trace.entries.append(pieces_, slot, marks, scratch_);
    if (const auto large = large_.find(in); large != large_.end()) large->second[{span.span, true}] = at;
    shelf_.release(former_slot);
    if (wasteful) compact(in);
}

void span_archive::compact(number which) {
    table_[which].entries.compact(pieces_);
    drop_index(which);
}

void span_archive::drop_index(number which) {
    const auto large = large_.find(which);
    if (large == large_.end()) return;
    large_entries_ -= large->second.size();
    large_.erase(large);
}

/// Null for traces that are small enough to be looked through.
const span_archive::offsets* span_archive::index_of(number which) {
    const auto& trace = table_[which];
    if (trace.spans + trace.decisions < large_trace) return nullptr;
    const auto [at, fresh] = large_.try_emplace(which);
    if (fresh) {
        for (const auto& one : trace.entries)
            if (!one.dead()) at->second.emplace(entry_key{one.id(), one.is_span()}, one.offset);
        large_entries_ += at->second.size();
    }
    return &at->second;
}

void span_archive::note_offset(number in, const entry_key& key, std::uint32_t offset) {
    const auto large = large_.find(in);
    if (large != large_.end()) large_entries_ += large->second.emplace(key, offset).second;
}

std::optional<std::uint32_t> span_archive::offset_of(number in, const entry_key& key) {
    if (const auto* index = index_of(in)) {
        const auto at = index->find(key);
        return at == index->end() ? std::nullopt : std::optional{at->second};
    }
    for (const auto& one : table_[in].entries)
        if (!one.dead() && one.is_span() == key.second && one.id() == key.first) return one.offset;
    return std::nullopt;
}

span_archive::removed span_archive::remove(number which) {
    auto& trace = table_[which];
    const removed gone{trace.spans, trace.waiting};
    for (const auto& one : trace.entries) {
        if (!one.is_span()) continue;
        forget_operation(trace, one);
        shelf_.release(one.slot);
    }
    drop_index(which);
    entry_bytes_ -= trace.entries.memory();
    trace.entries.release(pieces_);
    table_.remove(which);
    return gone;
}

void span_archive::decide(number in, const tracing::span_id& root, std::string_view body) {
    auto& trace = table_[in];
    const auto before = trace.entries.memory();
    bool wasteful = false;
    const auto old = offset_of(in, {root, false});
    if (old) wasteful = trace.entries.kill(*old);
    const auto at = trace.entries.append(pieces_, 0, 0, body);
    if (!old) ++trace.decisions;
    note_offset(in, {root, false}, at);
    if (const auto large = large_.find(in); large != large_.end()) large->second[{root, false}] = at;
    if (wasteful) compact(in);
    recount(in, before);
}

void span_archive::settle(number which) {
    auto& trace = table_[which];
    if (trace.waiting == 0) return;
    for (const auto& one : trace.entries)
        if (one.is_span() && (one.marks & mark_settled) == 0) trace.entries.mark(one.offset, mark_settled);
    trace.waiting = 0;
}

void span_archive::recount(number which, std::size_t before) {
    entry_bytes_ += table_[which].entries.memory();
    entry_bytes_ -= before;
}

void span_archive::forget_operation(const held_trace& of, const held_entry& one) {
    const auto known = facts(of, one);
    operations_.remove(service_of(one, known), known.name, known.kind);
}

span_data span_archive::decode(const held_trace& of, const held_entry& one, attribute_filter only) const {
    auto span = decode_compact(one.body, of.base_ns, shelf_.at(one.slot), only).value_or(span_data{});
    span.trace = of.id;
    return span;
}

span_facts span_archive::facts(const held_trace& of, const held_entry& one) const {
    return facts_of(one.body, of.base_ns, shelf_.at(one.slot)).value_or(span_facts{});
}

std::vector<span_data> span_archive::spans_of(number which, attribute_filter only) const {
    std::vector<span_data> spans;
    const auto& trace = table_[which];
    spans.reserve(trace.spans);
    for (const auto& one : trace.entries) {
        if (!one.is_span()) continue;
        spans.push_back(decode(trace, one, only));
        if ((one.marks & mark_differed) != 0)
            spans.back().attributes.push_back(
                {std::string{tracing::chain_attributes::fault}, tracing::attribute_value{std::string{"duplicate id"}}});
    }
    return spans;
}

void span_archive::index_keys(number which, const span_view& span) {
    each_key(span, [&](std::string_view key, std::string_view value) {
        keys_.add(key, value, which, table_[which].birth, [this](const key_index::entry& one) {
            return table_[one.trace].alive && table_[one.trace].birth == one.birth;
        });
    });
}

std::vector<span_archive::number> span_archive::with_key(std::string_view key, std::string_view value) const {
    std::vector<number> found;
    for (const auto& one : keys_.find(key, value)) {
        if (!table_[one.trace].alive || table_[one.trace].birth != one.birth) continue;
        bool has = false;
        std::vector<tracing::attribute_view> attributes;
        for (const auto& span : spans_of(one.trace))
            each_key(view_of(span, attributes),
                     [&](std::string_view k, std::string_view v) { has = has || (k == key && v == value); });
        if (has) found.push_back(one.trace);
    }
    return found;
}

std::uint64_t span_archive::memory() const {
    return table_.memory() + shelf_.memory() + operations_.memory() + entry_bytes_ + large_entries_ * offset_bytes +
           keys_.memory();
}

}  // namespace outrider::collector
