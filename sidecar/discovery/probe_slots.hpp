#pragma once

#include <deque>
#include <memory>
#include <utility>

#include "sidecar/net/event.hpp"

namespace outrider::discovery {

/// How many probes may be under way. Those of targets that are not known to be down go first, so that many targets
/// which never answer do not keep the others waiting. One thread.
class probe_slots : public std::enable_shared_from_this<probe_slots> {
  public:
    probe_slots(net::executor ex, std::size_t most) : executor_(ex), free_(most) {}

    /// A place, until it goes.
    class slot {
      public:
        slot() = default;
        explicit slot(std::shared_ptr<probe_slots> from) : from_(std::move(from)) {}
        slot(slot&& other) noexcept : from_(std::exchange(other.from_, nullptr)) {}
        slot& operator=(slot&&) = delete;
        ~slot() {
            if (from_) from_->give_back();
        }

      private:
        std::shared_ptr<probe_slots> from_;
    };
    net::awaitable<slot> take(bool first) {
        auto self = shared_from_this();
        place waits{first ? first_ : others_, net::event{executor_}};
        if (free_ > 0) {
            --free_;
            waits.turn.set();
        } else {
            waits.line.push_back(&waits.turn);
        }
        co_await waits.turn.wait();
        co_return slot{std::move(self)};
    }
    std::size_t free() const { return free_; }

  private:
    using line = std::deque<net::event*>;
    /// Of one who waits; who is gone stands in no line.
    struct place {
        probe_slots::line& line;
        net::event turn;
        ~place() { std::erase(line, &turn); }
    };
    void give_back() {
        auto& next = first_.empty() ? others_ : first_;
        if (next.empty()) {
            ++free_;
            return;
        }
        next.front()->set();
        next.pop_front();
    }

    net::executor executor_;
    std::size_t free_;
    line first_, others_;
};

}  // namespace outrider::discovery
