#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "governance/clock.hpp"
#include "sidecar/exchange/facts.hpp"
#include "sidecar/kafka/apis.hpp"
#include "sidecar/kafka/refused_sequences.hpp"
#include "sidecar/kafka/sasl.hpp"

namespace outrider::kafka {

/// What is kept of a request until its answer has been passed on: which spans and metrics they make together.
class pending_exchange {
  public:
    virtual ~pending_exchange() = default;
    /// Once a second, while the answer is owed.
    virtual void look(governance::time_point /*now*/) {}
    /// No answer will come: the broker's connection was lost, or the client ended its own before.
    virtual void unanswered(bool /*broker_lost*/) {}
};

/// An answer that the client is owed. A broker answers in the order of the requests (per connection).
struct expected_answer {
    std::int32_t correlation = 0;
    std::int16_t key = 0;
    std::int16_t version = 0;
    std::unique_ptr<pending_exchange> exchange;
    /// Not empty: the answer is the sidecar's own, size included, and takes its turn among the broker's.
    std::string own;

    api which() const { return static_cast<api>(key); }
};

/// What both directions of a session know of each other; one thread.
struct conversation {
    std::list<expected_answer> expected;  ///< an empty deque would hold 600 bytes for each idle session
    /// The answering side stands between two frames and has written everything: own answers may be written by others.
    bool answers_at_rest = false;
    /// Requests without acknowledgement, latest last: librdkafka's mock broker answers them all the same.
    std::vector<std::int32_t> unanswered;
    std::optional<raw_sasl> tokens;  ///< raw SASL tokens are under way
    std::string mechanism;           ///< asked for in a SaslHandshake of version 0
    std::string client_id;           ///< as the last request named it
    std::string principal;           ///< who the client says it is, where its mechanism tells
    std::string peer_address;        ///< the client's, without its port
    std::string server_address;      ///< the broker's
    std::uint16_t server_port = 0;
    refused_sequences refused;
    std::set<std::string, std::less<>> fetch_topics;  ///< where policies pause topics
    /// By limits: when the next Produce, and the next Fetch, may pass.
    governance::time_point produces_from = governance::time_point::min();
    governance::time_point fetches_from = governance::time_point::min();
};

}  // namespace outrider::kafka
