#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace outrider::tracing {

/// A string or number of a document that may be somebody's name for a thing.
struct json_value {
    const char* at;  ///< as written, of a string what is between the quotes
    std::uint32_t size;
    bool escaped;  ///< the string has escapes: unescape_json() reads them
    std::string_view text() const { return {at, size}; }
};

/// Is told of them.
struct value_taker {
    static constexpr std::size_t most_at_once = 8;
    /// Several at once, of each 64 bytes first strings, then numbers. The views live as long as the document.
    /// @return whether more are wanted
    virtual bool on_values(std::span<const json_value> some) = 0;

  protected:
    ~value_taker() = default;
};

/// Passes once over the beginning of a JSON document and tells of strings that are 6 to 128 bytes long, have no blank
/// and are no name of a member, and of numbers with 5 digits or more before the exponent. How objects and arrays lie
/// within one another is not looked at: what stands between quotes is a string, and a name where a colon follows. So
/// what is no JSON does not end it; it gives other values, or none. Nothing is kept, nothing is allocated.
/// @param complete  the text is the whole document: a number at its end has no more digits
void find_values(std::string_view text, bool complete, value_taker& to);

}  // namespace outrider::tracing
