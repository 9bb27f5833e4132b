#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governance/admission.hpp"
#include "sidecar/exchange/message_tracer.hpp"
#include "sidecar/kafka/cluster_path.hpp"
#include "sidecar/kafka/conversation.hpp"

namespace outrider::kafka {

/// One Produce or Fetch request under the policies that concern its cluster. It keeps the policies that it began with.
///
/// Nobody is refused for being over a limit unless the policy says so: what was sent, or given, is charged, and who is
/// in debt is told to stay silent for as long as it takes to pay it (KIP-219).
class governed_request {
  public:
    governed_request(cluster_path& path, governance::traffic kind, const conversation& talk);

    /// Why what is for a topic goes nowhere.
    struct refusal {
        const governance::compiled_rule* by = nullptr;
        std::string message;
        bool comes_again = false;  ///< a breaker's: worth another try, soon
    };
    /// Asks the breakers that match, each once for the whole request; last thing before it is sent.
    std::optional<refusal> refused_by_breaker(std::string_view topic, governance::time_point now);
    /// Asks the limits that say `over: reject`; they are not charged besides.
    std::optional<refusal> refused_by_limit(std::string_view topic, const governance::amounts& amount,
                                            governance::time_point now);
    /// Asks all breakers of this kind of traffic, whatever they say, but for those of single topics.
    void ask_breakers(governance::traffic kind, governance::time_point now);
    /// What the breakers that were asked learn, at the first call.
    /// @param took  the cluster's own time
    void finish(governance::outcome how, governance::nanoseconds took, governance::time_point now);

    /// Charges what it carries of one topic. A request counts once for each topic that it carries records of.
    void charge(std::string_view topic, const governance::amounts& amount, governance::time_point now);

    /// Until when the connection has to stay silent for what was charged; time_point::min() when it need not.
    governance::time_point silent_until() const { return silent_until_; }

    /// What spans say of a topic's part; views live as long as the request.
    exchange::messaging_ruling ruling_of(std::string_view topic) const;

  private:
    struct applied {
        std::string topic, rule;
        const governance::compiled_rule* by = nullptr;
        std::string_view decision;
        governance::milliseconds throttle{0};
    };
    /// What the breakers of one policy said.
    struct asked {
        const governance::compiled_policy* policy = nullptr;
        governance::attempt_permit permit;
        governance::decision said;
    };
    governance::facts facts_of(std::string_view topic) const;
    const governance::decision& ask(const governance::compiled_policy& policy, governance::time_point now);
    refusal refuse(std::string_view topic, const governance::decision& said);
    void note(std::string_view topic, const governance::compiled_rule& by, std::string_view decision,
              governance::nanoseconds wait);

    cluster_path& path_;
    governance::traffic kind_;
    exchange::governor::handle in_use_;
    std::string client_, group_, address_, principal_;
    std::vector<applied> applied_;
    std::list<asked> asked_;
    bool limits_asked_ = false;
    governance::time_point silent_until_ = governance::time_point::min();
};

/// Tells the breakers of all that is produced to, or consumed from, a cluster that it cannot be connected to.
void note_unreachable(cluster_path& path, const conversation& talk);

/// Whether an error code says that a broker, or its cluster, is ill, and nothing of the client.
bool says_ill(std::int16_t error);

/// Counts a throttle time that begins now. @return `until`
governance::time_point note_throttle(exchange::messaging_metrics& into, api key, governance::time_point until,
                                     governance::time_point now);

/// The whole milliseconds from `now` to `until`, rounded up, as throttle times are told.
std::int32_t throttle_time(governance::time_point until, governance::time_point now);

}  // namespace outrider::kafka
