#include "tracing/stitch/held_spans.hpp"

#include <algorithm>
#include <bit>

namespace outrider::tracing {
namespace {

std::array<std::uint64_t, span_details::fields> words_of(const span_facts& facts) {
    const auto located = facts.messages > 0;
    return {keyed_hash::word(facts.member),
            facts.causation,
            facts.correlation,
            facts.cluster,
            located ? facts.partition : 0,
            located ? static_cast<std::uint64_t>(facts.first_offset) + 1 : 0,
            located ? static_cast<std::uint64_t>(facts.messages) : 0};
}

}  // namespace

std::uint64_t span_details::view::get(field one) const {
    if (!has(one)) return 0;
    const auto before = static_cast<unsigned>(*at_) & ((1U << one) - 1U);
    return at_[1 + std::popcount(before)];
}

const std::uint64_t* span_details::view::echoes_at() const {
    return at_ + 1 + std::popcount(static_cast<unsigned>(*at_ & 0xff));
}

std::uint32_t span_details::view::echo(std::size_t i) const {
    const bool odd = echoes() % 2 != 0;
    if (odd && i == 0) return static_cast<std::uint32_t>(*at_ >> echo_bit);
    const auto among_pairs = odd ? i - 1 : i;
    return static_cast<std::uint32_t>(echoes_at()[among_pairs / 2] >> among_pairs % 2 * 32);
}

bool span_details::view::has_echo(std::uint32_t value) const {
    for (std::size_t i = 0; i < echoes(); ++i) {
        if (echo(i) == value) return true;
    }
    return false;
}

span_key span_details::view::link(std::size_t i) const {
    const auto* at = echoes_at() + echoes() / 2 + 3 * i;
    return {{std::bit_cast<std::array<std::uint8_t, 16>>(std::array{at[0], at[1]})},
            {std::bit_cast<std::array<std::uint8_t, 8>>(at[2])}};
}

std::uint64_t span_details::view::id(std::size_t i) const { return echoes_at()[echoes() / 2 + 3 * links() + i]; }

bool span_details::view::has_id(std::uint64_t wanted) const {
    for (std::size_t i = 0; i < ids(); ++i) {
        if (id(i) == wanted) return true;
    }
    return false;
}

bool span_details::needed(const span_facts& facts) {
    if (facts.echo_count > 0 || facts.link_count > 0 || facts.id_count > 0) return true;
    for (auto each : words_of(facts)) {
        if (each != 0) return true;
    }
    return false;
}

std::uint32_t span_details::add(const span_facts& facts) {
    std::array<std::uint64_t,
               1 + fields + span_facts::most_echoes / 2 + 3 * span_facts::most_links + span_facts::most_messages>
        words{};
    std::size_t size = 1;
    const auto known = words_of(facts);
    for (std::size_t i = 0; i < fields; ++i) {
        if (known[i] == 0) continue;
        words[0] |= std::uint64_t{1} << i;
        words[size++] = known[i];
    }
    words[0] |= std::uint64_t{facts.echo_count} << echoes_bit | std::uint64_t{facts.link_count} << links_bit |
                std::uint64_t{facts.more_links} << more_links_bit | std::uint64_t{facts.id_count} << ids_bit;
    const std::size_t in_head = facts.echo_count % 2;
    if (in_head != 0) words[0] |= std::uint64_t{facts.echoes[0]} << echo_bit;
    for (std::size_t i = in_head; i < facts.echo_count; ++i)
        words[size + (i - in_head) / 2] |= std::uint64_t{facts.echoes[i]} << (i - in_head) % 2 * 32;
    size += facts.echo_count / 2U;
    for (std::size_t i = 0; i < facts.link_count; ++i) {
        for (auto half : keyed_hash::words(facts.links[i].trace)) words[size++] = half;
        words[size++] = keyed_hash::word(facts.links[i].span);
    }
    for (std::size_t i = 0; i < facts.id_count; ++i) words[size++] = facts.ids[i];
    // A span's words stand in one block.
    if (end_ % block_words + size > block_words) end_ += block_words - end_ % block_words;
    if ((end_ - begin_) / block_words >= blocks_.size()) blocks_.push_back(std::make_unique<block>());
    std::copy_n(words.begin(), size, const_cast<std::uint64_t*>(word(end_)));
    const auto place = end_;
    end_ += static_cast<std::uint32_t>(size);
    return place;
}

void span_details::forget_before(std::uint32_t place) {
    while (!blocks_.empty() && place - begin_ >= block_words) {
        blocks_.pop_front();
        begin_ += block_words;
    }
}

void held_spans::grow() { blocks_.push_back(spare_ ? std::move(spare_) : std::make_unique<block>()); }

void held_spans::forget_oldest() {
    ++first_;
    if (first_ - front_block_ < block_spans) return;
    spare_ = std::move(blocks_.front());
    blocks_.pop_front();
    front_block_ += block_spans;
}

}  // namespace outrider::tracing
