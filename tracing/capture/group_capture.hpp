#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tracing/capture/message_capture.hpp"

namespace outrider::tracing {

/// What several messages say, of which one span tells: distinct values and hashes, each with a bound.
class group_capture {
  public:
    static constexpr std::size_t most_texts = 16;  ///< of one attribute

    void add(const message_capture& one);
    void add(const group_capture& other);
    bool empty() const { return texts_.empty() && echo_.empty(); }
    /// As attributes: a text where there is one value, an array where there are several, and how many found no room.
    void write(span_encoder& out, const capture_plan& plan, bool with_echo) const;

  private:
    struct text {
        std::size_t slot;
        std::string value;
    };
    void add(std::size_t slot, std::string_view value);
    void add(std::uint64_t hash, std::size_t most);

    std::vector<text> texts_;  ///< by slot
    std::vector<std::uint64_t> echo_;
    std::size_t most_hashes_ = 0;
    std::uint64_t left_out_ = 0;  ///< values; the same one may have been counted before
};

}  // namespace outrider::tracing
