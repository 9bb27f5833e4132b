#pragma once

#include <memory>
#include <optional>
#include <string>

#include "sidecar/kafka/cluster_path.hpp"
#include "sidecar/kafka/conversation.hpp"
#include "sidecar/kafka/frame_relay.hpp"
#include "sidecar/net/event.hpp"
#include "sidecar/net/stream.hpp"

namespace outrider::kafka {

/// One client connection with its one broker connection: Kafka binds authentication, order and quotas to connections.
///
///     accepted -> which broker? -> connected -> requests | answers -> either side ended -> closed
///                  by the address that the client came to
class session {
  public:
    /// @param to  the broker that an intercepted client was going to
    session(cluster_path& path, net::stream client, const net::tcp_endpoint& peer,
            std::optional<broker_address> to = std::nullopt);
    ~session();

    net::awaitable<void> serve();

    /// Ends at once when no answer is owed and none is under way, else behind the last of them.
    void drain();
    void abort();
    /// Once a second: ends a session whose client left a frame unfinished, or whose broker does not take one.
    void look(net::steady_clock::time_point now);

    // For the two directions.

    /// Says why a connection ends, and ends it.
    void refuse(std::string_view why);
    /// Progress was made within a frame of the client; nothing is expected between frames.
    void frame_moves() { frame_since_ = net::steady_clock::now(); }
    /// While it drains, before a request that is not taken any more: waits for the last answers, which end the session.
    net::awaitable<void> last_answers();
    /// Whether so many answers are owed that no further request is taken.
    bool is_full() const;
    /// Waits while it is.
    net::awaitable<void> wait_for_room();
    /// Waits until then, or until the session is over. The client is not read meanwhile.
    net::awaitable<void> pause(net::steady_clock::time_point until);
    /// The same, or until consumption does not pause any more.
    net::awaitable<void> pause_while_sick(net::steady_clock::time_point until);
    /// Whoever pauses looks whether there is still a reason to.
    void look_again() {
        if (pausing_) pausing_->cancel();
    }
    /// An answer was passed on.
    void answer_passed() {
        if (waiting_) waiting_->cancel();
    }
    void frame_ends() { frame_since_ = net::steady_clock::time_point::max(); }

    /// What this client is told of nodes.
    const address_plan& plan() const;

    cluster_path& path;
    net::stream client;
    net::stream broker;
    conversation talk;
    const std::string peer;
    std::size_t index = 0;  ///< in the path's list
    /// The broker is a stand-in: its Metadata is passed on and learned from, then the client has to come again.
    bool provisional = false;
    /// The broker ended the connection, or it broke, while answers were owed or requests could come.
    bool broker_lost = false;
    /// Nothing more is read from either side.
    bool over = false;
    /// Whether the session ends as soon as no answer is owed: no further request is taken.
    bool ends_with_answers() const { return path.draining() || requests_ended_; }

  private:
    net::awaitable<bool> connect();
    /// Nothing is owed, and what was passed on has been written too.
    bool at_rest() const { return talk.expected.empty() && (!answering_ || talk.answers_at_rest); }

    const std::optional<broker_address> to_;
    net::steady_timer* waiting_ = nullptr;  ///< of wait_for_room(), while it waits
    net::steady_timer* pausing_ = nullptr;  ///< of pause() and pause_while_sick()
    bool answering_ = false;
    bool requests_ended_ = false;
    net::steady_clock::time_point frame_since_ = net::steady_clock::time_point::max();
};

/// The client's requests, passed on until the client ends; defined in request_pump.cpp.
net::awaitable<void> pump_requests(session& of);
/// The broker's answers, passed on until the broker ends; defined in answer_pump.cpp.
net::awaitable<void> pump_answers(session& of);

}  // namespace outrider::kafka
