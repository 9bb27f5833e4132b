#include "sidecar/http/head_parser.hpp"

#include <algorithm>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "sidecar/http/field_names.hpp"

namespace outrider::http {
namespace {

constexpr bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

#ifdef __SSE2__
/// Which of 16 octets are control characters, as bits.
inline unsigned control_bits(const char* at) {
    const auto below = _mm_set1_epi8(0x1f), tab = _mm_set1_epi8('\t'), del = _mm_set1_epi8(0x7f);
    auto block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    auto control = _mm_cmpeq_epi8(_mm_min_epu8(block, below), block);  // unsigned block <= 0x1f
    control = _mm_andnot_si128(_mm_cmpeq_epi8(block, tab), control);
    control = _mm_or_si128(control, _mm_cmpeq_epi8(block, del));
    return static_cast<unsigned>(_mm_movemask_epi8(control));
}
#endif

/// The first control character (HTAB is none) in [at, end), or `end`. This is the inner loop of the parser: a value's
/// end and its validity are found in the same pass.
/// @param from  where the text begins of which this is the end
inline const char* find_control(const char* from, const char* at, const char* end) {
#ifdef __SSE2__
    while (end - at >= 16) {
        if (auto found = control_bits(at)) return at + __builtin_ctz(found);
        at += 16;
    }
    // The last octets together with those before them.
    if (at != end && end - from >= 16) {
        const auto found = control_bits(end - 16) >> (16 - (end - at));
        return found != 0 ? at + __builtin_ctz(found) : end;
    }
#endif
    while (at != end && !is_control(*at)) ++at;
    return at;
}

/// The first octet in [at, end) that no token may have, or `end`.
inline const char* find_token_end(const char* at, const char* end) {
#ifdef __SSE2__
    // Names are letters, digits and "-"; whatever else a token may have is looked up.
    const auto case_bit = _mm_set1_epi8(0x20), dash = _mm_set1_epi8('-');
    const auto below = [](__m128i block, char first, char count) {
        auto from_first = _mm_sub_epi8(block, _mm_set1_epi8(first));
        return _mm_cmpeq_epi8(_mm_min_epu8(from_first, _mm_set1_epi8(static_cast<char>(count - 1))), from_first);
    };
    while (end - at >= 16) {
        auto block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        auto usual = _mm_or_si128(below(_mm_or_si128(block, case_bit), 'a', 26), below(block, '0', 10));
        auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(usual, _mm_cmpeq_epi8(block, dash))));
        if (mask == 0xffff) {
            at += 16;
            continue;
        }
        at += __builtin_ctz(~mask);
        if (!is_token_char(*at)) return at;
        ++at;
    }
#endif
    while (at != end && is_token_char(*at)) ++at;
    return at;
}

constexpr bool is_target_char(char c) {
    return static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f && c != '#';
}

/// The first octet in [at, end) that no target may have, or `end`.
inline const char* find_target_end(const char* at, const char* end) {
#ifdef __SSE2__
    const auto space = _mm_set1_epi8(0x20), del = _mm_set1_epi8(0x7f), hash = _mm_set1_epi8('#');
    while (end - at >= 16) {
        auto block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        auto visible = _mm_cmpgt_epi8(block, space);  // signed: octets above 127 are not
        auto other = _mm_or_si128(_mm_cmpeq_epi8(block, del), _mm_cmpeq_epi8(block, hash));
        auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_andnot_si128(other, visible)));
        if (mask != 0xffff) return at + __builtin_ctz(~mask);
        at += 16;
    }
#endif
    while (at != end && is_target_char(*at)) ++at;
    return at;
}

parse_outcome bad(head_error error) { return {parse_state::bad, error}; }
constexpr parse_outcome incomplete{parse_state::incomplete};
constexpr parse_outcome complete{parse_state::complete};

/// Reads a head line by line.
class cursor {
  public:
    explicit cursor(std::string_view input) : begin_(input.data()), at_(begin_), end_(begin_ + input.size()) {}

    const char* at() const { return at_; }
    std::size_t consumed() const { return static_cast<std::size_t>(at_ - begin_); }
    void skip(std::size_t n) { at_ += n; }
    std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

