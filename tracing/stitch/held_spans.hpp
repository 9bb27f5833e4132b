#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "tracing/stitch/decision.hpp"
#include "tracing/stitch/span_facts.hpp"

namespace outrider::tracing {

/// Numbers of held spans, in the order of their arrival, modulo 2^31.
using span_number = std::uint32_t;
inline constexpr span_number number_mask = 0x7fffffff;
inline constexpr span_number no_number = 0xffffffff;

/// What all held spans have; what only some have is in span_details.
struct held_span {
    span_key key;
    span_id parent;
    std::int64_t start_ns = 0, end_ns = 0;
    std::uint32_t arrived_ms = 0;
    std::uint32_t details = 0;  ///< place in the details; meaningful when has_details
    span_number cause = no_number;
    std::uint16_t process = 0, operation = 0;
    std::int16_t inbound_open = -1;  ///< saturated
    span_role role = span_role::inner;
    link_source source = link_source::none;  ///< of the cause; none: not found
    std::uint8_t confidence = 0;             ///< in 1/200
    std::uint8_t retold = 0;                 ///< how often it was decided anew
    bool receives : 1 = false, timed : 1 = false, has_details : 1 = false, messaging : 1 = false;
    bool sends : 1 = false, polls : 1 = false, anchor : 1 = false, settles : 1 = false;
    bool handed_over : 1 = false;  ///< records, when it ended: what comes of them comes afterwards
    bool parented : 1 = false;     ///< its parent was received: no root
    bool decided : 1 = false;      ///< told once
    bool incomplete : 1 = false;   ///< decided while candidates were missing
    bool learnt : 1 = false;       ///< what it called has taught the model
    bool followed : 1 = false;     ///< a span of another process names it as its parent

    /// When what it brought was there.
    std::int64_t brought_ns() const { return handed_over ? end_ns : start_ns; }
};

/// What some spans have beside, behind each other in words of eight bytes, in the order of their arrival.
class span_details {
  public:
    /// Which words there are, in this order, then echoes (two in a word), links (three words each) and ids of messages.
    /// Before them the head, which also holds the first of an odd number of echoes:
    ///
    ///     fields[8] echoes[6] links[4] more_links[1] ids[6] unused[7] echo[32]
    enum field : std::uint8_t { member, causation, correlation, cluster, partition, first, messages, fields };

    static constexpr unsigned echoes_bit = 8, links_bit = 14, more_links_bit = 18, ids_bit = 19, echo_bit = 32;
    static_assert(fields <= echoes_bit && span_facts::most_echoes < 64 && span_facts::most_links < 16 &&
                  span_facts::most_messages < 64);

    /// One span's; reads in place.
    class view {
      public:
        explicit view(const std::uint64_t* at) : at_(at) {}
        bool has(field one) const { return (*at_ >> one & 1) != 0; }
        std::uint64_t get(field one) const;
        std::size_t echoes() const { return *at_ >> echoes_bit & 0x3f; }
        std::uint32_t echo(std::size_t i) const;
        bool has_echo(std::uint32_t value) const;
        std::size_t links() const { return *at_ >> links_bit & 0xf; }
        bool more_links() const { return (*at_ >> more_links_bit & 1) != 0; }
        span_key link(std::size_t i) const;
        std::size_t ids() const { return *at_ >> ids_bit & 0x3f; }
        std::uint64_t id(std::size_t i) const;
        bool has_id(std::uint64_t id) const;

      private:
        const std::uint64_t* echoes_at() const;
        const std::uint64_t* at_;
    };

    static bool needed(const span_facts& facts);
    std::uint32_t add(const span_facts& facts);
    view at(std::uint32_t place) const { return view{word(place)}; }
    /// Everything before that place is no longer needed.
    void forget_before(std::uint32_t place);
    std::size_t memory() const { return blocks_.size() * sizeof(block); }

  private:
    static constexpr std::uint32_t block_words = 4096;
    using block = std::array<std::uint64_t, block_words>;
    const std::uint64_t* word(std::uint32_t place) const {
        const auto distance = place - begin_;
        return blocks_[distance / block_words]->data() + distance % block_words;
    }

    std::deque<std::unique_ptr<block>> blocks_;
    std::uint32_t begin_ = 0, end_ = 0;  ///< words, modulo 2^32; begin_ is where a block begins
};

/// The spans that are held, the oldest first out.
class held_spans {
  public:
    span_number add(const held_span& span) {
        const auto at = next_ - front_block_;
        if (at / block_spans >= blocks_.size()) grow();
        (*blocks_[at / block_spans])[at % block_spans] = span;
        return static_cast<span_number>(next_++ & number_mask);
    }

    bool holds(span_number number) const { return ((number - first_number()) & number_mask) < size(); }
    held_span& operator[](span_number number) {
        const auto at = first_ - front_block_ + ((number - first_number()) & number_mask);
        return (*blocks_[at / block_spans])[at % block_spans];
    }
    const held_span& operator[](span_number number) const { return const_cast<held_spans&>(*this)[number]; }

    span_number first_number() const { return static_cast<span_number>(first_ & number_mask); }
    /// How many came before it of those that are held.
    std::uint32_t age_order(span_number number) const { return (number - first_number()) & number_mask; }
    const held_span& oldest() const { return (*this)[first_number()]; }
    void forget_oldest();
    std::size_t size() const { return static_cast<std::size_t>(next_ - first_); }
    std::size_t memory() const { return (blocks_.size() + (spare_ ? 1 : 0)) * sizeof(block); }

  private:
    static constexpr std::size_t block_spans = 512;
    using block = std::array<held_span, block_spans>;
    void grow();

    std::deque<std::unique_ptr<block>> blocks_;
    std::unique_ptr<block> spare_;
    std::uint64_t first_ = 0, next_ = 0, front_block_ = 0;
};

}  // namespace outrider::tracing
