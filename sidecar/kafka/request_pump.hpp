#pragma once

#include "sidecar/kafka/frame_relay.hpp"
#include "sidecar/kafka/produce_exchange.hpp"
#include "sidecar/kafka/session.hpp"

namespace outrider::kafka {

/// The client's requests on their way to the broker. Members that wait say false when the session is over.
class request_pump {
  public:
    explicit request_pump(session& of)
        : of_(of), path_(of.path), relay_(of.client, of.broker, of.path.memory, of.over) {}

    net::awaitable<void> run();

  private:
    using done = net::awaitable<bool>;

    /// Between frames the client may stay silent for ever; within one it must go on.
    done begin_frame();
    done greet();
    done one_frame();
    done dispatch(const request_header& head, bool readable);
    static expected_answer expect(const request_header& head);

    /// What is left of the frame goes on as it is.
    done pass_rest();

    /// The same, while the parser of a Produce request reads along.
    done pass_produced(produce_exchange& into, expected_answer& expected);
    void produced_all(produce_exchange& into, expected_answer& expected);
    done produce(const request_header& head);
    done fetch(const request_header& head);

    /// A request that policies may refuse: as a whole, or some of its topics.
    done produce_judged(const request_header& head, std::unique_ptr<produce_exchange> exchange);
    done produce_rest(const request_header& head, produce_exchange& whole, std::vector<refused_topic> refused);
    done refuse_produce(const request_header& head, const std::vector<refused_topic>& refused);
    /// The same for one that is not held.
    done refuse_unseen(const request_header& head, produce_exchange& exchange);
    /// A fetch that policies keep from the broker waits as long as it may, and brings nothing.
    done fetch_nothing(const request_header& head, std::chrono::milliseconds wait, std::int32_t throttle_ms);
    /// How long it may wait, and which topics it is for.
    done look_into_fetch(const request_header& head, std::chrono::milliseconds& wait);

    // While an application is sick: fetches wait here for as long as they may, and bring nothing.

    enum class kept : std::uint8_t {
        over,      ///< the session is
        goes_on,   ///< it is well again: the request passes
        answered,  ///< the client was told that there is nothing
    };
    net::awaitable<kept> keep_fetch(const request_header& head);
    /// A ShareFetch carries acknowledgements, so it passes in the end, as one that acquires nothing.
    done keep_share_fetch(const request_header& head);
    /// @return false when the session is over
    done wait_while_sick(std::chrono::milliseconds most);

    /// What is in debt waits until then, but not so long that its client gives it up.
    done stay_silent(governance::time_point until);

    /// Reads the whole frame into memory.
    done hold(std::size_t size);
    done produce_held(produce_exchange& into, expected_answer& expected);
    /// A request whose body was fed. @param rebuilt  what stands for it, and outlives the call; null data(): itself
    done send_held(produce_exchange& into, expected_answer& expected, std::string_view rebuilt);

    /// A request that wants no acknowledgement is over when it is sent.
    void owe(produce_exchange& into, expected_answer& expected);
    done note_commit(const request_header& head, expected_answer& expected);

    /// Mechanisms that bind the host name are refused here, with the reason in the log.
    done handshake(const request_header& head);
    bool sends_token() const { return of_.talk.tokens && of_.talk.tokens->client_sends_token(); }

    done token();
    void note_principal(std::string_view token) {
        if (auto name = principal_in(token); !name.empty()) of_.talk.principal = std::move(name);
    }

    /// The sidecar's own answer, in its turn; the request goes nowhere.
    done answer_here(const request_header& head, std::string body);
    bool malformed(const std::string& why);

    session& of_;
    cluster_path& path_;
    frame_relay relay_;
    std::size_t left_ = 0;     ///< of the frame under way
    std::size_t body_at_ = 0;  ///< in that frame
};

}  // namespace outrider::kafka
