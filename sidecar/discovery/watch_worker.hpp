#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "sidecar/discovery/registry.hpp"
#include "sidecar/discovery/registry_books.hpp"
#include "sidecar/net/bell.hpp"

namespace outrider::discovery {

/// Tells a listener what is new to it, and the books everything. One thread's.
class watch_news {
  public:
    watch_news(std::string who, watch_listener to, std::shared_ptr<registry_books> books);
    ~watch_news();

    /// The list as it is now.
    /// @param skipped  members that were left out of it
    /// @param out      there are members which are not ready; matters where nobody is
    void members(member_list now, std::size_t skipped, const std::string& why_skipped, bool out);
    void failed(const std::string& why);

  private:
    void tell_skipped(std::size_t count, const std::string& why);

    const std::string who_;
    const watch_listener to_;
    const std::shared_ptr<registry_books> books_;
    std::optional<member_list> told_;
    bool told_out_ = false;  ///< that nobody is ready
    std::string failing_;    ///< as last told; empty after a list
    std::size_t skipped_ = 0;
    std::chrono::steady_clock::time_point last_{};
};

/// A registry's own way of following a service. Lives on the thread of its watch.
class follower {
  public:
    virtual ~follower() = default;
    /// Tells the list and each change of it, until asking anew is needed.
    /// @return why the registry cannot be asked; empty: nothing is known to be wrong
    virtual std::string follow(watch_news& news) = 0;
    /// Ends follow() within 100 ms, for good. From any thread.
    virtual void cancel() = 0;
};

/// A watch: a thread that follows, waits when that failed, and follows again.
class watch_worker final : public watch {
  public:
    watch_worker(const std::string& thread, std::unique_ptr<follower> how, watch_listener to, std::string who,
                 std::shared_ptr<registry_books> books);
    ~watch_worker() override;

  private:
    void run();

    const std::unique_ptr<follower> follower_;
    watch_news news_;
    net::bell bell_;
    std::thread thread_;
};

}  // namespace outrider::discovery
