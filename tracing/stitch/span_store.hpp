#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <tuple>

#include "tracing/stitch/held_spans.hpp"
#include "tracing/stitch/keyed_hash.hpp"
#include "tracing/stitch/sequence_index.hpp"

namespace outrider::tracing {

/// A cause that was found, by the number of its span.
struct found_cause {
    span_number cause = no_number;
    link_source source = link_source::none;
    float confidence = 0;
    bool valid() const { return cause != no_number; }
};

/// The spans that are held and what finds them: by their ids, by the records they were about, by the ids of messages.
/// Answers the tiers that need no guessing.
class span_store {
  public:
    explicit span_store(keyed_hash hash) : hash_(hash) {}

    const held_span& operator[](span_number number) const { return spans_[number]; }
    held_span& operator[](span_number number) { return spans_[number]; }
    bool holds(span_number number) const { return spans_.holds(number); }
    std::size_t size() const { return spans_.size(); }
    /// Of two that are held, or of which one will be the next: which came first.
    bool before(span_number a, span_number b) const { return spans_.age_order(a) < spans_.age_order(b); }
    span_number first_number() const { return spans_.first_number(); }
    const held_span& oldest() const { return spans_.oldest(); }
    span_details::view details(const held_span& of) const { return details_.at(of.details); }

    /// Takes in a span that find() does not know.
    span_number add(const held_span& span, const span_facts& facts);
    /// A span of these ids will be looked for and added soon.
    void expect(const span_key& key) const {
        by_key_.prefetch(hash_of(key));
        by_id_.prefetch(hash_.of(keyed_hash::word(key.span)));
    }
    void forget_oldest();
    std::size_t memory() const;
    /// How much more memory the next span may need than the ones before.
    std::size_t growth() const;

    /// The span of these ids that receives, or the one that does not; no_number when there is none.
    span_number find(const span_key& key, bool receives) const;
    /// One of that name, whichever.
    span_number find(const span_key& key) const;

    /// What caused a root or a span whose parent is missing, by what both say of themselves: links, tracestate,
    /// records, ids of messages.
    found_cause exact_cause(span_number root) const;
    /// The span that entered the process of a span and that it came from, by parents alone; no_number when unknown.
    span_number entered_above(span_number left) const;

    /// A record that was handed to the same process before, however long ago, and said a value that the span carries
    /// and few records did: the one with the rarest value, or a later one of another topic, which made the process act.
    found_cause record_heard(span_number left) const;

    /// Whether two spans of one process carry a value that not many of its records said.
    bool share_rare_value(span_number entered, span_number left) const;

    /// From now on arriving spans that would explain the root are told by explained_by().
    void seek_causes(span_number root);
    /// Tells roots that sought such a span, some of them perhaps in vain.
    template <class Told>
    void explained_by(span_number arrived, const span_facts& facts, Told&& told) const;

  private:
    enum join : std::uint64_t {
        sent = 1,
        taken,
        message,
        heard,
        sought_span,
        sought_member,
        sought_record,
        sought_message
    };

    /// Records that said a value.
    struct said_before {
        span_number latest = no_number;
        std::size_t records = 0;
        bool many = false;  ///< too many to tell anything
    };
    said_before records_with(std::uint32_t value, const held_span& asking) const;
    void insert(sequence_index& index, std::uint64_t hash, span_number number);
    void index_values(span_number number, const span_facts& facts);
    void index_records(join kind, span_number number, const span_facts& facts);
    found_cause by_link(const held_span& root) const;
    found_cause by_member(const held_span& root) const;
    found_cause by_records(const held_span& root) const;
    found_cause by_message(const held_span& root) const;
    /// Whose send a record was, or, for a commit, who took it within the same process.
    span_number bearer_of(const held_span& root, std::int64_t offset) const;
    std::uint64_t hash_of(const span_key& key) const;
    std::uint64_t hash_of(join kind, std::uint64_t a, std::uint64_t b = 0, std::uint64_t c = 0) const {
        return hash_.of(static_cast<std::uint64_t>(kind), a, b, c);
    }

    keyed_hash hash_;
    held_spans spans_;
    span_details details_;
    sequence_index by_key_, by_id_, joins_, sought_;
    std::uint64_t levels_ = 0;  ///< sizes of ranges of records that there were, as powers of two
};

template <class Told>
void span_store::explained_by(span_number arrived, const span_facts& facts, Told&& told) const {
    if (sought_.empty()) return;
    const auto tell = [&](std::uint64_t hash) {
        sought_.find(hash, [&](span_number root) {
            if (root != arrived && spans_.holds(root)) told(root);
            return false;
        });
    };
    const auto [high, low] = keyed_hash::words(facts.key.trace);
    const auto id = keyed_hash::word(facts.key.span);
    tell(hash_of(sought_span, high, low, id));
    tell(hash_of(sought_member, id));
    for (std::size_t i = 0; i < facts.id_count; ++i) tell(hash_of(sought_message, facts.ids[i]));
    constexpr std::int64_t most_records = 256;
    if (!facts.sends && !facts.receives) return;
    for (std::int64_t i = 0; i < std::min(facts.messages, most_records); ++i)
        tell(hash_of(sought_record, facts.partition, static_cast<std::uint64_t>(facts.first_offset + i)));
}

}  // namespace outrider::tracing
