#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

using namespace std::chrono_literals;

/// Asks until it is so, at most so long.
template <typename Condition>
bool comes_true(Condition holds, std::chrono::milliseconds patience = 10s) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() >= until) return false;
        std::this_thread::sleep_for(2ms);
    }
    return true;
}

inline std::vector<std::string> texts_of(const member_list& members) {
    std::vector<std::string> out;
    for (const auto& one : members) out.push_back((one.tls ? "https://" : "") + one.address.text());
    return out;
}

inline config::upstream_endpoint at(const std::string& host, std::uint16_t port, bool tls = false) {
    return {{host, port}, tls};
}

/// What a watch told, in order.
class listening {
  public:
    using names = std::vector<std::string>;

    watch_listener listener() {
        return {[this](member_list members) {
                    const std::lock_guard lock(mutex_);
                    lists_.push_back(texts_of(members));
                    changed_.notify_all();
                },
                [this](std::string why) {
                    const std::lock_guard lock(mutex_);
                    failures_.push_back(std::move(why));
                    changed_.notify_all();
                }};
    }

    /// Waits until the newest list is that one.
    bool sees(const names& wanted, std::chrono::milliseconds patience = 10s) {
        return waits(patience, [&] { return !lists_.empty() && lists_.back() == wanted; });
    }
    bool sees_failures(std::size_t count, std::chrono::milliseconds patience = 10s) {
        return waits(patience, [&] { return failures_.size() >= count; });
    }
    bool sees_lists(std::size_t count, std::chrono::milliseconds patience = 10s) {
        return waits(patience, [&] { return lists_.size() >= count; });
    }
    std::vector<names> lists() const {
        const std::lock_guard lock(mutex_);
        return lists_;
    }
    std::vector<std::string> failures() const {
        const std::lock_guard lock(mutex_);
        return failures_;
    }

  private:
    template <typename Condition>
    bool waits(std::chrono::milliseconds patience, Condition holds) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, holds);
    }

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<names> lists_;
    std::vector<std::string> failures_;
};

}  // namespace outrider::discovery
