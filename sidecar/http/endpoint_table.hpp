#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "governance/balancer.hpp"
#include "sidecar/config/settings.hpp"
#include "sidecar/net/tls_context.hpp"

namespace outrider::http {

/// The members of one upstream as of one moment, for all workers. Immutable.
struct upstream_members {
    std::vector<config::upstream_endpoint> list;
    /// Chooses among them, by their index in `list`; shared by all workers. Null: nobody is there, or a single one that
    /// the configuration lists, for which nothing is counted.
    std::shared_ptr<governance::balancer> balancer;
    std::shared_ptr<net::tls_context> tls;  ///< null: none speaks TLS
    std::string why_none;                   ///< of an empty list: what is known about that
};
using members_handle = std::shared_ptr<const upstream_members>;

/// The members of every upstream as of now. Any thread; off the path of exchanges, which hold their worker's copy.
class endpoint_table {
  public:
    /// @throws std::runtime_error when a TLS file cannot be used
    explicit endpoint_table(const config::settings& settings);

    /// Null for a name that is no upstream.
    members_handle find(std::string_view upstream) const;
    std::vector<std::pair<std::string, members_handle>> all() const;

    /// Puts another list in place. What is known of members that stay goes on; new ones start slowly.
    /// @param why_none  why the list is empty, where it is
    /// @return what each worker's upstream is to take over
    members_handle replace(const std::string& upstream, std::vector<config::upstream_endpoint> list,
                           std::string why_none, governance::time_point now);

    /// Where a member stands right now. The balancer goes on counting for its members when a later list replaces it.
    struct place {
        std::shared_ptr<governance::balancer> balancer;
        std::size_t index;
    };
    /// Nothing when there is no such member, or no balancer for it.
    std::optional<place> locate(std::string_view upstream, const config::upstream_endpoint& member) const;

    /// Takes up certificates that changed on disk. @return what cannot be used, by upstream
    std::vector<std::pair<std::string, std::string>> reload_certificates();

  private:
    struct entry {
        config::tls_client tls;
        members_handle now;
    };
    mutable std::mutex mutex_;
    std::map<std::string, entry, std::less<>> entries_;
};

}  // namespace outrider::http
