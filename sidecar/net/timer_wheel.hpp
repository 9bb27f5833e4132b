#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include <boost/asio/steady_timer.hpp>

#include "sidecar/net/asio.hpp"

namespace outrider::net {

using steady_clock = std::chrono::steady_clock;
using steady_timer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, executor>;

class timer_wheel;

/// One deadline that is moved often and fires rarely. `on_expiry` runs on the wheel's thread, at most once per arm().
/// Moving it later, or disarming it, only stores a number: the wheel notices when it comes by.
class deadline {
  public:
    using callback = void (*)(void* owner);

    deadline(timer_wheel& wheel, callback on_expiry, void* owner)
        : wheel_(wheel), on_expiry_(on_expiry), owner_(owner) {}
    ~deadline();
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;

    /// Fires at `when`, rounded up to the wheel's tick. Clears expired().
    void arm(steady_clock::time_point when);
    void disarm() { due_ = never; }
    /// Whether it has fired since the last arm().
    bool expired() const { return expired_; }

  private:
    friend class timer_wheel;
    static constexpr std::uint64_t never = ~std::uint64_t{0};

    timer_wheel& wheel_;
    callback on_expiry_;
    void* owner_;
    deadline* next_ = nullptr;
    deadline** from_ = nullptr;    ///< what points at us; null: not in the wheel
    std::uint64_t due_ = never;    ///< tick at which it fires
    std::uint64_t slot_tick_ = 0;  ///< tick under which it is filed; never later than due_
    bool expired_ = false;
};

/// Coarse deadlines of one worker: a hashed wheel (Varghese and Lauck, 1987) of 512 slots of 10 ms that sleeps until
/// the next occupied slot. Not thread-safe.
class timer_wheel {
  public:
    static constexpr std::chrono::milliseconds tick{10};

    explicit timer_wheel(asio::io_context& context);
    ~timer_wheel();

    /// Stops ticking, so that the io_context can run out of work.
    void stop();

  private:
    friend class deadline;
    static constexpr std::size_t slots = 512;

    std::uint64_t tick_of(steady_clock::time_point when) const;
    void file(deadline& entry, std::uint64_t at_tick);
    static void unlink(deadline& entry);
    void schedule(std::uint64_t at_tick);
    void advance();
    void fire_slot(std::uint64_t at_tick);
    std::uint64_t next_occupied() const;

    steady_timer timer_;
    steady_clock::time_point start_;
    std::array<deadline*, slots> slots_{};
    std::uint64_t current_ = 0;  ///< the last tick that was handled
    std::uint64_t wake_ = deadline::never;
    bool stopped_ = false;
};

}  // namespace outrider::net
