#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "sidecar/collector/sidecar_card.hpp"

namespace outrider::collector {

/// How a card stands, by the time that has passed here since it was last written.
enum class card_state : std::uint8_t {
    fresh,
    stale,   ///< some pushes are missing
    gone,    ///< nothing for half a minute
    stopped  ///< the sidecar said that it stops
};
inline constexpr std::size_t card_states = 4;
std::string_view name_of(card_state state);

struct book_limits {
    std::size_t cards = 1'000;
    std::uint64_t card_bytes = 512ULL << 10;
    std::uint64_t bytes = 64ULL << 20;
    std::int64_t stale_after_ns = 6'500'000'000;  ///< three pushes are missing
    std::int64_t gone_after_ns = 30'000'000'000;
    std::int64_t forgotten_after_ns = 600'000'000'000;  ///< of what is gone or stopped
};

/// What the sidecars last told of themselves. Bounded: what is no longer there makes room, and what is there never
/// does, so that nobody can push another one out. Times are of one steady clock, whatever the sidecars' clocks say. Of
/// one thread.
class sidecar_book {
  public:
    explicit sidecar_book(book_limits limits = {}) : limits_(limits) {}

    enum class outcome : std::uint8_t { taken, too_large, no_room };
    outcome take(sidecar_card card, std::int64_t now_ns);

    /// `{"nowUnixNano","sidecars":[...],"leftOut"}`, by service and instance.
    std::string json(std::int64_t now_ns, std::uint64_t now_unix_ns);
    /// Another one whenever something is to be told that was not told before, apart from ages.
    std::uint64_t version(std::int64_t now_ns);

    std::array<std::uint64_t, card_states> by_state(std::int64_t now_ns) const;
    std::uint64_t bytes() const { return bytes_; }

  private:
    struct entry {
        sidecar_card card;
        std::int64_t pushed_ns = 0;
        std::uint64_t pushes = 0;
    };
    using entry_map = std::map<std::string, entry>;

    card_state state_of(const entry& one, std::int64_t now_ns) const;
    bool make_room(std::uint64_t more, std::int64_t now_ns);
    void forget_old(std::int64_t now_ns);
    entry_map::iterator drop(entry_map::iterator which);
    static std::uint64_t memory_of(const sidecar_card& card);

    const book_limits limits_;
    entry_map entries_;  ///< by id
    std::uint64_t bytes_ = 0, taken_ = 0;
    std::uint64_t refused_ = 0, refused_before_ = 0;  ///< for lack of room, in this slot of time and in the last
    std::int64_t refused_slot_ = 0;
};

}  // namespace outrider::collector
