#include "tracing/capture/json_values.hpp"

#include <algorithm>
#include <array>

#include "tracing/capture/json_characters.hpp"
#include "tracing/capture/text_marks.hpp"

namespace outrider::tracing {
namespace {

constexpr std::size_t shortest_string = marked_block::shortest_string, longest = 128, fewest_digits = 5;

/// Of bits that are not all zero.
inline std::size_t lowest(std::uint64_t bits) { return static_cast<std::size_t>(__builtin_ctzll(bits)); }
inline std::size_t highest(std::uint64_t bits) { return static_cast<std::size_t>(__builtin_clzll(bits) ^ 63); }

class finder {
  public:
    /// @param found  value_taker::most_at_once; outside, so that the rest may lie in registers
    finder(std::string_view text, bool complete, value_taker& to, json_value* found)
        : begin_(text.data()), end_(begin_ + text.size()), complete_(complete), to_(to), found_(found), marks_(text) {}
    [[gnu::always_inline]] inline void run();

  private:
    [[gnu::always_inline]] inline bool look(const char* at, const marked_block& block);
    [[gnu::always_inline]] inline bool string(const char* open, const char* close);
    [[gnu::always_inline]] inline bool number(const char* at);
    [[gnu::always_inline]] inline bool add(json_value one);
    bool is_name(const char* close) const {
        const auto* at = close + 1;
        while (at != end_ && is_json_space(*at)) ++at;
        return at == end_ ? !complete_ : *at == ':';  // where the text was cut, it may have been one
    }

    const char* begin_;
    const char* end_;
    bool complete_;
    value_taker& to_;
    json_value* found_;
    std::size_t count_ = 0;
    const char* last_quote_ = nullptr;  ///< before the block that is looked at
    text_marks marks_;
};

void finder::run() {
    std::array<marked_block, 16> blocks;
    const auto* at = begin_;
    for (std::size_t marked = blocks.size(); marked == blocks.size();) {
        marked = marks_.next(blocks);
        for (std::size_t i = 0; i < marked; ++i, at += marked_block::bytes)
            if (!look(at, blocks[i])) return;
    }
    if (count_ > 0) to_.on_values({found_, count_});
}

/// @return whether more is wanted
bool finder::look(const char* at, const marked_block& block) {
    for (auto ends = block.strings; ends != 0; ends &= ends - 1) {
        const auto bit = lowest(ends);
        const auto before = block.quotes & ~(~std::uint64_t{0} << bit);
        if (!string(before == 0 ? last_quote_ : at + highest(before), at + bit)) return false;
    }
    for (auto begins = block.numbers; begins != 0; begins &= begins - 1)
        if (!number(at + lowest(begins))) return false;
    if (block.quotes != 0) last_quote_ = at + highest(block.quotes);
    return true;
}

bool finder::string(const char* open, const char* close) {
    const auto* at = open + 1;
    const auto size = static_cast<std::size_t>(close - at);
    if (size - shortest_string > longest - shortest_string || is_name(close)) return true;
    const bool escaped = marks_.escapes() && std::find(at, close, '\\') != close;
    return add({at, static_cast<std::uint32_t>(size), escaped});
}

bool finder::number(const char* at) {
    if (at != begin_ && is_json_bare(at[-1])) return true;  // of an exponent
    std::size_t digits = 0;
    const auto* behind = at;
    for (; behind != end_ && is_of_number(*behind); ++behind) digits += *behind >= '0' ? 1 : 0;
    while (behind != end_ && is_json_bare(*behind)) ++behind;
    const auto size = static_cast<std::size_t>(behind - at);
    if (digits < fewest_digits || size > longest || (behind == end_ && !complete_)) return true;
    return add({at, static_cast<std::uint32_t>(size), false});
}

bool finder::add(json_value one) {
    found_[count_++] = one;
    if (count_ < value_taker::most_at_once) return true;
    count_ = 0;
    return to_.on_values({found_, value_taker::most_at_once});
}

}  // namespace

void find_values(std::string_view text, bool complete, value_taker& to) {
    std::array<json_value, value_taker::most_at_once> found;
    finder{text, complete, to, found.data()}.run();
}

}  // namespace outrider::tracing
