#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sidecar/discovery/registry.hpp"
#include "sidecar/discovery/registry_json.hpp"

namespace outrider::discovery {

/// A service's instances all of whose checks pass, those of their nodes too, as /v1/health/service answers.
struct consul_list {
    member_list members;   ///< ordered by address
    bool any_out = false;  ///< there are some that do not pass
    std::size_t skipped = 0;
    std::string why_skipped;
};

/// Nothing when it is no list.
std::optional<consul_list> read_consul_list(const json& answer);

/// Follows X-Consul-Index as Consul's documentation on blocking queries asks.
class consul_index {
  public:
    std::uint64_t value() const { return value_; }
    /// @param header  of an answer. An index that went backwards or is no number begins anew, with a query that does
    /// not
    ///                wait; one below 1 counts as 1, because 0 would mean just that and make a loop without rest.
    void take(std::string_view header);
    void reset() { value_ = 0; }

  private:
    std::uint64_t value_ = 0;
};

/// What registers an instance, with a check that goes critical without news.
json consul_service(const std::string& id, const std::string& name, const config::upstream_endpoint& address,
                    std::chrono::milliseconds ttl, std::chrono::seconds deregister_after, const publication& verdict);
/// What tells a verdict.
json consul_check(const publication& verdict);

}  // namespace outrider::discovery
