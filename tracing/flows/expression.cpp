#include "tracing/flows/expression.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace outrider::flows {
namespace {

using std::chrono::nanoseconds;

struct time_unit {
    std::string_view name;
    double ns;
};
constexpr std::array<time_unit, 5> time_units{{{"d", 86'400e9}, {"h", 3'600e9}, {"m", 60e9}, {"s", 1e9}, {"ms", 1e6}}};
constexpr double longest_time_ns = 30 * 86'400e9;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '.' || c == '_' || c == '-';
}

/// As on one line: however it was broken, it is a name of one form.
std::string on_one_line(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (!is_blank(c))
            out += c;
        else if (!out.empty() && out.back() != ' ')
            out += ' ';
    }
    return out;
}

/// The name of a step: which of its alternatives ends the run is no part of it.
std::string without_ends(std::string text) {
    constexpr std::string_view word = " end";
    for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at)) {
        const auto next = at + word.size();
        if (next == text.size() || text[next] == ' ' || text[next] == '|')
            text.erase(at, word.size());
        else
            at = next;
    }
    return text;
}

std::string quoted(std::string_view text) { return "'" + std::string{text} + "'"; }

/// Reads an expression from left to right and stops at the first thing that is wrong.
class expression_parser {
  public:
    explicit expression_parser(std::string_view text) : text_(text) {}
    std::variant<parsed_expression, expression_error> run();

  private:
    bool read_step();
    bool read_alternative(step& into);
    bool read_group(alternative& into);
    bool read_member(alternative& into);
    bool read_repeats(step_member& into);
    bool read_count(std::uint32_t& into);
    bool read_within(step& into);
    void skip_blanks();
    /// The word that stands here, without taking it.
    std::string_view word() const;
    bool take(std::string_view symbol);
    bool take_word(std::string_view wanted);
    std::string found() const;
    bool fail(std::string text) { return fail_at(at_, std::move(text)); }
    bool fail_at(std::size_t at, std::string text);

    std::string_view text_;
    std::size_t at_ = 0;
    parsed_expression out_;
    expression_error error_;
};

void expression_parser::skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
}

std::string_view expression_parser::word() const {
    auto end = at_;
    while (end < text_.size() && is_name_character(text_[end]) && text_.substr(end, 2) != "->") ++end;
    return text_.substr(at_, end - at_);
}

bool expression_parser::take(std::string_view symbol) {
    if (text_.substr(at_, symbol.size()) != symbol) return false;
    at_ += symbol.size();
    skip_blanks();
    return true;
}

bool expression_parser::take_word(std::string_view wanted) {
    if (word() != wanted) return false;
    at_ += wanted.size();
    skip_blanks();
    return true;
}

/// What stands here, for an error.
std::string expression_parser::found() const {
    if (at_ == text_.size()) return "the end";
    if (const auto here = word(); !here.empty()) return quoted(here.substr(0, 64));
    const auto c = text_[at_];
    return c > ' ' && c < '\x7F' ? quoted(text_.substr(at_, 1)) : std::string{"a character that no name has"};
}

bool expression_parser::fail_at(std::size_t at, std::string text) {
    error_ = {at + 1, std::move(text)};
    return false;
}

bool expression_parser::read_count(std::uint32_t& into) {
    const auto* from = text_.data() + at_;
    const auto [end, ec] = std::from_chars(from, text_.data() + text_.size(), into);
    if (ec == std::errc::invalid_argument) return fail("a count is expected after 'x', as in x 1..5, not " + found());
    if (ec != std::errc{} || into > most_repeats) return fail("a count is at most " + std::to_string(most_repeats));
    at_ += static_cast<std::size_t>(end - from);
    return true;
}

/// "1..5" or "3", behind the x.
bool expression_parser::read_repeats(step_member& into) {
    const auto begin = at_;
    if (!read_count(into.least)) return false;
    into.most = into.least;
    if (take("..") && !read_count(into.most)) return false;
    if (at_ < text_.size() && is_name_character(text_[at_]) && text_.substr(at_, 2) != "->")
        return fail_at(begin, "a count is a number, or two as in 1..5");
    if (into.most == 0) return fail_at(begin, "never is no step; write x 0..1 for what need not come");
    if (into.most < into.least) return fail_at(begin, "the second count is below the first");
    skip_blanks();
    return true;
}

