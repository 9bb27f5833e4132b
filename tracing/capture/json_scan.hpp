#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outrider::tracing {

/// JSON Pointers (RFC 6901), taken apart. At most 64: sets of them are bits of a word.
class json_pointers {
  public:
    static constexpr std::size_t most = 64;
    /// @return its number; the same for the same pointer. `most` when there is no room, or it is none.
    std::size_t add(std::string_view pointer);
    std::size_t size() const { return pointers_.size(); }
    bool empty() const { return pointers_.empty(); }

    /// All of them, as they stand above the document.
    std::uint64_t all() const { return pointers_.empty() ? 0 : ~std::uint64_t{0} >> (64 - pointers_.size()); }
    /// Those of `from`, which lead to something at `depth`, that go on to its member of this name.
    std::uint64_t into(std::uint64_t from, std::size_t depth, std::string_view name) const;
    /// The same for the element of an array.
    std::uint64_t into(std::uint64_t from, std::size_t depth, std::size_t index) const;
    /// Those of `from` that end at this depth.
    std::uint64_t ending(std::uint64_t from, std::size_t depth) const;

  private:
    struct segment {
        std::string name;
        std::size_t index = 0;  ///< where it is a number
        bool is_index = false;
    };
    std::vector<std::string> texts_;
    std::vector<std::vector<segment>> pointers_;
};

/// A string, number, true, false or null of a document.
struct json_scalar {
    std::string_view text;  ///< as written, of a string what is between the quotes
    bool is_string = false;
    bool escaped = false;        ///< the string has escapes: unescape_json() reads them
    bool blank = false;          ///< there is a blank in the string as written
    std::uint64_t pointers = 0;  ///< those that name it
};

/// Which of the scalars that no pointer names are told of.
struct json_filter {
    std::size_t shortest_string = 0, shortest_bare = 0, longest = std::string_view::npos;
    bool with_blanks = true;
    bool takes(const json_scalar& one) const {
        const auto size = one.text.size();
        return size >= (one.is_string ? shortest_string : shortest_bare) && size <= longest &&
               (with_blanks || !one.blank);
    }
};

/// Is told what a document holds.
struct json_visitor {
    /// @return whether more is wanted
    virtual bool on_scalar(const json_scalar& one) = 0;

  protected:
    ~json_visitor() = default;
};

/// Passes once over the beginning of a JSON document and reports each of its scalars that is whole; a name is none.
/// A pointer names the first that it leads to, of names that come twice. What is no JSON ends it, and so do 32 levels.
/// Nothing is judged, nothing is kept, nothing is allocated.
/// @param complete  the text is the whole document: a number at its end has no more digits
void scan_json(std::string_view text, bool complete, const json_pointers& wanted, json_visitor& to,
               const json_filter& rest = {});

/// Appends the string that is meant, as UTF-8; a wrong escape becomes U+FFFD.
void unescape_json(std::string_view raw, std::string& out);

}  // namespace outrider::tracing
