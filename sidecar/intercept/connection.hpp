#pragma once

#include <optional>

#include "sidecar/intercept/first_words.hpp"
#include "sidecar/intercept/intercept_path.hpp"
#include "sidecar/net/relay.hpp"
#include "sidecar/net/timer_wheel.hpp"

namespace outrider::intercept {

/// One intercepted connection, until another data path has taken it over, or its tunnel has ended.
class connection final : private net::relay_watch {
  public:
    connection(intercept_path& path, net::stream client, const net::tcp_endpoint& peer, exchange::direction direction);
    ~connection() override;

    net::awaitable<void> serve();
    void abort();

  private:
    /// What is expected of a connection before its first bytes are seen.
    struct expectation {
        std::optional<protocol> what;  ///< nothing: the first bytes decide
        intercept::broker broker{};
    };

    bool find_destination();
    std::optional<refusal> judge_destination();
    void refuse(refusal why);
    net::awaitable<expectation> expect();
    net::awaitable<first_words> listen(std::chrono::milliseconds patience);
    static protocol decide(const expectation& expected, first_words said);
    void note_unknown_broker(first_words said) const;
    void note_silence() const;
    net::awaitable<void> tunnel();
    net::awaitable<bool> connect(net::stream& up);
    void arm(std::chrono::milliseconds wait);
    void fail(tunnel_failure why);
    static void on_deadline(void* self);

    void waits() override;
    void passed(bool back, std::size_t bytes) override;
    bool over() const override { return over_; }

    intercept_path& path_;
    direction_metrics& metrics_;
    const exchange::direction direction_;
    net::stream client_;
    net::stream* up_ = nullptr;
    const net::tcp_endpoint peer_;
    net::tcp_endpoint destination_;
    net::deadline deadline_;
    std::size_t index_ = 0;  ///< in the path's list
    bool timed_out_ = false;
    bool over_ = false;
    bool stopped_ = false;  ///< one of the two: nothing is waited for
};

}  // namespace outrider::intercept
