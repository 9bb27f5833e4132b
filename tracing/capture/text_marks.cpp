#include "tracing/capture/text_marks.hpp"

#include <algorithm>
#include <array>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace outrider::tracing {
namespace {

using carried = text_marks::carried;

/// Which bytes of a block are these.
struct bytes_of {
    std::uint64_t quotes = 0, backslashes = 0, colons = 0, blanks = 0, numbers = 0;
};

/// What backslashes take away, and whether the last one takes away the first byte of the next block.
std::uint64_t escaped_by(std::uint64_t backslashes, bool& cut) {
    std::uint64_t escaped = cut ? 1 : 0;
    auto left = backslashes & ~escaped;
    cut = false;
    while (left != 0) {
        const auto slash = left & (~left + 1);
        escaped |= slash << 1;
        cut = slash >> 63 != 0;
        left &= ~(slash | slash << 1);
    }
    return escaped;
}

[[gnu::always_inline]] inline std::uint64_t unescaped_quotes(const bytes_of& block, carried& from) {
    if (block.backslashes == 0 && !from.cuts_escape) [[likely]]
        return block.quotes;
    from.escapes = true;
    return block.quotes & ~escaped_by(block.backslashes, from.cuts_escape);
}

/// Bit n: of the bits up to n an odd number is set.
[[gnu::always_inline]] inline std::uint64_t odd_up_to(std::uint64_t bits) {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    return bits ^ bits << 32;
}

/// @param odd  odd_up_to(quotes)
[[gnu::always_inline]] inline marked_block marked(const bytes_of& block, std::uint64_t quotes, std::uint64_t odd,
                                                  carried& from) {
    const auto within = odd ^ from.inside;  // from the quote that begins a string up to the last byte before its end
    from.inside = 0 - (within >> 63);
    // Added to the ones of its string, a blank carries on to the quote that ends it.
    std::uint64_t ends_with_blank;
    const bool more = __builtin_add_overflow(within, block.blanks & within, &ends_with_blank);
    from.blank = __builtin_add_overflow(ends_with_blank, from.blank, &ends_with_blank) || more ? 1 : 0;
    auto behind = quotes << 1;  // up to 6 bytes behind a quote
    behind |= behind << 1;
    behind |= behind << 2;
    behind |= behind << 2;
    static_assert(marked_block::shortest_string == 6 && marked_block::shortest_number == 5);
    const auto numbers = block.numbers & ~within;
    auto ends_soon = ~numbers >> 1;  // up to 4 bytes before what is of no number; of the next block nothing is known
    ends_soon |= ends_soon >> 1;
    ends_soon |= ends_soon >> 2;
    const auto begins = numbers & ~(numbers << 1 | from.in_number) & ~ends_soon;
    from.in_number = numbers >> 63;
    return {quotes, quotes & ~(within | behind | block.colons >> 1 | ends_with_blank), begins};
}

void mark(const char* at, std::span<marked_block> out, carried& from) {
    for (auto& each : out) {
        bytes_of block;
        for (std::size_t i = 0; i < marked_block::bytes; ++i, ++at) {
            const auto bit = std::uint64_t{1} << i;
            if (*at == '"') block.quotes |= bit;
            if (*at == '\\') block.backslashes |= bit;
            if (*at == ':') block.colons |= bit;
            if (*at == ' ') block.blanks |= bit;
            if (is_of_number(*at)) block.numbers |= bit;
        }
        const auto quotes = unescaped_quotes(block, from);
        each = marked(block, quotes, odd_up_to(quotes), from);
    }
}

#if defined(__x86_64__)
/// Moved to the low end of what signed bytes can be, a range needs one comparison.
constexpr char moved = static_cast<char>(-128 - '-'), behind_numbers = static_cast<char>(-128 + '9' - '-' + 1);

void mark_with_sse2(const char* at, std::span<marked_block> out, carried& from) {
    for (auto& each : out) {
        bytes_of block;
        auto slashes = _mm_setzero_si128();
#pragma GCC unroll 4
        for (std::size_t i = 0; i < marked_block::bytes; i += 16) {
            const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + i));
            const auto bits = [i](__m128i hits) {
                return std::uint64_t{static_cast<unsigned>(_mm_movemask_epi8(hits))} << i;
            };
            block.quotes |= bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
            block.colons |= bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(':')));
            block.blanks |= bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')));
            block.numbers |=
                bits(_mm_cmplt_epi8(_mm_add_epi8(bytes, _mm_set1_epi8(moved)), _mm_set1_epi8(behind_numbers)));
            slashes = _mm_or_si128(slashes, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
        }
        if (_mm_movemask_epi8(slashes) != 0) [[unlikely]]
            for (std::size_t i = 0; i < marked_block::bytes; ++i)
                block.backslashes |= std::uint64_t{at[i] == '\\'} << i;
        at += marked_block::bytes;
        const auto quotes = unescaped_quotes(block, from);
        each = marked(block, quotes, odd_up_to(quotes), from);
    }
}