bool expression_parser::read_member(alternative& into) {
    const auto name = word();
    if (name.empty()) return fail("the name of an event is expected, not " + found());
    if (!is_event_name(name)) return fail("the name of an event is expected before " + quoted(name));
    const auto twice = std::find_if(out_.names.begin(), out_.names.end(), [&](auto& n) { return n.name == name; });
    if (twice != out_.names.end())
        return fail(quoted(name.substr(0, 64)) + " stands here twice; write x 1..5 for what is repeated");
    out_.names.push_back({std::string{name}, at_ + 1});
    at_ += name.size();
    skip_blanks();
    into.members.push_back({out_.names.size() - 1});
    return !take_word("x") || read_repeats(into.members.back());
}

/// "(a & b)", behind the bracket.
bool expression_parser::read_group(alternative& into) {
    do {
        if (!read_member(into)) return false;
    } while (take("&"));
    if (take(")")) return true;
    return fail("'&' or ')' is expected, not " + found());
}

bool expression_parser::read_alternative(step& into) {
    alternative one;
    if (!(take("(") ? read_group(one) : read_member(one))) return false;
    if (text_.substr(at_, 1) == "&") return fail("'&' stands within brackets: (a & b)");
    one.end = take_word("end");
    into.alternatives.push_back(std::move(one));
    return true;
}

bool expression_parser::read_within(step& into) {
    const auto time = word();
    into.within = parse_time(time);
    if (!into.within)
        return fail("a time is expected after 'within', such as 250ms, 5s, 10m or 1h, up to 30d, not " + found());
    at_ += time.size();
    skip_blanks();
    return true;
}

bool expression_parser::read_step() {
    const auto begin = at_;
    if (out_.steps.size() == most_steps) return fail("more than " + std::to_string(most_steps) + " steps");
    step one;
    do {
        if (!read_alternative(one)) return false;
    } while (take("|"));
    auto end = at_;
    while (end > begin && is_blank(text_[end - 1])) --end;
    one.text = without_ends(on_one_line(text_.substr(begin, end - begin)));
    if (take_word("within") && !read_within(one)) return false;
    if (word() == "end") return fail("'end' stands before 'within', after what ends the run");
    out_.steps.push_back(std::move(one));
    return true;
}

std::variant<parsed_expression, expression_error> expression_parser::run() {
    if (text_.size() > most_of_an_expression) {
        fail("more than " + std::to_string(most_of_an_expression) + " characters");
        return error_;
    }
    skip_blanks();
    do {
        if (!read_step()) return error_;
    } while (take("->"));
    if (at_ == text_.size()) return std::move(out_);
    fail("'->', '|', 'within' or the end is expected, not " + found());
    return error_;
}

}  // namespace

bool is_event_name(std::string_view name) { return !name.empty() && name != "x" && name != "end" && name != "within"; }

std::optional<nanoseconds> parse_time(std::string_view text) {
    double value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (ec != std::errc{} || !std::isfinite(value) || value <= 0) return std::nullopt;
    const auto name = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::find_if(time_units.begin(), time_units.end(), [&](auto& u) { return u.name == name; });
    if (unit == time_units.end() || value * unit->ns > longest_time_ns) return std::nullopt;
    const auto ns = static_cast<std::int64_t>(value * unit->ns);
    return ns == 0 ? std::nullopt : std::optional{nanoseconds{ns}};
}

std::string time_text(nanoseconds time) {
    const auto ms = std::chrono::round<std::chrono::milliseconds>(time).count();
    if (ms == 0) return "0s";
    for (const auto& unit : time_units) {
        const auto whole = static_cast<std::int64_t>(unit.ns / 1e6);
        if (ms % whole == 0) return std::to_string(ms / whole) + std::string{unit.name};
    }
    return std::to_string(ms) + "ms";
}

std::variant<parsed_expression, expression_error> parse_expression(std::string_view text) {
    return expression_parser{text}.run();
}

}  // namespace outrider::flows
