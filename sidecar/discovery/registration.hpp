#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "sidecar/discovery/backoff.hpp"
#include "sidecar/discovery/registry.hpp"
#include "sidecar/discovery/registry_books.hpp"
#include "sidecar/net/bell.hpp"

namespace outrider::discovery {

/// The application beside this sidecar, as others find it.
struct instance {
    std::string service;                ///< empty: it is not made known
    std::string id;                     ///< unique among the service's; empty: the address
    config::upstream_endpoint address;  ///< where others reach it
};

/// How a step of a registration ended.
struct step_result {
    enum class kind {
        done,
        lost,    ///< the registry does not know us (any more)
        failed,  ///< no usable answer
    };
    kind how = kind::done;
    std::string why{};
};

/// A registry's own way of making an instance known. Lives on the thread of its registration.
class registrar {
  public:
    virtual ~registrar() = default;
    /// Makes the instance known from nothing.
    virtual step_result enrol(const publication& verdict) = 0;
    /// Tells a change of an instance that is known.
    virtual step_result tell(const publication& verdict) = 0;
    /// Keeps it known; asked so often.
    virtual step_result refresh(const publication& verdict) = 0;
    virtual std::chrono::milliseconds refresh_every() const = 0;
    virtual step_result withdraw() = 0;
    /// Ends the step under way within 100 ms, and every later one. From any thread.
    virtual void cancel() = 0;
};

/// Keeps an instance in a registry: a thread, which makes it known, refreshes it, tells the newest verdict, and begins
/// anew when the registry has lost it.
///
///     nothing published --publish--> enrolling --done--> standing --+  tell, refresh
///                                       ^  failed: pause    |  ^----+
///                                       +------- lost ------+
///     from everywhere --withdraw--> gone, for good
class registration {
  public:
    /// @param who  in the log and in status, such as "etcd"
    registration(std::string who, std::unique_ptr<registrar> how, std::shared_ptr<registry_books> books);
    ~registration();  ///< without withdraw(), the registry forgets the instance when its time is over

    void publish(publication verdict);
    void withdraw(std::chrono::milliseconds patience);

  private:
    using clock = std::chrono::steady_clock;

    void run();
    void turn(const publication& wanted);
    step_result step(const publication& wanted);
    void settle(const step_result& result, const publication& wanted);
    void leave(clock::time_point until);

    const std::string who_;
    const std::unique_ptr<registrar> registrar_;
    const std::shared_ptr<registry_books> books_;
    net::bell bell_;

    // The thread's own.
    bool tried_ = false, standing_ = false;
    publication told_;    ///< at the last attempt
    bool heard_ = false;  ///< the registry has it
    clock::time_point due_{}, last_{};
    backoff pause_;
    bool complained_ = false;

    std::mutex mutex_;  ///< of what follows
    std::condition_variable left_;
    std::optional<publication> wanted_;
    std::optional<clock::time_point> leave_by_;
    bool gone_ = false;

    std::thread thread_;
};

}  // namespace outrider::discovery
