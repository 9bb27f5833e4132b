#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::tools {

/// One change of a text: the bytes from `begin` up to `end` become `text`.
struct text_edit {
    std::size_t begin = 0;
    std::size_t end = 0;
    std::string text;
};

/// The text with all of the edits done; those at one place in the order given. Neighbouring cuts are one, and a cut of
/// whole lines up to the end of a text that ends without a line break takes the break before it: what add_lines() adds
/// there is gone afterwards.
/// Edits that overlap are a mistake of who made them: they throw std::logic_error.
std::string apply(std::string_view text, std::vector<text_edit> edits);

/// Where the line begins that `offset` is in.
std::size_t line_begin(std::string_view text, std::size_t offset);
/// Where the next line begins, or the end of the text.
std::size_t line_end(std::string_view text, std::size_t offset);
/// The line break that the text uses there: of this line, else of the one before, else "\n".
std::string_view line_break(std::string_view text, std::size_t offset);
/// What stands before `offset` in its line.
std::string_view before_in_line(std::string_view text, std::size_t offset);
/// Whether there are only spaces in it (also when it is empty).
bool only_spaces(std::string_view text);

/// Adds whole lines before the line that begins at `offset`; at the end of a text without a last line break, after it.
text_edit add_lines(std::string_view text, std::size_t offset, const std::vector<std::string>& lines);
/// Cuts the lines from that of `begin` to that which the byte before `end` is in.
text_edit cut_lines(std::string_view text, std::size_t begin, std::size_t end);

}  // namespace outrider::tools
