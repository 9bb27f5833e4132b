#pragma once

#include <cstdint>
#include <string_view>

#include "tracing/capture/json_pointers.hpp"

namespace outrider::tracing {

/// A string, number, true, false or null of a document.
struct json_scalar {
    std::string_view text;  ///< as written, of a string what is between the quotes
    bool is_string = false;
    bool escaped = false;        ///< the string has escapes: unescape_json() reads them
    std::uint64_t pointers = 0;  ///< those that name it
};

/// Is told what a document holds.
struct json_visitor {
    /// @return whether more is wanted
    virtual bool on_scalar(const json_scalar& one) = 0;

  protected:
    ~json_visitor() = default;
};

/// Which scalars are told of.
enum class json_told : std::uint8_t { named, all };

/// Passes once over the beginning of a JSON document and reports its scalars that are whole; a name is none.
/// A pointer names the first that it leads to, of names that come twice. What is no JSON ends it, and so do 32 levels.
/// Nothing is judged, nothing is kept, nothing is allocated.
/// @param complete  the text is the whole document: a number at its end has no more digits
void scan_json(std::string_view text, bool complete, const json_pointers& wanted, json_visitor& to,
               json_told which = json_told::named);

}  // namespace outrider::tracing
