#pragma once

#include <functional>
#include <string>
#include <utility>

#include "sidecar/net/resolver.hpp"
#include "sidecar/net/worker.hpp"

namespace outrider::discovery {

/// What came of one probe. `text` says why it failed, or what was answered.
struct probe_result {
    bool good = false;
    std::string text;
};

/// The most that a probe reads of an answer, whoever gives it.
inline constexpr std::size_t most_answer = 65'536;

/// The time that one probe has. When it has passed, or the monitor stops, what the probe waits for is broken off.
class probe_time {
  public:
    probe_time(net::timer_wheel& wheel, std::chrono::milliseconds patience)
        : patience_(patience), end_(net::steady_clock::now() + patience), deadline_(wheel, &expire, this) {
        deadline_.arm(end_);
    }
    net::steady_clock::time_point end() const { return end_; }
    /// Nothing is to be begun any more.
    bool over() const { return over_; }
    void finish() {
        if (std::exchange(over_, true)) return;
        if (stop_) stop_();
    }
    /// Called once when the time is over; replaces the former.
    void when_over(std::function<void()> stop) { stop_ = std::move(stop); }
    /// "no answer within 1000ms"
    std::string text() const { return "no answer within " + std::to_string(patience_.count()) + "ms"; }

  private:
    static void expire(void* self) { static_cast<probe_time*>(self)->finish(); }

    std::chrono::milliseconds patience_;
    net::steady_clock::time_point end_;
    std::function<void()> stop_;
    bool over_ = false;
    net::deadline deadline_;
};

/// What a probe works with; outlives it.
struct probe_io {
    net::worker& worker;
    net::resolver& resolver;
    probe_time& time;
};

}  // namespace outrider::discovery
