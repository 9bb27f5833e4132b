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

    /// Whether one of them may lead to something in this document, or beginning of one. No is sure, and found out with
    /// a tenth of what it costs to follow them.
    bool may_lead_into(std::string_view text) const;

  private:
    struct segment {
        std::string name;
        std::size_t index = 0;  ///< where it is a number
        bool is_index = false;
    };
    std::vector<std::string> texts_;
    std::vector<std::vector<segment>> pointers_;
    std::vector<std::string>
        last_names_;  ///< by pointer: as it is mostly written, with quotes; empty: there may be none
};

}  // namespace outrider::tracing
