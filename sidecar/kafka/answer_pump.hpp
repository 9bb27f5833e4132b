#pragma once

#include "sidecar/kafka/fetch_exchange.hpp"
#include "sidecar/kafka/frame_relay.hpp"
#include "sidecar/kafka/session.hpp"

namespace outrider::kafka {

/// The broker's answers on their way to the client. Members that wait say false when the session is over.
class answer_pump {
  public:
    explicit answer_pump(session& of)
        : of_(of), path_(of.path), relay_(of.broker, of.client, of.path.memory, of.over) {}

    net::awaitable<void> run();

  private:
    using done = net::awaitable<bool>;

    /// The sidecar's own answers whose turn it is.
    done own_answers();

    /// Until the next answer's head is here; says false too where the session ends with what has been written. Others
    /// may write own answers while nothing of the broker's is held.
    done wait_for_head();
    done one_frame();

    /// Some brokers answer what asked for no answer; anything else breaks the protocol.
    done unexpected(std::int32_t correlation);
    done pass_answer(expected_answer& to);
    std::string_view answer() const { return relay_.unseen().substr(size_prefix, left_ - size_prefix); }

    done held_answer(expected_answer& to, bool names);

    /// `out` takes the place of the answer.
    done replace(const std::string& out);
    done versions(const expected_answer& to);
    done handshake(const expected_answer& to);
    /// @param completed  the answer that takes its place, if there is one
    /// @return whether the answer passes as it is, so that no node can be named in it
    bool produced(expected_answer& to, std::string& completed);
    /// Writes our throttle time over the broker's, when it is longer. @param at  where that stands in what is unseen
    void tell_throttle(std::size_t at, std::int32_t our_ms);
    void committed(expected_answer& to);
    done fetched(expected_answer& to, fetch_exchange& fetch);

    /// The fetch was at the broker when the application fell sick: it brings nothing, and the same records come again
    /// with the fetch behind it.
    done withheld(expected_answer& to);

    /// A long answer passes piece by piece; the brokers' addresses at its end are made a field that clients pass over.
    done stream_fetched(const expected_answer& to, fetch_exchange& fetch);
    done pass_rest();
    bool keeps() const { return of_.plan().keeps(); }
    bool broker_sends_token() const { return of_.talk.tokens && of_.talk.tokens->broker_sends_token(); }

    done token(std::int32_t size);
    bool malformed(const std::string& why);

    static constexpr char hidden_tag = 127;

    session& of_;
    cluster_path& path_;
    frame_relay relay_;
    std::size_t left_ = 0;  ///< of the frame under way
};

}  // namespace outrider::kafka
