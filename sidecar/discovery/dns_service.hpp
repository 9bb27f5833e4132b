#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sidecar/discovery/dns_message.hpp"
#include "sidecar/discovery/registry.hpp"

namespace outrider::discovery {

struct dns_reply;

/// Asks a question; `then` is called once, perhaps at once.
using dns_asker = std::function<void(const std::string& name, dns_type type, std::function<void(dns_reply)> then)>;

/// How one round of questions ended.
struct dns_round {
    std::string failure;  ///< empty: `members` is what DNS says
    member_list members{};
    std::chrono::seconds good_for{0};  ///< by the times to live, within bounds
};

/// What DNS is asked about one service: the addresses of a host, or the SRV records of a name and the addresses of
/// those that they name. What is known of each name is kept: one that cannot be asked, while others can, is taken to be
/// as it was.
///
///     host:port  --> A and AAAA --------------------------------> members
///     _http._tcp --> SRV --> lowest priority --> A and AAAA each --> members
class dns_service : public std::enable_shared_from_this<dns_service> {
  public:
    static constexpr std::chrono::seconds least_ttl{1}, most_ttl{300}, ttl_of_nobody{5};
    static constexpr std::size_t most_targets = 100;

    /// @param asked  "host:port", or a name that begins with '_'
    explicit dns_service(const std::string& asked);

    /// Asks everything once. One round at a time.
    /// @param ended  not called when this is destroyed before
    void ask(const dns_asker& asker, std::function<void(dns_round)> ended);
    /// Whether SRV records came with weights that differ: they are not used.
    bool ignores_weights() const { return ignores_weights_; }

  private:
    struct family {
        std::vector<std::string> addresses;
        bool known = false;
        bool failed = false;  ///< in this round
    };
    struct host {
        family v4, v6;
    };
    void ask_host(const std::string& name);
    void take_services(const dns_reply& reply);
    void take_addresses(const std::string& name, dns_type type, const dns_reply& reply);
    void one_less();
    void finish();
    void add_members(const host& of, std::uint16_t port, member_list& out) const;
    void live_for(std::uint32_t ttl);

    std::string host_;  ///< empty: by SRV
    std::uint16_t port_ = 0;
    std::string srv_name_;
    std::map<std::string, host> hosts_;
    std::vector<std::pair<std::string, std::uint16_t>> targets_;  ///< of this round
    std::size_t pending_ = 0;
    std::string failure_;           ///< the first one of this round
    bool services_failed_ = false;  ///< in this round
    bool ignores_weights_ = false;
    std::chrono::seconds good_for_ = most_ttl;
    dns_asker asker_;
    std::function<void(dns_round)> ended_;
};

}  // namespace outrider::discovery
