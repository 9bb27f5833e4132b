#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "sidecar/app/own_card.hpp"
#include "sidecar/config/settings.hpp"
#include "sidecar/net/http_client.hpp"

namespace outrider::app {

/// What became of telling the collector.
struct sender_stats {
    std::uint64_t accepted = 0, failed = 0;
    std::uint64_t left_out = 0;  ///< of the last card
};

/// When a card goes out: at once when something has changed, every two seconds otherwise, later while it fails.
/// Without a thread or a clock of its own.
class send_schedule {
  public:
    using time_point = std::chrono::steady_clock::time_point;
    using milliseconds = std::chrono::milliseconds;
    static constexpr milliseconds regular{2'000}, first_backoff{1'000}, longest_backoff{5'000};

    /// @param stands  of the card as it would be now
    bool due(const std::string& stands, time_point now) const;
    /// @param chance  0 to 1, so that sidecars that fail together do not come back together
    void sent(bool accepted, std::string stands, time_point now, double chance);
    /// Whether the last attempt failed.
    bool failing() const { return backoff_.count() > 0; }

  private:
    std::string stands_;
    time_point next_{}, not_before_{};
    milliseconds backoff_{0};
};

/// Tells the collector how this sidecar stands, on a thread of its own that waits for nobody and that nobody waits for.
///
///     four times a second: what is so now? --changed, or two seconds have passed--> POST /v1/sidecars
class card_sender {
  public:
    using source = std::function<encoded_card(bool stopped)>;

    /// @return null where there is no collector to tell
    static std::unique_ptr<card_sender> make(const config::tracing& settings, source what);
    card_sender(net::url to, const config::tracing& settings, source what);
    ~card_sender();  ///< as stop(0)

    void start();
    /// Breaks off what is under way and says that the sidecar stops, if it was heard the last time; returns at once.
    void begin_stop();
    /// Waits for that until the deadline, then breaks it off too.
    void stop(std::chrono::milliseconds patience);
    sender_stats stats() const;

  private:
    void run();
    bool pause();
    bool send(const std::string& body, std::chrono::milliseconds timeout);
    void note(bool accepted, const std::string& why);
    void say_goodbye();

    const net::url to_;
    const source what_;
    net::header_list headers_;
    std::shared_ptr<net::tls_context> tls_;
    net::http_client client_;
    net::http_client last_client_;  ///< the first one is cancelled for good
    send_schedule schedule_;
    bool told_failure_ = false;
    std::atomic<std::uint64_t> accepted_{0}, failed_{0}, left_out_{0};
    mutable std::mutex mutex_;
    std::condition_variable wake_;
    bool stopping_ = false, ended_ = false;
    std::thread thread_;
};

/// Where the cards go: beside the spans. Empty: nowhere.
std::string cards_url(const config::tracing& settings);

/// 128 random bits, as hex.
std::string random_secret();

}  // namespace outrider::app
