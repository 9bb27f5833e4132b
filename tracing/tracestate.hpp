#pragma once

#include <span>
#include <string>
#include <string_view>

namespace outrider::tracing {

/// The sidecar's own member: the id of the last span that one exported.
inline constexpr std::string_view own_member = "outrider";

inline constexpr std::size_t tracestate_members = 32;  ///< W3C Trace Context level 2, section 3.3.1.1
/// A list that we have to change is cut to this many characters; W3C asks for at least 512.
inline constexpr std::size_t tracestate_bytes = 1024;

/// One member that is to be written leftmost; an empty value removes the member.
struct tracestate_edit {
    std::string_view key;
    std::string_view value;
};

/// Whether the lines of a message are together one list of W3C Trace Context level 2: at most 32 members, unique keys,
/// the grammar of keys and values; empty members are tolerated.
bool valid_tracestate(std::span<const std::string_view> lines);

/// The value of a member in a valid list; empty when absent.
std::string_view find_tracestate(std::span<const std::string_view> lines, std::string_view key);

/// Appends the list as one value, without a field name: the edited members leftmost, in the given order, then the
/// others in theirs. What is too much goes by the rule of W3C: first members of more than 128 characters, then from the
/// right.
void append_tracestate(std::string& out, std::span<const std::string_view> lines,
                       std::span<const tracestate_edit> edits);

}  // namespace outrider::tracing
