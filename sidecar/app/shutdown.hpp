#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "sidecar/config/settings_stop.hpp"

namespace outrider::app {

/// Client connections that are open, by what they are for.
struct open_connections {
    std::size_t inbound = 0;     ///< of callers of the application
    std::size_t outbound = 0;    ///< of the application, over HTTP and tunnels
    std::size_t kafka = 0;       ///< of the application's Kafka clients
    std::uint64_t accepted = 0;  ///< ever, of all kinds: tells that one came and went between two looks
    std::size_t all() const { return inbound + outbound + kafka; }
};

/// What a stop does with the parts of a running sidecar. An empty function: there is no such part.
struct stop_actions {
    using milliseconds = std::chrono::milliseconds;
    bool has_callers = false;                         ///< there are inbound listeners
    std::function<void(milliseconds most)> withdraw;  ///< out of every registry; waits for it so long at most
    std::function<bool()> application_refuses;        ///< nobody listens at any address that inbound listeners lead to
    std::function<void()> close_inbound;              ///< exchanges of callers get `Connection: close`
    std::function<void()> stop_inbound;               ///< takes the callers that wait, then closes their listeners
    std::function<void()> stop_accepting;             ///< the same for every listener
    std::function<void()> close_all;                  ///< connections end with the exchange that is under way
    std::function<void()> cut;                        ///< connections end now
    std::function<void(milliseconds most)> deliver;   ///< what was produced, offsets, spans: each kept or sent
    std::function<open_connections()> open;           ///< any thread
};

/// The passing of time, so that tests need none.
struct stop_clock {
    using time_point = std::chrono::steady_clock::time_point;
    std::function<time_point()> now = [] { return std::chrono::steady_clock::now(); };
    std::function<void(std::chrono::milliseconds)> sleep = [](auto time) { std::this_thread::sleep_for(time); };
};

/// Where a stop has got to.
enum class stop_phase {
    announcing,  ///< unready and out of registries; all is served as before
    draining,    ///< callers are told to go elsewhere; the application may still be called and call out
    closing,     ///< no new connections; what is under way comes to its end
    cutting,     ///< what is left is ended
    delivering,  ///< spans
};
std::string_view name_of(stop_phase phase);

struct stop_progress {
    stop_phase phase = stop_phase::announcing;
    std::chrono::system_clock::time_point since;     ///< when the stop began
    std::chrono::system_clock::time_point deadline;  ///< when connections are cut off
};

/// The order in which a sidecar stops, its application still beside it:
///
///     announcing --delay--> draining --application gone--> closing --nothing open--> delivering
///                              |                              |                          ^
///                              '--- the deadline is near --->-+--deadline--> cutting ----'
///
/// `hurry` ends every wait and cuts.
class shutdown {
  public:
    shutdown(std::chrono::milliseconds drain, const config::stop& how, stop_actions actions, stop_clock clock = {});

    /// All of it; blocks. The sidecar says that it is not ready before. Once.
    void run(const std::atomic<bool>& hurry);

    /// Nothing before run(). Any thread.
    std::optional<stop_progress> look() const;

    /// The longest that run() takes.
    std::chrono::milliseconds longest() const;

  private:
    using milliseconds = std::chrono::milliseconds;
    using time_point = stop_clock::time_point;

    void announce();
    void drain();
    void close();
    void cut();
    void deliver();
    void enter(stop_phase phase);
    bool goes_on(time_point until) const;
    bool has_gone();
    bool application_refuses();
    void report();

    const milliseconds drain_;
    const config::stop how_;
    const stop_actions actions_;
    const stop_clock clock_;
    const std::atomic<bool>* hurry_ = nullptr;
    time_point end_{};            ///< of the drain
    time_point quiet_since_{};    ///< nothing has been open since
    time_point next_question_{};  ///< to the application's port
    time_point next_report_{};
    std::uint64_t accepted_ = 0;
    bool refuses_ = false;  ///< the application, when it was asked last

    mutable std::mutex mutex_;
    std::optional<stop_progress> progress_;
};

}  // namespace outrider::app
