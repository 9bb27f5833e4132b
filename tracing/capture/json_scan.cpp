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

/// The first quote or backslash, and whether there is a blank before it: seen in passing, another look would cost as
/// much again. Most strings of a message are shorter than one step of 16.
[[gnu::always_inline]] inline const char* find_end(const char* at, const char* end, bool& blank) {
#ifdef __SSE2__
    const auto quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');
    for (; end - at >= 16; at += 16) {
        const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto hits = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        const auto found = static_cast<unsigned>(_mm_movemask_epi8(hits));
        const auto blanks = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, space)));
        blank |= (blanks & ~found & (found - 1)) != 0;  // below the first that was found; all, where there is none
        if (found != 0) return at + std::countr_zero(found);
    }
#endif
    if constexpr (std::endian::native == std::endian::little) {
        for (; end - at >= 8; at += 8) {
            std::uint64_t word;
            std::memcpy(&word, at, 8);
            const auto found = zero_bytes(word ^ 0x2222222222222222) | zero_bytes(word ^ 0x5c5c5c5c5c5c5c5c);
            blank |= (zero_bytes(word ^ 0x2020202020202020) & ~found & (found - 1)) != 0;
            if (found != 0) return at + std::countr_zero(found) / 8;
        }
    }
    for (; at != end && *at != '"' && *at != '\\'; ++at) blank |= *at == ' ';
    return at;
}

/// An object or array that is open.
struct level {
    std::uint64_t pointers = 0;  ///< that lead to it
    std::uint32_t index = 0;
    char closes = 0;  ///< ] or }
};

class scan {
  public:
    /// @param levels  `deepest` of them; outside, because what has an address within keeps all the rest in memory too
    scan(std::string_view text, bool complete, const json_pointers& wanted, const json_filter& rest, json_visitor& to,
         level* levels)
        : at_(text.data()),
          end_(at_ + text.size()),
          complete_(complete),
          wanted_(wanted),
          rest_(rest),
          to_(to),
          levels_(levels) {}
    [[gnu::always_inline]] inline void run();

  private:
    // All in one function, so that the place in the text stays in a register: a sixth fewer instructions.
    [[gnu::always_inline]] inline bool value();
    [[gnu::always_inline]] inline bool after_value();
    [[gnu::always_inline]] inline bool open(bool is_array);
    [[gnu::always_inline]] inline bool name();
    [[gnu::always_inline]] inline bool string(std::string_view& text, bool& escaped, bool& blank);
    [[gnu::always_inline]] inline bool bare();
    [[gnu::always_inline]] inline bool report(const json_scalar& one);
    /// @return whether there is more
    [[gnu::always_inline]] bool skip_space() {
        while (at_ != end_) {
            if (!is_space(*at_)) [[likely]]
                return true;
            ++at_;
        }
        return false;
    }

    const char* at_;
    const char* end_;
    bool complete_;
    const json_pointers& wanted_;
    const json_filter rest_;
    json_visitor& to_;
    level* levels_;
    std::size_t depth_ = 0;
    std::uint64_t here_ = 0;  ///< pointers that lead to the next value
    std::uint64_t open_ = 0;  ///< those that have named nothing yet
};

void scan::run() {
    here_ = open_ = wanted_.all();
    while (value())
        if (!after_value()) return;
}

/// One scalar, or the way into what holds the next.
bool scan::value() {
    while (true) {
        if (!skip_space()) return false;
        const char c = *at_;
        if (c == '"') {
            std::string_view text;
            bool escaped = false, blank = false;
            return string(text, escaped, blank) && report({text, true, escaped, blank});
        }
        if (c != '{' && c != '[') return bare();
        if (!open(c == '[')) return false;
        if (!skip_space()) return false;
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
    bool escaped = false, blank = false;
    if (!string(text, escaped, blank)) return false;
    if (!skip_space() || *at_ != ':') return false;
    ++at_;
    here_ = 0;
    const auto pointers = levels_[depth_ - 1].pointers & open_;
    if (pointers == 0) return true;
    if (!escaped) {
        here_ = wanted_.into(pointers, depth_ - 1, text);
    } else {
        thread_local std::string meant;
        meant.clear();
        unescape_json(text.substr(0, 1024), meant);
        here_ = wanted_.into(pointers, depth_ - 1, std::string_view{meant});
    }
    return true;
}

/// Closes what ends here. @return whether another value follows
bool scan::after_value() {
    while (depth_ > 0) {
        if (!skip_space()) return false;
        auto& own = levels_[depth_ - 1];
        const char c = *at_++;
        if (c == own.closes) {
            --depth_;
            continue;
        }
        if (c != ',') return false;
        if (own.closes == ']') {
            ++own.index;
            const auto pointers = own.pointers & open_;
            here_ = pointers == 0 ? 0 : wanted_.into(pointers, depth_ - 1, std::size_t{own.index});
            return true;
        }
        return skip_space() && name();
    }
    return false;
}

bool scan::string(std::string_view& text, bool& escaped, bool& blank) {
    const auto* begin = ++at_;
    while (true) {
        at_ = find_end(at_, end_, blank);
        if (at_ == end_) return false;
        if (*at_ == '"') break;
        escaped = true;
        if (end_ - at_ < 2) return false;
        blank |= at_[1] == ' ';
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
    return report({{begin, static_cast<std::size_t>(at_ - begin)}});
}

bool scan::report(const json_scalar& one) {
    if (here_ == 0) return !rest_.takes(one) || to_.on_scalar(one);
    auto named = one;
    named.pointers = wanted_.ending(here_, depth_);
    open_ &= ~named.pointers;
    return to_.on_scalar(named);
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

void scan_json(std::string_view text, bool complete, const json_pointers& wanted, json_visitor& to,
               const json_filter& rest) {
    std::array<level, deepest> levels;
    scan{text, complete, wanted, rest, to, levels.data()}.run();
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
