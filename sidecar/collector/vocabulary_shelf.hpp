#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "sidecar/collector/span_vocabulary.hpp"

namespace outrider::collector {

/// The vocabularies in use. When the current one is full, the next is begun; one that no span refers to any more goes.
class vocabulary_shelf {
  public:
    /// @param most_bytes  of one vocabulary
    vocabulary_shelf(std::size_t most_bytes, const governance::hash_secret& secret);

    /// Where new spans are encoded with: never 0.
    std::uint8_t current();
    span_vocabulary& at(std::uint8_t slot) { return *shelf_[slot]; }
    const span_vocabulary& at(std::uint8_t slot) const { return *shelf_[slot]; }
    /// A span refers to it, or no longer does.
    void hold(std::uint8_t slot) { ++spans_[slot]; }
    void release(std::uint8_t slot);

    std::size_t memory() const { return retired_bytes_ + shelf_[current_]->memory(); }

  private:
    void begin(std::uint8_t slot);

    const std::size_t most_bytes_;
    const governance::hash_secret secret_;
    std::array<std::unique_ptr<span_vocabulary>, 256> shelf_;
    std::array<std::uint64_t, 256> spans_{};
    std::size_t retired_bytes_ = 0;
    std::uint8_t current_ = 1;
};

}  // namespace outrider::collector
