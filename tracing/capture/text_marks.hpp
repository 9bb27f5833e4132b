#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace outrider::tracing {

/// Where in 64 bytes of JSON something stands that may name a thing; bit n tells of byte n.
struct marked_block {
    static constexpr std::size_t bytes = 64;
    static constexpr std::size_t shortest_string = 6, shortest_number = 5;
    std::uint64_t quotes;  ///< that begin or end a string
    std::uint64_t
        strings;  ///< those that end one that is long enough and has no blank, and have no colon behind them. What
                  ///< began in the block before may be too short, what follows in the next one may be a colon
    std::uint64_t numbers;  ///< with what long enough ones begin. What goes on in the next block may be too short
    bool operator==(const marked_block&) const = default;
};

/// Goes through a text, 64 bytes at a time. Nothing behind its end is read.
class text_marks {
  public:
    /// Who does the work; each does the same.
    enum class machine : std::uint8_t { any, sse2, avx2 };
    static bool can(machine which);

    explicit text_marks(std::string_view text);
    text_marks(std::string_view text, machine which) : at_(text.data()), end_(at_ + text.size()), which_(which) {}

    /// Marks the next blocks, as many as there is room for; the last one of a text may be shorter. @return how many
    std::size_t next(std::span<marked_block> room);
    /// There was a backslash.
    bool escapes() const { return carried_.escapes; }

    /// From block to block.
    struct carried {
        std::uint64_t inside = 0;     ///< all bits: the next block begins within a string
        std::uint64_t blank = 0;      ///< 1: and there was a blank in it
        std::uint64_t in_number = 0;  ///< 1: or after a byte of a number
        bool cuts_escape = false;     ///< the next byte is escaped
        bool escapes = false;
    };

  private:
    const char* at_;
    const char* end_;
    machine which_;
    carried carried_;
};

/// What numbers are made of before their exponent, and "/", which lies between.
constexpr bool is_of_number(char c) { return c >= '-' && c <= '9'; }

}  // namespace outrider::tracing
