#pragma once

#include <chrono>
#include <cstdint>

namespace outrider::exporting {

/// Lets one message of a kind through per interval, and says how many it held back since the last.
class log_limiter {
  public:
    explicit log_limiter(std::chrono::steady_clock::duration every = std::chrono::seconds(30)) : every_(every) {}

    /// @return whether to log now; `held_back()` is then the number of messages suppressed before
    bool allow(std::chrono::steady_clock::time_point now) {
        if (counting_ && now - last_ < every_) {
            ++pending_;
            return false;
        }
        held_back_ = pending_;
        pending_ = 0;
        counting_ = true;
        last_ = now;
        return true;
    }
    std::uint64_t held_back() const { return held_back_; }
    /// The trouble is over: the next message of the kind is news.
    void reset() { counting_ = false; }

  private:
    std::chrono::steady_clock::duration every_;
    std::chrono::steady_clock::time_point last_;
    std::uint64_t pending_ = 0, held_back_ = 0;
    bool counting_ = false;
};

}  // namespace outrider::exporting
