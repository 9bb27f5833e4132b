#pragma once

#include <algorithm>
#include <chrono>
#include <random>

namespace outrider::discovery {

/// How long to wait after a failure: doubles from 100 ms to 5 s, each time a random part from the half up, so that the
/// sidecars of a fleet do not come back together.
class backoff {
  public:
    std::chrono::milliseconds next() {
        step_ = std::min(step_ * 2, longest);
        return std::chrono::milliseconds(
            std::uniform_int_distribution<std::int64_t>(step_.count() / 2, step_.count())(random_));
    }
    void reset() { step_ = shortest / 2; }

    static constexpr std::chrono::milliseconds shortest{100}, longest{5'000};

  private:
    std::chrono::milliseconds step_ = shortest / 2;
    std::minstd_rand random_{std::random_device{}()};
};

}  // namespace outrider::discovery