#define OUTRIDER_AVX2 [[gnu::target("avx2,pclmul")]]

OUTRIDER_AVX2 inline std::uint64_t equal_bits(__m256i low, __m256i high, char c) {
    const auto same = _mm256_set1_epi8(c);
    return static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, same))) |
           std::uint64_t{static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, same)))} << 32;
}

OUTRIDER_AVX2 inline std::uint64_t number_bits(__m256i low, __m256i high) {
    const auto by = _mm256_set1_epi8(moved), behind = _mm256_set1_epi8(behind_numbers);
    return static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpgt_epi8(behind, _mm256_add_epi8(low, by)))) |
           std::uint64_t{
               static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpgt_epi8(behind, _mm256_add_epi8(high, by))))}
               << 32;
}

/// What odd_up_to() gives is a product without carries.
OUTRIDER_AVX2 inline std::uint64_t odd_with_product(std::uint64_t bits) {
    const auto product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128(static_cast<long long>(bits)), _mm_set1_epi8('\xff'), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
}

OUTRIDER_AVX2 void mark_with_avx2(const char* at, std::span<marked_block> out, carried& carried_on) {
    auto from = carried_on;
    for (auto& each : out) {
        const auto low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        const auto high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32));
        at += marked_block::bytes;
        const bytes_of block{equal_bits(low, high, '"'), equal_bits(low, high, '\\'), equal_bits(low, high, ':'),
                             equal_bits(low, high, ' '), number_bits(low, high)};
        const auto quotes = unescaped_quotes(block, from);
        each = marked(block, quotes, odd_with_product(quotes), from);
    }
    carried_on = from;
}
#endif

void mark_with(text_marks::machine which, const char* at, std::span<marked_block> out, carried& from) {
#if defined(__x86_64__)
    if (which == text_marks::machine::avx2) return mark_with_avx2(at, out, from);
    if (which == text_marks::machine::sse2) return mark_with_sse2(at, out, from);
#else
    static_cast<void>(which);
#endif
    mark(at, out, from);
}

}  // namespace

bool text_marks::can(machine which) {
#if defined(__x86_64__)
    return which != machine::avx2 || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("pclmul"));
#else
    return which == machine::any;
#endif
}

text_marks::text_marks(std::string_view text) : text_marks(text, machine::any) {
    static const auto best = can(machine::avx2) ? machine::avx2 : can(machine::sse2) ? machine::sse2 : machine::any;
    which_ = best;
}

std::size_t text_marks::next(std::span<marked_block> room) {
    const auto left = static_cast<std::size_t>(end_ - at_);
    const auto whole = std::min(left / marked_block::bytes, room.size());
    if (whole > 0) mark_with(which_, at_, room.subspan(0, whole), carried_);
    at_ += whole * marked_block::bytes;
    if (whole == room.size() || at_ == end_) return whole;
    std::array<char, marked_block::bytes> last{};
    std::copy(at_, end_, last.begin());
    mark_with(which_, last.data(), room.subspan(whole, 1), carried_);
    at_ = end_;
    return whole + 1;
}

}  // namespace outrider::tracing
