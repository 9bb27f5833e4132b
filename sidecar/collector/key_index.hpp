#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "governance/keyed_hash.hpp"

namespace outrider::collector {

/// Which traces may have a business key: twelve bytes each. What was removed is forgotten when the list is put in order
/// the next time, so removing costs nothing; whoever asks looks whether the trace really has the key. Bounded.
class key_index {
  public:
    struct entry {
        std::uint32_t hash, trace, birth;  ///< of key and value; the number of the trace; which of that number
        auto operator<=>(const entry&) const = default;
    };
    using is_alive = std::function<bool(const entry&)>;

    explicit key_index(const governance::hash_secret& secret) : secret_(secret) {}

    /// @param alive  tells which entries are still worth keeping
    void add(std::string_view key, std::string_view value, std::uint32_t trace, std::uint32_t birth,
             const is_alive& alive);
    std::vector<entry> find(std::string_view key, std::string_view value) const;
    std::size_t memory() const { return (ordered_.capacity() + recent_.capacity()) * sizeof(entry); }

  private:
    std::uint32_t hash_of(std::string_view key, std::string_view value) const;
    void put_in_order(const is_alive& alive);

    const governance::hash_secret secret_;
    std::vector<entry> ordered_, recent_;
};

}  // namespace outrider::collector
