#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

namespace outrider::test {

using callback = std::function<void()>;

/// Things that happen, in the order of their time.
class happenings {
  public:
    std::int64_t now() const { return now_; }
    void after(std::int64_t delay, callback go) { queue_.push({now_ + delay, next_++, std::move(go)}); }
    void run() {
        while (!queue_.empty()) {
            auto go = std::move(const_cast<happening&>(queue_.top()).go);
            now_ = queue_.top().at;
            queue_.pop();
            go();
        }
    }

  private:
    struct happening {
        std::int64_t at;
        std::uint64_t order;
        callback go;
        bool operator<(const happening& other) const { return at != other.at ? at > other.at : order > other.order; }
    };
    std::priority_queue<happening> queue_;
    std::int64_t now_ = 0;
    std::uint64_t next_ = 0;
};

/// A number of places, and a line before them.
struct places {
    std::size_t free = 0;
    std::deque<callback> line;
    void take(callback go) {
        if (free == 0) {
            line.push_back(std::move(go));
            return;
        }
        --free;
        go();
    }
    void give_back() {
        if (line.empty()) {
            ++free;
            return;
        }
        auto go = std::move(line.front());
        line.pop_front();
        go();
    }
};

}  // namespace outrider::test
