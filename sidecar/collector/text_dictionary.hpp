#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governance/keyed_hash.hpp"

namespace outrider::collector {

/// Numbers for texts that come again and again, so that each is held once. A text gets its number when it is seen for
/// the second time: what is seen once would only take room. Bounded; beyond, texts stay without a number. Strangers
/// choose the texts, so they are hashed with a secret.
class text_dictionary {
  public:
    /// @param most_bytes  of all texts together
    text_dictionary(std::size_t most_bytes, const governance::hash_secret& secret);

    /// The number of the text, if it has one by now.
    std::optional<std::uint32_t> number_of(std::string_view text);
    /// The text of a number; nothing when there is none. Good until number_of() is called.
    std::optional<std::string_view> text_of(std::uint64_t number) const;

    bool full() const { return full_; }
    /// No text will be added: what only learning needs is given back.
    void freeze();
    std::size_t memory() const;

  private:
    struct entry {
        std::uint32_t offset, length, hash;
    };
    std::uint32_t hash_of(std::string_view text) const;
    std::string_view text_at(const entry& one) const { return std::string_view{texts_}.substr(one.offset, one.length); }
    bool seen_before(std::uint32_t hash);
    void grow();

    const std::size_t most_bytes_;
    const governance::hash_secret secret_;
    std::string texts_;
    std::vector<entry> entries_;
    std::vector<std::uint32_t> slots_;  ///< a power of two of them, open addressing; number + 1, or 0
    std::vector<std::uint32_t> seen_;   ///< hashes of texts that came once; a later one takes its place
    bool full_ = false;
};

}  // namespace outrider::collector