    /// CRLF at `where`: complete; cut off: incomplete; anything else is bad.
    parse_outcome line_end(const char* where, head_error otherwise) const {
        if (where == end_) return incomplete;
        if (*where == '\n') return bad(head_error::bare_lf);
        if (*where != '\r') return bad(otherwise);
        if (where + 1 == end_) return incomplete;
        return where[1] == '\n' ? complete : bad(otherwise);
    }

    parse_outcome fields(field_list& out, std::size_t limit);
    bool usual_field(field_list& out);
    parse_outcome one_field(field_list& out);

  private:
    const char* begin_;
    const char* at_;
    const char* end_;
};

/// "Name: value" CRLF, as nearly all lines are, with one blank at most before the value. @return false for any other,
/// which one_field() judges
inline bool cursor::usual_field(field_list& out) {
    auto* colon = find_token_end(at_, end_);
    if (colon == end_ || *colon != ':' || colon == at_) return false;
    auto* stop = find_control(begin_, colon + 1, end_);
    if (end_ - stop < 2 || stop[0] != '\r' || stop[1] != '\n') return false;
    auto* value = colon + 1;
    value += *value == ' ';
    // A further blank, or the end of an empty value.
    constexpr auto visible = [](char c) { return static_cast<unsigned char>(c) > ' '; };
    if (!visible(*value) || !visible(stop[-1])) return false;
    std::string_view name{at_, static_cast<std::size_t>(colon - at_)};
    out.add(name, {value, static_cast<std::size_t>(stop - value)}, {at_, static_cast<std::size_t>(stop + 2 - at_)},
            field_names::find(name));
    at_ = stop + 2;
    return true;
}

parse_outcome cursor::one_field(field_list& out) {
    auto* colon = find_token_end(at_, end_);
    if (colon == end_) return incomplete;
    if (colon == at_ || *colon != ':') {
        if (*colon == '\n' && colon != at_) return bad(head_error::bare_lf);
        return bad(*at_ == ' ' || *at_ == '\t' ? head_error::folded : head_error::field_syntax);
    }
    auto* stop = find_control(begin_, colon + 1, end_);
    if (auto ended = line_end(stop, head_error::field_value); ended.state != parse_state::complete) return ended;
    std::string_view name{at_, static_cast<std::size_t>(colon - at_)};
    out.add(name, trim({colon + 1, static_cast<std::size_t>(stop - colon - 1)}),
            {at_, static_cast<std::size_t>(stop + 2 - at_)}, identify(name));
    at_ = stop + 2;
    return complete;
}

parse_outcome cursor::fields(field_list& out, std::size_t limit) {
    const auto most = std::min(limit, field_list::capacity);
    while (true) {
        if (at_ == end_) return incomplete;
        if (*at_ == '\r' || *at_ == '\n') {
            auto ended = line_end(at_, head_error::field_syntax);
            if (ended.state == parse_state::complete) at_ += 2;
            return ended;
        }
        if (out.size() >= most) return bad(head_error::too_many_fields);
        if (usual_field(out)) continue;
        if (auto parsed = one_field(out); parsed.state != parse_state::complete) return parsed;
    }
}

/// "HTTP/1.D" at `text`; @return the minor version, or -1.
int http_version(std::string_view text) {
    if (text.size() != 8 || text.substr(0, 7) != "HTTP/1." || text[7] < '0' || text[7] > '9') return -1;
    return text[7] == '0' ? 0 : 1;
}

bool looks_like_version(std::string_view text) {
    return text.size() == 8 && text.substr(0, 5) == "HTTP/" && text[5] >= '0' && text[5] <= '9' && text[6] == '.' &&
           text[7] >= '0' && text[7] <= '9';
}

