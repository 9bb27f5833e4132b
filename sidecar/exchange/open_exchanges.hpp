#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <utility>

namespace outrider::exchange {

/// How many exchanges towards the application are open in this process. Each worker counts in a line of its own, and
/// whoever asks adds them up.
class open_exchanges {
  public:
    /// One worker's count: a single writer.
    class alignas(64) counter {
      public:
        void add(std::int32_t change) {
            open_.store(open_.load(std::memory_order_relaxed) + change, std::memory_order_relaxed);
        }
        std::int32_t value() const { return open_.load(std::memory_order_relaxed); }

      private:
        std::atomic<std::int32_t> open_{0};
    };

    /// For one more worker; before workers run. More than there is room for share the last.
    counter& next() {
        if (used_ < counters_.size()) ++used_;
        return counters_[used_ - 1];
    }
    /// Any thread. What begins or ends meanwhile may be counted or not.
    std::int64_t count() const {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < used_; ++i) sum += counters_[i].value();
        return sum;
    }

  private:
    std::array<counter, 256> counters_;
    std::size_t used_ = 0;
};

/// One exchange that is open until this ends. Its worker only.
class open_exchange {
  public:
    open_exchange() = default;
    explicit open_exchange(open_exchanges::counter& in) : in_(&in) { in.add(1); }
    open_exchange(open_exchange&& from) noexcept : in_(std::exchange(from.in_, nullptr)) {}
    open_exchange& operator=(open_exchange&& from) noexcept {
        std::swap(in_, from.in_);
        return *this;
    }
    ~open_exchange() { end(); }
    void end() {
        if (auto* in = std::exchange(in_, nullptr)) in->add(-1);
    }

  private:
    open_exchanges::counter* in_ = nullptr;
};

}  // namespace outrider::exchange
