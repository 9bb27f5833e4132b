#include "tracing/capture/json_scan.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace outrider::tracing {
namespace {

constexpr std::size_t deepest = 32;

/// Other control characters are no JSON, but nothing is judged here, and this is one comparison.
constexpr bool is_space(char c) { return static_cast<unsigned char>(c) <= ' '; }

/// What numbers, true, false and null are made of.
constexpr auto bare_characters = [] {
    std::array<bool, 256> table{};
    for (unsigned char c = '0'; c <= '9'; ++c) table[c] = true;
    for (unsigned char c = 'a'; c <= 'z'; ++c) table[c] = true;
    for (const unsigned char c : {'.', '-', '+', 'E'}) table[c] = true;
    return table;
}();
constexpr bool is_bare(char c) { return bare_characters[static_cast<unsigned char>(c)]; }

/// The high bit of each byte that is zero; below the first such byte nothing else is set.
constexpr std::uint64_t zero_bytes(std::uint64_t word) {
    return (word - 0x0101010101010101) & ~word & 0x8080808080808080;
}

/// The first quote or backslash. Most strings of a message are shorter than one step of 16.
inline const char* find_end(const char* at, const char* end) {
#ifdef __SSE2__
    const auto quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(hits));
        if (found != 0) return at + std::countr_zero(found);
    }
#endif
    if constexpr (std::endian::native == std::endian::little) {
        for (; end - at >= 8; at += 8) {
            std::uint64_t word;
            std::memcpy(&word, at, 8);
            const auto found = zero_bytes(word ^ 0x2222222222222222) | zero_bytes(word ^ 0x5c5c5c5c5c5c5c5c);
            if (found != 0) return at + std::countr_zero(found) / 8;
        }
    }
    while (at != end && *at != '"' && *at != '\\') ++at;
    return at;
}

class scan {
  public:
    scan(std::string_view text, bool complete, const json_pointers& wanted, json_visitor& to)
        : at_(text.data()), end_(at_ + text.size()), complete_(complete), wanted_(wanted), to_(to) {}
    [[gnu::always_inline]] inline void run();

  private:
    struct level {
        std::uint64_t pointers = 0;  ///< that lead to this object or array
        std::uint32_t index = 0;
        char closes = 0;  ///< ] or }
    };
    // All in one function, so that the place in the text stays in a register: a sixth fewer instructions.
    [[gnu::always_inline]] inline bool value();
    [[gnu::always_inline]] inline bool after_value();
    [[gnu::always_inline]] inline bool open(bool is_array);
    [[gnu::always_inline]] inline bool name();
    [[gnu::always_inline]] inline bool string(std::string_view& text, bool& escaped);
    [[gnu::always_inline]] inline bool bare();
    [[gnu::always_inline]] inline bool report(std::string_view text, bool is_string, bool escaped);
    void skip_space() {
        while (at_ != end_ && is_space(*at_)) ++at_;
    }

    const char* at_;
    const char* end_;
    bool complete_;
    const json_pointers& wanted_;
    json_visitor& to_;
    std::array<level, deepest> levels_;
    std::size_t depth_ = 0;
    std::uint64_t here_ = 0;  ///< pointers that lead to the next value
};

void scan::run() {
    here_ = wanted_.all();
    while (value())
        if (!after_value()) return;
}

/// One scalar, or the way into what holds the next.
bool scan::value() {
    while (true) {
        skip_space();
        if (at_ == end_) return false;
        const char c = *at_;
        if (c == '"') {
            std::string_view text;
            bool escaped = false;
            return string(text, escaped) && report(text, true, escaped);
        }
        if (c != '{' && c != '[') return bare();
        if (!open(c == '[')) return false;
        skip_space();
        if (at_ == end_) return false;
        if (*at_ == (c == '[' ? ']' : '}')) return true;  // empty: after_value() closes it
        if (c == '{' && !name()) return false;
    }
}

bool scan::open(bool is_array) {
    if (depth_ == deepest) return false;
    levels_[depth_] = {here_, 0, is_array ? ']' : '}'};
    ++at_;
    if (is_array && here_ != 0) here_ = wanted_.into(here_, depth_, std::size_t{0});
    ++depth_;
    return true;
}

bool scan::name() {
    if (*at_ != '"') return false;
    std::string_view text;
    bool escaped = false;
    if (!string(text, escaped)) return false;
    skip_space();
    if (at_ == end_ || *at_ != ':') return false;
    ++at_;
    const auto& own = levels_[depth_ - 1];
    here_ = 0;
    if (own.pointers == 0) return true;
    if (!escaped) {
        here_ = wanted_.into(own.pointers, depth_ - 1, text);
    } else {
        thread_local std::string meant;
        meant.clear();
        unescape_json(text.substr(0, 1024), meant);
        here_ = wanted_.into(own.pointers, depth_ - 1, std::string_view{meant});
    }
    return true;
}

/// Closes what ends here. @return whether another value follows
bool scan::after_value() {
    while (depth_ > 0) {
        skip_space();
        if (at_ == end_) return false;
        auto& own = levels_[depth_ - 1];
        const char c = *at_++;
        if (c == own.closes) {
            --depth_;
            continue;
        }
        if (c != ',') return false;
        if (own.closes == ']') {
            here_ = own.pointers == 0 ? 0 : wanted_.into(own.pointers, depth_ - 1, std::size_t{++own.index});
            return true;
        }
        skip_space();
        return at_ != end_ && name();
    }
    return false;
}

