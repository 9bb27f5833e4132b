#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "sidecar/net/notify_socket.hpp"

namespace outrider::app {

/// What systemd is told of a `Type=notify` or `notify-reload` service; where none listens, nothing is said. One thread
/// at a time.
class service_manager {
  public:
    using clock = std::chrono::steady_clock;

    /// What the environment said when the process began.
    struct settings {
        std::string socket;  ///< NOTIFY_SOCKET
        std::chrono::microseconds watchdog{
            0};  ///< WATCHDOG_USEC, when WATCHDOG_PID is absent or ours; 0: not asked for
    };
    /// Takes the variables out of the environment: they are for this process and not for those it starts. Before there
    /// are threads.
    static settings take_environment();

    explicit service_manager(const settings& from);

    /// Serving, at the start or again after a reload.
    void ready(const std::string& status);
    void reloading();
    /// @param patience  how long the end may take at most
    void stopping(std::chrono::milliseconds patience);
    /// A line for people; said when it differs from the last.
    void status(const std::string& text);
    /// Tells the watchdog that all is well when that is due, and only when `alive` says so. Called at least every
    /// look_every().
    void look(const std::function<bool()>& alive);
    /// A quarter of the watchdog's time, so that one late look does no harm; the longest there is without one.
    std::chrono::milliseconds look_every() const;

  private:
    net::notify_socket socket_;
    const std::chrono::microseconds watchdog_;
    clock::time_point next_ping_{};
    std::string last_status_;
};

}  // namespace outrider::app
