#pragma once

#include <cstddef>

#include "tracing/otlp.hpp"

namespace outrider::tracing {

/// Ends the decoding of a message from the inside; never leaves this folder.
struct decode_failure {
    decode_fault error;
};

/// What is left of decode_limits::memory: every object of a few encoded bytes is charged at its size in memory, before
/// it is made. Exceeding it throws decode_failure.
class memory_budget {
  public:
    explicit memory_budget(std::size_t bytes) : left_(bytes) {}

    void charge(std::size_t bytes) {
        if (bytes > left_) throw decode_failure{decode_error::too_large};
        left_ -= bytes;
    }

    std::size_t left() const { return left_; }

    /// Charges for and makes one more element; vectors grow by doubling, so an element may cost twice its size.
    template <class T>
    T& add(std::vector<T>& to) {
        charge(2 * sizeof(T));
        return to.emplace_back();
    }

  private:
    std::size_t left_;
};

}  // namespace outrider::tracing