bool scan::string(std::string_view& text, bool& escaped) {
    const auto* begin = ++at_;
    while (true) {
        at_ = find_end(at_, end_);
        if (at_ == end_) return false;
        if (*at_ == '"') break;
        escaped = true;
        if (end_ - at_ < 2) return false;
        at_ += 2;
    }
    text = {begin, static_cast<std::size_t>(at_ - begin)};
    ++at_;
    return true;
}

/// A number, true, false or null.
bool scan::bare() {
    const auto* begin = at_;
    while (at_ != end_ && is_bare(*at_)) ++at_;
    if (at_ == begin || (at_ == end_ && !complete_)) return false;
    return report({begin, static_cast<std::size_t>(at_ - begin)}, false, false);
}

bool scan::report(std::string_view text, bool is_string, bool escaped) {
    const auto named = here_ == 0 ? 0 : wanted_.ending(here_, depth_);
    return to_.on_scalar({text, is_string, escaped, named});
}

void append_utf8(std::uint32_t code, std::string& out) {
    const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
    if (code < 0x80) return put(code);
    if (code < 0x800) return put(0xc0 | code >> 6), put(0x80 | (code & 0x3f));
    if (code < 0x10000) return put(0xe0 | code >> 12), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
    put(0xf0 | code >> 18), put(0x80 | (code >> 12 & 0x3f)), put(0x80 | (code >> 6 & 0x3f)), put(0x80 | (code & 0x3f));
}

constexpr std::uint32_t replacement = 0xfffd;

/// Four hex digits at the front of `raw`, taken; 0x110000 when they are none.
std::uint32_t take_hex(std::string_view& raw) {
    std::uint32_t code = 0;
    const auto digits = raw.substr(0, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) return 0x110000;
    raw.remove_prefix(4);
    return code;
}

/// What follows \u: one code, or two that are halves of one.
std::uint32_t take_code(std::string_view& raw) {
    const auto high = take_hex(raw);
    if (high < 0xd800 || high > 0xdfff) return high < 0x110000 ? high : replacement;
    if (high > 0xdbff || !raw.starts_with("\\u")) return replacement;
    auto rest = raw.substr(2);
    const auto low = take_hex(rest);
    if (low < 0xdc00 || low > 0xdfff) return replacement;
    raw = rest;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

}  // namespace

std::size_t json_pointers::add(std::string_view pointer) {
    const auto known = std::find(texts_.begin(), texts_.end(), pointer);
    if (known != texts_.end()) return static_cast<std::size_t>(known - texts_.begin());
    if (pointers_.size() == most || !pointer.starts_with('/')) return most;
    auto& made = pointers_.emplace_back();
    texts_.emplace_back(pointer);
    for (pointer.remove_prefix(1);;) {
        const auto slash = pointer.find('/');
        auto& one = made.emplace_back();
        for (const char c : pointer.substr(0, slash)) {
            if (!one.name.empty() && one.name.back() == '~' && (c == '0' || c == '1'))
                one.name.back() = c == '0' ? '\1' : '/';  // ~01 is ~1, not a slash
            else
                one.name.push_back(c);
        }
        std::replace(one.name.begin(), one.name.end(), '\1', '~');
        const auto* last = one.name.data() + one.name.size();
        const auto [end, error] = std::from_chars(one.name.data(), last, one.index);
        one.is_index = error == std::errc{} && end == last && (one.name.size() == 1 || one.name.front() != '0');
        if (slash == std::string_view::npos) return pointers_.size() - 1;
        pointer.remove_prefix(slash + 1);
    }
}

std::uint64_t json_pointers::into(std::uint64_t from, std::size_t depth, std::string_view name) const {
    std::uint64_t found = 0;
    for (; from != 0; from &= from - 1) {
        const auto& pointer = pointers_[static_cast<std::size_t>(std::countr_zero(from))];
        if (depth < pointer.size() && pointer[depth].name == name) found |= from & (~from + 1);
    }
    return found;
}

std::uint64_t json_pointers::into(std::uint64_t from, std::size_t depth, std::size_t index) const {
    std::uint64_t found = 0;
    for (; from != 0; from &= from - 1) {
        const auto& pointer = pointers_[static_cast<std::size_t>(std::countr_zero(from))];
        if (depth < pointer.size() && pointer[depth].is_index && pointer[depth].index == index)
            found |= from & (~from + 1);
    }
    return found;
}

std::uint64_t json_pointers::ending(std::uint64_t from, std::size_t depth) const {
    std::uint64_t found = 0;
    for (; from != 0; from &= from - 1)
        if (pointers_[static_cast<std::size_t>(std::countr_zero(from))].size() == depth) found |= from & (~from + 1);
    return found;
}

void scan_json(std::string_view text, bool complete, const json_pointers& wanted, json_visitor& to) {
    scan{text, complete, wanted, to}.run();
}

void unescape_json(std::string_view raw, std::string& out) {
    constexpr std::string_view names = "\"\\/bfnrt", meant = "\"\\/\b\f\n\r\t";
    while (true) {
        const auto slash = raw.find('\\');
        out.append(raw.substr(0, slash));
        if (slash == std::string_view::npos) return;
        raw.remove_prefix(slash + 1);
        if (raw.empty()) return append_utf8(replacement, out);
        const char c = raw.front();
        raw.remove_prefix(1);
        const auto plain = names.find(c);
        if (plain != std::string_view::npos)
            out.push_back(meant[plain]);
        else
            append_utf8(c == 'u' ? take_code(raw) : replacement, out);
    }
}

}  // namespace outrider::tracing