parse_outcome request_line(cursor& in, std::size_t longest_target, request_head& out) {
    auto line = in.rest();
    auto* end = line.data() + line.size();
    auto method_end = static_cast<std::size_t>(find_token_end(line.data(), end) - line.data());
    if (method_end > 32) return bad(head_error::start_line);
    if (method_end == line.size()) return incomplete;
    if (method_end == 0 || line[method_end] != ' ') return bad(head_error::start_line);
    auto target_begin = method_end + 1;
    auto target_end = static_cast<std::size_t>(find_target_end(line.data() + target_begin, end) - line.data());
    if (target_end - target_begin > longest_target) return bad(head_error::target_too_long);
    if (target_end == line.size()) return incomplete;
    if (line[target_end] != ' ')
        return bad(line[target_end] == '\r' || line[target_end] == '\n' ? head_error::start_line
                                                                        : head_error::target_character);
    if (target_end == target_begin) return bad(head_error::start_line);
    auto version_begin = target_end + 1;
    if (line.size() < version_begin + 10) {
        // Not all of "HTTP/1.1\r\n" is here; a line that has already ended is wrong whatever follows, and in the same
        // way as if more had come.
        auto line_feed = line.find('\n', version_begin);
        if (line_feed == std::string_view::npos) return incomplete;
        if (line_feed != version_begin + 8) return bad(head_error::start_line);
    }
    auto version = line.substr(version_begin, 8);
    out.minor_version = http_version(version);
    if (out.minor_version < 0) return bad(looks_like_version(version) ? head_error::version : head_error::start_line);
    if (auto ended = in.line_end(line.data() + version_begin + 8, head_error::start_line);
        ended.state != parse_state::complete)
        return ended;
    out.method = line.substr(0, method_end);
    out.target = line.substr(target_begin, target_end - target_begin);
    in.skip(version_begin + 10);
    return complete;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

parse_outcome status_line(cursor& in, response_head& out) {
    auto line = in.rest();
    constexpr std::string_view shape = "HTTP/1.";
    auto known = std::min(line.size(), shape.size());
    if (line.substr(0, known) != shape.substr(0, known)) return bad(head_error::start_line);
    if (line.size() < 14) return line.find('\n') == std::string_view::npos ? incomplete : bad(head_error::start_line);
    out.minor_version = http_version(line.substr(0, 8));
    if (out.minor_version < 0 || line[8] != ' ' || !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11]))
        return bad(head_error::start_line);
    out.status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
    if (out.status < 100 || out.status > 599) return bad(head_error::start_line);
    auto* reason = line.data() + 12;
    auto* end = line.data() + line.size();
    // The SP after the code is required of senders; without a reason it is often left out.
    if (*reason != ' ' && *reason != '\r') return bad(head_error::start_line);
    if (*reason == ' ') ++reason;
    auto* stop = find_control(line.data(), reason, end);
    if (auto ended = in.line_end(stop, head_error::start_line); ended.state != parse_state::complete) return ended;
    out.reason = {reason, static_cast<std::size_t>(stop - reason)};
    in.skip(static_cast<std::size_t>(stop + 2 - in.at()));
    return complete;
}

/// What a head of all the bytes that it may have is short of, no further byte can bring.
parse_outcome bounded(parse_outcome outcome, std::size_t size, const head_limits& limits) {
    if (outcome.state == parse_state::incomplete && size >= limits.head_bytes) return bad(head_error::head_too_large);
    return outcome;
}

}  // namespace

parse_outcome parse_request_head(std::string_view input, const head_limits& limits, request_head& out) {
    input = input.substr(0, limits.head_bytes);  // what is behind the bound is not judged, whenever it arrives
    cursor in{input};
    for (int empty_lines = 0; empty_lines < 2 && in.rest().substr(0, 2) == "\r\n"; ++empty_lines) in.skip(2);
    if (in.rest().empty() || in.rest() == "\r") return bounded(incomplete, input.size(), limits);
    out.fields.clear();
    auto outcome = request_line(in, limits.target_bytes, out);
    if (outcome.state == parse_state::complete) outcome = in.fields(out.fields, limits.fields);
    out.size = in.consumed();
    return bounded(outcome, input.size(), limits);
}

parse_outcome parse_response_head(std::string_view input, const head_limits& limits, response_head& out) {
    input = input.substr(0, limits.head_bytes);
    cursor in{input};
    if (input.empty()) return incomplete;
    out.fields.clear();
    auto outcome = status_line(in, out);
    if (outcome.state == parse_state::complete) outcome = in.fields(out.fields, limits.fields);
    out.size = in.consumed();
    return bounded(outcome, input.size(), limits);
}

}  // namespace outrider::http
